// SPDX-License-Identifier: Apache-2.0
//
// The steps of requantize (kernels/requantize.h) on AVX2 vectors. Rounding terms
// 2^(p-1) are in the bias already. Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

namespace octet::kernels {
namespace {

inline __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
inline void store(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }

// acc << left, per channel, where left > 0 (p < 0). To s16 first: what saturates there saturates after
// the shift too, and nothing overflows.
inline __m256i shift_left(__m256i acc, __m256i left) {
  const __m256i low = _mm256_set1_epi32(-32768), high = _mm256_set1_epi32(32767);
  const __m256i moved = _mm256_sllv_epi32(_mm256_min_epi32(_mm256_max_epi32(acc, low), high), left);
  return _mm256_blendv_epi8(moved, acc, _mm256_cmpeq_epi32(left, _mm256_setzero_si256()));
}

// (((t * m + 2^14) >> 15) + zero_point) >> 6, saturating to s16 in between; zero_point = 64 * z + 32.
inline __m256i requantize_s16(__m256i t, __m256i multiplier, __m256i zero_point) {
  return _mm256_srai_epi16(_mm256_adds_epi16(_mm256_mulhrs_epi16(t, multiplier), zero_point), 6);
}

}  // namespace
}  // namespace octet::kernels
