# SPDX-License-Identifier: Apache-2.0
#
# 64-bit ARM boards with Debian, Ubuntu or another glibc (g++-aarch64-linux-gnu).
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(OCTET_CROSS_TRIPLET aarch64-linux-gnu)
set(OCTET_CROSS_ARCH arm64)
set(OCTET_CROSS_QEMU qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
