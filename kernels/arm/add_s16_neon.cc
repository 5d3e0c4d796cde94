// SPDX-License-Identifier: Apache-2.0
//
// add_s16 on NEON: 16 sums at a time in s16, exactly the steps of the reference. The last of a row together
// with some of those before them, or through memory that has as many.
#include "kernels/add_s16.h"
#include "kernels/arm/activations_neon.h"

namespace octet::kernels {
namespace {

// One operand on its way to a product with its multiplier.
template <class T>
struct Operand {
  int16x8_t zero_point, multiplier;

  Operand(int32_t zero, int32_t m) : zero_point(all_s16(zero)), multiplier(all_s16(m)) {}

  int16x8_t scaled(int16x8_t q) const {
    const int16x8_t wide = sizeof(T) == 2 ? vqaddq_s16(q, q) : vshlq_n_s16(vsubq_s16(q, zero_point), 7);
    return vqrdmulhq_s16(wide, multiplier);
  }
};

// One value as often as two vectors have lanes, or the first `count` of many.
template <class T>
const T* spread(const T* from, size_t stride, size_t count, T (&to)[kActivations]) {
  for (size_t i = 0; i < kActivations; ++i) to[i] = i < count ? from[i * stride] : T{0};
  return to;
}

template <class A, class B>
struct Sum {
  Operand<A> a;
  Operand<B> b;
  ActivationOutput out;

  void at(const A* x, const B* y, void* output, size_t i) const {
    const int16x8x2_t p = load_activations(x), q = load_activations(y);
    out.store({{vqaddq_s16(a.scaled(p.val[0]), b.scaled(q.val[0])),
                vqaddq_s16(a.scaled(p.val[1]), b.scaled(q.val[1]))}},
              output, i);
  }

  // Row y of the output.
  void row(const ElementwiseS16& e, size_t y) const {
    const A* as = static_cast<const A*>(e.a) + y * e.a_row_stride;
    const B* bs = static_cast<const B*>(e.b) + y * e.b_row_stride;
    const size_t first = y * e.columns;
    A same_a[kActivations];
    B same_b[kActivations];
    if (e.columns < kActivations) {
      int16_t results[kActivations];
      at(spread(as, e.a_stride, e.columns, same_a), spread(bs, e.b_stride, e.columns, same_b), results, 0);
      const size_t bytes = out.s16 ? 2 : 1;
      std::memcpy(static_cast<uint8_t*>(e.output) + first * bytes, results, e.columns * bytes);
      return;
    }
    if (e.a_stride == 0) spread(as, 0, kActivations, same_a);
    if (e.b_stride == 0) spread(bs, 0, kActivations, same_b);
    for (size_t i = 0; i < e.columns; i += kActivations) {
      const size_t from = i + kActivations <= e.columns ? i : e.columns - kActivations;
      at(e.a_stride ? as + from : same_a, e.b_stride ? bs + from : same_b, e.output, first + from);
    }
  }
};

template <class A, class B>
void run(const AddS16& add, const ElementwiseS16& e) {
  const Sum<A, B> sum = {
      {add.a_zero_point, add.multiplier_a},
      {add.b_zero_point, add.multiplier_b},
      {add.types.output_s16, add.output_min, add.output_max, add.output_zero_point, add.fractional_bits}};
  for (size_t y = 0; y < e.rows; ++y) sum.row(e, y);
}

}  // namespace

void add_s16_neon(const AddS16& add, const ElementwiseS16& operands) {
  if (add.types.a_s16)
    add.types.b_s16 ? run<int16_t, int16_t>(add, operands) : run<int16_t, int8_t>(add, operands);
  else
    add.types.b_s16 ? run<int8_t, int16_t>(add, operands) : run<int8_t, int8_t>(add, operands);
}

}  // namespace octet::kernels
