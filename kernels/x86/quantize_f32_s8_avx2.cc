// SPDX-License-Identifier: Apache-2.0
//
// quantize_f32_s8 on AVX2: 32 values at a time; the conversion rounds to nearest, ties to even.
#include "kernels/quantize_f32_s8.h"

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

struct QuantizeVectors {
  __m256 inv_scale, low, high;  // low, high: -128 - zero_point, 127 - zero_point
  __m256i zero_point;           // s16
};

// Eight rounded values without zero_point; NaN becomes 0.
inline __m256i rounded(const float* from, const QuantizeVectors& v) {
  const __m256 y = _mm256_mul_ps(_mm256_loadu_ps(from), v.inv_scale);
  const __m256 number = _mm256_and_ps(y, _mm256_cmp_ps(y, y, _CMP_ORD_Q));
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(number, v.low), v.high));
}

inline __m256i quantize_32(const float* from, const QuantizeVectors& v) {
  const __m256i low = _mm256_packs_epi32(rounded(from, v), rounded(from + 8, v));
  const __m256i high = _mm256_packs_epi32(rounded(from + 16, v), rounded(from + 24, v));
  const __m256i q =
      _mm256_packs_epi16(_mm256_add_epi16(low, v.zero_point), _mm256_add_epi16(high, v.zero_point));
  return _mm256_permutevar8x32_epi32(q,
                                     _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));  // groups of four in order
}

}  // namespace

void quantize_f32_s8_avx2(const QuantizeF32S8& quantize, const float* input, int8_t* output, size_t count) {
  const QuantizeVectors v = {_mm256_set1_ps(quantize.inv_scale),
                             _mm256_set1_ps(static_cast<float>(-128 - quantize.zero_point)),
                             _mm256_set1_ps(static_cast<float>(127 - quantize.zero_point)),
                             _mm256_set1_epi16(static_cast<int16_t>(quantize.zero_point))};
  size_t i = 0;
  for (; i + 32 <= count; i += 32)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + i), quantize_32(input + i, v));
  const size_t left = count - i;
  if (left == 0) return;
  float rest[32] = {};
  std::memcpy(rest, input + i, left * sizeof(float));
  store_part_256(output + i, quantize_32(rest, v), left);
}

}  // namespace octet::kernels
