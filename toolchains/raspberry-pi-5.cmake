# SPDX-License-Identifier: Apache-2.0
#
# Raspberry Pi 5: 4 Cortex-A76, dot product.
# The code is arranged for this core and runs on every 64-bit ARM: kernels are chosen at run time.
set(CMAKE_C_FLAGS_INIT -mtune=cortex-a76)
set(CMAKE_CXX_FLAGS_INIT -mtune=cortex-a76)
include(${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake)
