// SPDX-License-Identifier: Apache-2.0
//
// add_s8 on AVX2: 32 sums at a time in s16, exactly the steps of the reference.
#include "kernels/add_s8.h"
#include "kernels/x86/elementwise_avx2.h"

namespace octet::kernels {
namespace {

struct AddVectors {
  __m256i zero_a, zero_b;  // zero_point << 7
  __m256i multiplier_a, multiplier_b;
  __m256i constant;  // (output_zero_point << f) + (f > 0 ? 2^(f-1) : 0)
  __m128i fractional_bits;
  __m256i min, max;
};

// mulhrs((q - zero_point) << 7, multiplier) of the s8 in the high bytes of `high_bytes`.
inline __m256i scaled(__m256i high_bytes, __m256i zero, __m256i multiplier) {
  return _mm256_mulhrs_epi16(_mm256_sub_epi16(_mm256_srai_epi16(high_bytes, 1), zero), multiplier);
}

inline __m256i sum_s16(__m256i a, __m256i b, const AddVectors& v) {
  const __m256i r =
      _mm256_adds_epi16(scaled(a, v.zero_a, v.multiplier_a), scaled(b, v.zero_b, v.multiplier_b));
  return _mm256_sra_epi16(_mm256_adds_epi16(r, v.constant), v.fractional_bits);
}

template <bool kClamps>
inline __m256i sum_s8(__m256i a, __m256i b, const AddVectors& v) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i low = sum_s16(_mm256_unpacklo_epi8(zero, a), _mm256_unpacklo_epi8(zero, b), v);
  const __m256i high = sum_s16(_mm256_unpackhi_epi8(zero, a), _mm256_unpackhi_epi8(zero, b), v);
  const __m256i q = _mm256_packs_epi16(low, high);
  return kClamps ? clamp_s8x32(q, v.min, v.max) : q;
}

inline __m256i s16(int32_t value) { return _mm256_set1_epi16(static_cast<int16_t>(value)); }

}  // namespace

void add_s8_avx2(const AddS8& add, const ElementwiseS8& operands) {
  const int32_t f = add.fractional_bits;
  const AddVectors v = {s16(add.a_zero_point * 128),
                        s16(add.b_zero_point * 128),
                        s16(add.multiplier_a),
                        s16(add.multiplier_b),
                        s16(add.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0)),
                        _mm_cvtsi32_si128(f),
                        _mm256_set1_epi8(static_cast<int8_t>(add.output_min)),
                        _mm256_set1_epi8(static_cast<int8_t>(add.output_max))};
  if (add.output_min == -128 && add.output_max == 127)  // packs does it
    return elementwise<ElementwiseAvx2>(operands,
                                        [v](__m256i a, __m256i b) { return sum_s8<false>(a, b, v); });
  elementwise<ElementwiseAvx2>(operands, [v](__m256i a, __m256i b) { return sum_s8<true>(a, b, v); });
}

}  // namespace octet::kernels
