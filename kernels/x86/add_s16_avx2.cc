// SPDX-License-Identifier: Apache-2.0
//
// add_s16 on AVX2: 16 sums at a time in s16, exactly the steps of the reference. The last of a row together
// with some of those before them, or through memory that has as many.
#include "kernels/add_s16.h"
#include "kernels/x86/activations_avx2.h"

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
};

// One value as often as a vector has lanes, or the first `count` of many.
template <class T>
const T* spread(const T* from, size_t stride, size_t count, T (&to)[kActivations]) {
  for (size_t i = 0; i < kActivations; ++i) to[i] = i < count ? from[i * stride] : T{0};
  return to;
}

template <class A, class B>
struct Sum {
  const Operand& a;
  const Operand& b;
  const ActivationOutput& out;

  void at(const A* x, const B* y, void* output, size_t i) const {
    out.store(_mm256_adds_epi16(a.scaled(x), b.scaled(y)), output, i);
  }

  void row(const A* x, size_t x_stride, const B* y, size_t y_stride, void* output, size_t first,
           size_t columns) const {
    A xs[kActivations];
    B ys[kActivations];
    if (columns < kActivations) {
      int16_t results[kActivations];
      at(spread(x, x_stride, columns, xs), spread(y, y_stride, columns, ys), results, 0);
      const size_t bytes = out.s16 ? 2 : 1;
      std::memcpy(static_cast<uint8_t*>(output) + first * bytes, results, columns * bytes);
      return;
    }
    if (x_stride == 0) spread(x, 0, kActivations, xs);
    if (y_stride == 0) spread(y, 0, kActivations, ys);
    for (size_t i = 0; i < columns; i += kActivations) {
      const size_t from = i + kActivations <= columns ? i : columns - kActivations;
      at(x_stride ? x + from : xs, y_stride ? y + from : ys, output, first + from);
    }
  }
};

template <class A, class B>
void run(const AddS16& add, const ElementwiseS16& e) {
  const Operand a(add.a_zero_point, add.multiplier_a), b(add.b_zero_point, add.multiplier_b);
  const ActivationOutput out(add.types.output_s16, add.output_min, add.output_max, add.output_zero_point,
                             add.fractional_bits);
  const Sum<A, B> sum = {a, b, out};
  for (size_t y = 0; y < e.rows; ++y)
    sum.row(static_cast<const A*>(e.a) + y * e.a_row_stride, e.a_stride,
            static_cast<const B*>(e.b) + y * e.b_row_stride, e.b_stride, e.output, y * e.columns, e.columns);
}

}  // namespace

void add_s16_avx2(const AddS16& add, const ElementwiseS16& operands) {
  if (add.types.a_s16)
    add.types.b_s16 ? run<int16_t, int16_t>(add, operands) : run<int16_t, int8_t>(add, operands);
  else
    add.types.b_s16 ? run<int8_t, int16_t>(add, operands) : run<int8_t, int8_t>(add, operands);
}

}  // namespace octet::kernels
