# SPDX-License-Identifier: Apache-2.0
#
# 32-bit ARM phones and tablets, with NEON.
set(ANDROID_ABI armeabi-v7a)
include(${CMAKE_CURRENT_LIST_DIR}/android.cmake)
