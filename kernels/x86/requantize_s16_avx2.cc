// SPDX-License-Identifier: Apache-2.0
//
// requantize_s16 on AVX2: 16 activations at a time, the shift in s32, exactly the steps of the reference. The
// last ones together with some of those before them, or through memory that has as many.
#include "kernels/requantize_s16_frame.h"

namespace octet::kernels {
namespace {

struct Scaling {
  __m256i zero_point, round, multiplier;
  __m128i right, left;

  explicit Scaling(const RequantizeS16& r)
      : zero_point(_mm256_set1_epi16(static_cast<int16_t>(r.input_zero_point))),
        round(_mm256_set1_epi32(r.right_shift > 0 ? 1 << (r.right_shift - 1) : 0)),
        multiplier(_mm256_set1_epi16(static_cast<int16_t>(r.multiplier))),
        right(_mm_cvtsi32_si128(r.right_shift > 0 ? r.right_shift : 0)),
        left(_mm_cvtsi32_si128(r.right_shift < 0 ? -r.right_shift : 0)) {}

  // |x| < 2^15 + 2^8 and left <= 16: nothing leaves s32.
  __m256i shifted(__m256i x) const {
    return _mm256_sra_epi32(_mm256_add_epi32(_mm256_sll_epi32(x, left), round), right);
  }
  __m256i apply(__m256i q) const {
    const __m256i x = _mm256_sub_epi16(q, zero_point);  // s16 has none
    const __m256i low = _mm256_srai_epi32(_mm256_unpacklo_epi16(x, x), 16);
    const __m256i high = _mm256_srai_epi32(_mm256_unpackhi_epi16(x, x), 16);
    return _mm256_mulhrs_epi16(_mm256_packs_epi32(shifted(low), shifted(high)), multiplier);
  }
};

}  // namespace

void requantize_s16_avx2(const RequantizeS16& requantize, const void* input, void* output, size_t count) {
  requantize_any<Scaling>(requantize, input, output, count);
}

}  // namespace octet::kernels
