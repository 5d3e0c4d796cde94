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

// What all channels of a convolution share from acc to the output:
//
//   r = (t * m + 2^14) >> 15
//   q = saturate_s8((clamp(r, low, high) + zero_point) >> 6)      zero_point = 64 * output_zero_point + 32
//
// with low = 64 * (output_min - output_zero_point) - 32 and high the same of output_max, + 63: what lies
// beyond them would become output_min or output_max, and the sum stays in s16. vpaddsw would saturate at
// once, but it shares the ports of the products, which minima, maxima and vpaddw do not. `limits_high` is
// false where packing to s8 makes output_max of what lies above `high`, and the sum stays in s16 too.
struct Requantize {
  __m512i zero_point, low, high;
  bool limits_high;

  Requantize(int output_zero_point, int output_min, int output_max)
      : zero_point(_mm512_set1_epi16(static_cast<short>(64 * output_zero_point + 32))),
        low(_mm512_set1_epi16(static_cast<short>(64 * (output_min - output_zero_point) - 32))),
        high(_mm512_set1_epi16(static_cast<short>(64 * (output_max - output_zero_point) + 31))),
        limits_high(output_zero_point >= 0 || output_max < 127) {}
  template <bool kLimitsHigh = true>
  __m512i to_s16(__m512i t, __m512i multiplier) const {
    __m512i r = _mm512_max_epi16(_mm512_mulhrs_epi16(t, multiplier), low);
    if (kLimitsHigh) r = _mm512_min_epi16(r, high);
    return _mm512_srai_epi16(_mm512_add_epi16(r, zero_point), 6);
  }
  __m512i to_s8(__m512i a, __m512i b) const { return _mm512_packs_epi16(a, b); }
};

}  // namespace
}  // namespace octet::kernels
