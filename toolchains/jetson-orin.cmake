# SPDX-License-Identifier: Apache-2.0
#
# Jetson Orin: Cortex-A78AE, dot product.
# The code is arranged for this core and runs on every 64-bit ARM: kernels are chosen at run time.
set(CMAKE_C_FLAGS_INIT -mtune=cortex-a78)
set(CMAKE_CXX_FLAGS_INIT -mtune=cortex-a78)
include(${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake)
