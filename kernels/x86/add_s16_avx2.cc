// SPDX-License-Identifier: Apache-2.0
//
// add_s16 on AVX2: 16 sums at a time in s16, exactly the steps of the reference.
#include "kernels/add_s16_frame.h"

namespace octet::kernels {
namespace {

// One operand on its way to a product with its multiplier.
struct Operand {
  __m256i zero_point, multiplier;

  Operand(int32_t zero, int32_t m)
      : zero_point(_mm256_set1_epi16(static_cast<int16_t>(zero))),
        multiplier(_mm256_set1_epi16(static_cast<int16_t>(m))) {}

  __m256i scaled(const int16_t* from) const {
    const __m256i q = load_activations(from);
    return _mm256_mulhrs_epi16(_mm256_adds_epi16(q, q), multiplier);
  }
  __m256i scaled(const int8_t* from) const {
    const __m256i q = _mm256_sub_epi16(load_activations(from), zero_point);
    return _mm256_mulhrs_epi16(_mm256_slli_epi16(q, 7), multiplier);
  }

  template <class A, class B>
  static void store_sum(const Operand& a, const A* x, const Operand& b, const B* y,
                        const ActivationOutput& out, void* output, size_t i) {
    out.store(_mm256_adds_epi16(a.scaled(x), b.scaled(y)), output, i);
  }
};

}  // namespace

void add_s16_avx2(const AddS16& add, const ElementwiseS16& operands) { add_any<Operand>(add, operands); }

}  // namespace octet::kernels
