# SPDX-License-Identifier: Apache-2.0
#
# iPhones and iPads.
set(CMAKE_OSX_SYSROOT iphoneos)
include(${CMAKE_CURRENT_LIST_DIR}/ios.cmake)
