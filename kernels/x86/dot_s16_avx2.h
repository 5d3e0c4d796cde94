// SPDX-License-Identifier: Apache-2.0
//
// acc + the sum of two products s16 * s16 in each s32 lane, modulo 2^32, on AVX2. Anonymous: each ISA file has its
// own copy.
#pragma once

#include <immintrin.h>

namespace octet::kernels {
namespace {

// The empty assembly fixes the order of the additions: gcc would otherwise form all products first and spill the
// accumulators.
struct DotAvx2 {
  static inline void multiply_add(__m256i a, __m256i b, __m256i* acc) {
    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
    asm("" : "+x"(*acc));
  }
};

}  // namespace
}  // namespace octet::kernels
