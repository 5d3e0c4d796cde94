// SPDX-License-Identifier: Apache-2.0
//
// Sums of s8 over rows for 32 channels: in s16 while at most 255 rows are in it (255 * 128 fits),
// then into s32. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

struct Sum32 {
  __m256i narrow[2];  // s16, channels 0 to 15 and 16 to 31
  __m256i wide[4];    // s32: the low and high halves (per lane) of narrow[0], then of narrow[1]
  int rows;           // in narrow
};

inline void clear(Sum32* sum) {
  const __m256i zero = _mm256_setzero_si256();
  sum->narrow[0] = sum->narrow[1] = zero;
  for (__m256i& wide : sum->wide) wide = zero;
  sum->rows = 0;
}

inline void widen(Sum32* sum) {
  for (int i = 0; i < 2; ++i) {
    const __m256i sign = _mm256_srai_epi16(sum->narrow[i], 15);
    sum->wide[2 * i] = _mm256_add_epi32(sum->wide[2 * i], _mm256_unpacklo_epi16(sum->narrow[i], sign));
    sum->wide[2 * i + 1] =
        _mm256_add_epi32(sum->wide[2 * i + 1], _mm256_unpackhi_epi16(sum->narrow[i], sign));
    sum->narrow[i] = _mm256_setzero_si256();
  }
  sum->rows = 0;
}

inline void add_row(Sum32* sum, __m128i low, __m128i high) {
  if (sum->rows == 255) widen(sum);
  ++sum->rows;
  sum->narrow[0] = _mm256_add_epi16(sum->narrow[0], _mm256_cvtepi8_epi16(low));
  sum->narrow[1] = _mm256_add_epi16(sum->narrow[1], _mm256_cvtepi8_epi16(high));
}

// The first n in [1, 32] channels of a row.
inline void add_row(Sum32* sum, const int8_t* row, size_t n) {
  if (n == 32) {
    add_row(sum, load_s8x16(row), load_s8x16(row + 16));
  } else {
    const __m256i v = load_part_256(row, n);
    add_row(sum, _mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  }
}

// requantize(sum - bias), 32 channels in order, not yet clamped to a range within s8.
inline __m256i requantize_sum(Sum32* sum, int32_t bias, const Requantizer& r) {
  widen(sum);
  const __m256i b = _mm256_set1_epi32(bias);
  const __m256i q0 = requantize_16(_mm256_sub_epi32(sum->wide[0], b), _mm256_sub_epi32(sum->wide[1], b), r);
  const __m256i q1 = requantize_16(_mm256_sub_epi32(sum->wide[2], b), _mm256_sub_epi32(sum->wide[3], b), r);
  return _mm256_permute4x64_epi64(_mm256_packs_epi16(q0, q1), 0xd8);
}

}  // namespace
}  // namespace octet::kernels
