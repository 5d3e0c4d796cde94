# SPDX-License-Identifier: Apache-2.0
#
# i.MX 8M, Mini, Nano, Plus and QuadXPlus class: Cortex-A53 or A35, no dot product.
# The code is arranged for this core and runs on every 64-bit ARM: kernels are chosen at run time.
set(CMAKE_C_FLAGS_INIT -mtune=cortex-a53)
set(CMAKE_CXX_FLAGS_INIT -mtune=cortex-a53)
include(${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake)
