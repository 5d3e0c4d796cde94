# SPDX-License-Identifier: Apache-2.0
#
# 64-bit ARM phones and tablets.
set(ANDROID_ABI arm64-v8a)
include(${CMAKE_CURRENT_LIST_DIR}/android.cmake)
