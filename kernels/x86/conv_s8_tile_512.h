// SPDX-License-Identifier: Apache-2.0
//
// The accumulators of a micro-tile on 512-bit vectors: what they start with, how products are added, and
// their copy, which waits for the way out (conv_s8_gemm_512.h) while the next tile's products come first.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

// acc += a * b. The empty assembly keeps the accumulators in place: gcc would otherwise copy and spill them.
inline void multiply_add(__m512i a, __m512i b, __m512i* acc) {
  *acc = _mm512_dpbusd_epi32(*acc, a, b);
  asm("" : "+v"(*acc));
}
inline void multiply_add(__m256i a, __m256i b, __m256i* acc) {
  *acc = _mm256_dpbusd_epi32(*acc, a, b);
  asm("" : "+v"(*acc));
}

// What the accumulators of a panel start with: in registers, or read again where those are short and sums
// long.
template <size_t kVectors, bool kAgain>
struct Bias {
  const uint8_t* panel;
  __m512i v[kVectors];

  explicit Bias(const uint8_t* panel_) : panel(panel_) {
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) v[j] = load(panel + 64 * j);
  }
  template <size_t kRows>
  __attribute__((always_inline)) inline void start(__m512i (&acc)[kRows][kVectors]) const {
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = kAgain ? load(panel + 64 * j) : v[j];
  }
};

template <size_t kRows, size_t kVectors>
__attribute__((always_inline)) inline void copy_tile(const __m512i (&from)[kRows][kVectors],
                                                     __m512i (&to)[kRows][kVectors]) {
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) to[i][j] = from[i][j];
}

}  // namespace
}  // namespace octet::kernels
