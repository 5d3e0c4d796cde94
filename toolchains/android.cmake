# SPDX-License-Identifier: Apache-2.0
#
# What the toolchain files for Android share, over the NDK's own. The including file sets ANDROID_ABI. The NDK is
# found in the environment: ANDROID_NDK, ANDROID_NDK_HOME or ANDROID_NDK_ROOT.
foreach(name ANDROID_NDK ANDROID_NDK_HOME ANDROID_NDK_ROOT)
  if(NOT OCTET_NDK AND DEFINED ENV{${name}})
    set(OCTET_NDK $ENV{${name}})
  endif()
endforeach()
if(NOT OCTET_NDK)
  message(FATAL_ERROR "No Android NDK: set ANDROID_NDK_HOME to its folder, the one that holds "
    "build/cmake/android.toolchain.cmake (developer.android.com/ndk/downloads)")
endif()
if(NOT EXISTS ${OCTET_NDK}/build/cmake/android.toolchain.cmake)
  message(FATAL_ERROR "'${OCTET_NDK}' is no Android NDK: it has no build/cmake/android.toolchain.cmake")
endif()
if(NOT ANDROID_PLATFORM)
  set(ANDROID_PLATFORM android-24)
endif()
if(NOT ANDROID_STL)
  set(ANDROID_STL c++_static)   # liboctet.so shares no C++ object with the application
endif()
include(${OCTET_NDK}/build/cmake/android.toolchain.cmake)
