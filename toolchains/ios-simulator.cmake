# SPDX-License-Identifier: Apache-2.0
#
# The simulator on a Mac with Apple silicon.
set(CMAKE_OSX_SYSROOT iphonesimulator)
include(${CMAKE_CURRENT_LIST_DIR}/ios.cmake)
