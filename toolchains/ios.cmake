# SPDX-License-Identifier: Apache-2.0
#
# What the toolchain files for iOS share. The including file sets CMAKE_OSX_SYSROOT.
if(NOT CMAKE_HOST_SYSTEM_NAME STREQUAL "Darwin")
  message(FATAL_ERROR "iOS needs Xcode, which runs on macOS; this is ${CMAKE_HOST_SYSTEM_NAME}")
endif()
set(CMAKE_SYSTEM_NAME iOS)
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(CMAKE_OSX_ARCHITECTURES arm64 CACHE STRING "One: the kernels' files are chosen by it")
set(CMAKE_OSX_DEPLOYMENT_TARGET 13.0 CACHE STRING "")
set(CMAKE_MACOSX_BUNDLE OFF)
set(CMAKE_XCODE_ATTRIBUTE_CODE_SIGNING_ALLOWED NO)
