# SPDX-License-Identifier: Apache-2.0
#
# Jetson Nano and TX2: Cortex-A57, no dot product.
# The code is arranged for this core and runs on every 64-bit ARM: kernels are chosen at run time.
set(CMAKE_C_FLAGS_INIT -mtune=cortex-a57)
set(CMAKE_CXX_FLAGS_INIT -mtune=cortex-a57)
include(${CMAKE_CURRENT_LIST_DIR}/linux-aarch64.cmake)
