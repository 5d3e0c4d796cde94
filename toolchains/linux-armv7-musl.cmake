# SPDX-License-Identifier: Apache-2.0
#
# 32-bit ARM boards with NEON, with musl.
set(CMAKE_SYSTEM_PROCESSOR armv7-a)
set(OCTET_MUSL_TRIPLET arm-linux-musleabihf)
set(OCTET_MUSL_QEMU qemu-arm)
set(OCTET_MUSL_ZIG_FLAGS "-mcpu=generic+v7a+neon+vfp3")
if(NOT DEFINED ENV{OCTET_ZIG})
  set(CMAKE_C_FLAGS_INIT "-march=armv7-a -mfpu=neon")
  set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a -mfpu=neon")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/musl.cmake)
