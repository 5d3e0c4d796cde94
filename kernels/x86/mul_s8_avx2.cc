// SPDX-License-Identifier: Apache-2.0
//
// mul_s8 on AVX2: 32 products at a time, widened to s32 and requantized.
#include "kernels/mul_s8.h"
#include "kernels/x86/elementwise_avx2.h"

namespace octet::kernels {
namespace {

struct MulVectors {
  __m256i zero_a, zero_b;  // s16
  Requantizer requantizer;
  __m256i min, max;
};

// Sixteen requantized products of s16 differences.
inline __m256i product_s16(__m256i a, __m256i b, const Requantizer& r) {
  const __m256i low = _mm256_mullo_epi16(a, b), high = _mm256_mulhi_epi16(a, b);
  return requantize_16(_mm256_unpacklo_epi16(low, high), _mm256_unpackhi_epi16(low, high), r);
}

// q - zero_point of the s8 in the high bytes of `high_bytes`.
inline __m256i difference(__m256i high_bytes, __m256i zero) {
  return _mm256_sub_epi16(_mm256_srai_epi16(high_bytes, 8), zero);
}

inline __m256i product_s8(__m256i a, __m256i b, const MulVectors& v) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i low = product_s16(difference(_mm256_unpacklo_epi8(zero, a), v.zero_a),
                                  difference(_mm256_unpacklo_epi8(zero, b), v.zero_b), v.requantizer);
  const __m256i high = product_s16(difference(_mm256_unpackhi_epi8(zero, a), v.zero_a),
                                   difference(_mm256_unpackhi_epi8(zero, b), v.zero_b), v.requantizer);
  return clamp_s8x32(_mm256_packs_epi16(low, high), v.min, v.max);
}

}  // namespace

void mul_s8_avx2(const MulS8& mul, const ElementwiseS8& operands) {
  const MulVectors v = {_mm256_set1_epi16(static_cast<int16_t>(mul.a_zero_point)),
                        _mm256_set1_epi16(static_cast<int16_t>(mul.b_zero_point)),
                        make_requantizer(mul.multiplier, mul.right_shift, mul.output_zero_point),
                        _mm256_set1_epi8(static_cast<int8_t>(mul.output_min)),
                        _mm256_set1_epi8(static_cast<int8_t>(mul.output_max))};
  elementwise<ElementwiseAvx2>(operands, [v](__m256i a, __m256i b) { return product_s8(a, b, v); });
}

}  // namespace octet::kernels
