# SPDX-License-Identifier: Apache-2.0
#
# 32-bit ARM boards with NEON, hard float (g++-arm-linux-gnueabihf).
set(CMAKE_SYSTEM_PROCESSOR armv7-a)
set(OCTET_CROSS_TRIPLET arm-linux-gnueabihf)
set(OCTET_CROSS_ARCH armhf)
set(OCTET_CROSS_QEMU qemu-arm)
set(CMAKE_C_FLAGS_INIT "-march=armv7-a -mfpu=neon")
set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a -mfpu=neon")
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
