// SPDX-License-Identifier: Apache-2.0
//
// The steps of requantize (kernels/requantize.h) on 512-bit vectors. Rounding
// terms 2^(p-1) are in the bias already. Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

namespace octet::kernels {
namespace {

inline __m512i load(const void* from) { return _mm512_loadu_si512(from); }
inline void store(void* to, __m512i v) { _mm512_storeu_si512(to, v); }

// acc << left, per channel, where left > 0 (p < 0). To s16 first: what saturates there saturates after
// the shift too, and nothing overflows.
inline __m512i shift_left(__m512i acc, __m512i left) {
  const __m512i narrow =
      _mm512_min_epi32(_mm512_max_epi32(acc, _mm512_set1_epi32(-32768)), _mm512_set1_epi32(32767));
  return _mm512_mask_sllv_epi32(acc, _mm512_test_epi32_mask(left, left), narrow, left);
}

// (((t * m + 2^14) >> 15) + zero_point) >> 6, saturating to s16 in between; zero_point = 64 * z + 32.
inline __m512i requantize_s16(__m512i t, __m512i multiplier, __m512i zero_point) {
  return _mm512_srai_epi16(_mm512_adds_epi16(_mm512_mulhrs_epi16(t, multiplier), zero_point), 6);
}

// Between min and max, in s8.
inline __m512i clamp(__m512i q, __m512i min, __m512i max) {
  return _mm512_min_epi8(_mm512_max_epi8(q, min), max);
}

// What all channels of a convolution share from acc to the output.
struct Requantize {
  __m512i zero_point, min, max;  // 64 * output_zero_point + 32 in s16; s8

  Requantize(int output_zero_point, int output_min, int output_max)
      : zero_point(_mm512_set1_epi16(static_cast<short>(64 * output_zero_point + 32))),
        min(_mm512_set1_epi8(static_cast<char>(output_min))),
        max(_mm512_set1_epi8(static_cast<char>(output_max))) {}
  __m512i to_s16(__m512i t, __m512i multiplier) const { return requantize_s16(t, multiplier, zero_point); }
  __m512i to_s8(__m512i low, __m512i high) const { return clamp(_mm512_packs_epi16(low, high), min, max); }
};

}  // namespace
}  // namespace octet::kernels
