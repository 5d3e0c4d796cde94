# SPDX-License-Identifier: Apache-2.0
#
# Raspberry Pi 3 and Zero 2 W with a 64-bit system: 4 Cortex-A53, no dot product.
# The code is arranged for this core and runs on every 64-bit ARM: kernels are chosen at run time.
set(CMAKE_C_FLAGS_INIT -mtune=cortex-a53)
set(CMAKE_CXX_FLAGS_INIT -mtune=cortex-a53)
include(${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake)
