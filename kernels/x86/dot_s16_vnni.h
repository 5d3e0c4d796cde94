// SPDX-License-Identifier: Apache-2.0
//
// acc + the sum of two products s16 * s16 in each s32 lane, modulo 2^32, on 256-bit VNNI. Anonymous: each ISA file
// has its own copy.
#pragma once

#include "kernels/x86/vnni_256.h"

namespace octet::kernels {
namespace {

struct DotVnni {
  static inline void multiply_add(__m256i a, __m256i b, __m256i* acc) { *acc = dot_s16(*acc, a, b); }
};

}  // namespace
}  // namespace octet::kernels
