# SPDX-License-Identifier: Apache-2.0
#
# Emulators and Chromebooks.
set(ANDROID_ABI x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/android.cmake)
