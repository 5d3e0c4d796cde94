# SPDX-License-Identifier: Apache-2.0
#
# 64-bit x86 with musl.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(OCTET_MUSL_TRIPLET x86_64-linux-musl)
set(OCTET_MUSL_QEMU qemu-x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/musl.cmake)
