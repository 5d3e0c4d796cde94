# SPDX-License-Identifier: Apache-2.0
#
# 64-bit ARM boards with Alpine, OpenWrt, Yocto on musl, or anything else.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(OCTET_MUSL_TRIPLET aarch64-linux-musl)
set(OCTET_MUSL_QEMU qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/musl.cmake)
