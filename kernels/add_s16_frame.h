// SPDX-License-Identifier: Apache-2.0
//
// The rows around an add_s16 kernel on vectors: kActivations sums at a time, the last of a row together with
// some of those before them, or through memory that has as many. For files of one instruction set. Operand is
// made of a zero point and a multiplier; Operand::store_sum(a, x, b, y, out, output, i) stores the
// kActivations sums of x and y (s8 or s16) as elements [i, i + kActivations).
#pragma once

#include <cstring>

#include "kernels/activations_vectors.h"
#include "kernels/add_s16.h"

namespace octet::kernels {
namespace {

// One value as often as the vectors have lanes, or the first `count` of many.
template <class T>
const T* spread(const T* from, size_t stride, size_t count, T (&to)[kActivations]) {
  for (size_t i = 0; i < kActivations; ++i) to[i] = i < count ? from[i * stride] : T{0};
  return to;
}

template <class Operand, class A, class B>
struct Sum {
  Operand a, b;
  ActivationOutput out;

  void at(const A* x, const B* y, void* output, size_t i) const {
    Operand::store_sum(a, x, b, y, out, output, i);
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

template <class Operand, class A, class B>
void add_rows(const AddS16& add, const ElementwiseS16& e) {
  const Sum<Operand, A, B> sum = {
      {add.a_zero_point, add.multiplier_a},
      {add.b_zero_point, add.multiplier_b},
      {add.types.output_s16, add.output_min, add.output_max, add.output_zero_point, add.fractional_bits}};
  for (size_t y = 0; y < e.rows; ++y) sum.row(e, y);
}

template <class Operand>
void add_any(const AddS16& add, const ElementwiseS16& e) {
  if (add.types.a_s16)
    add.types.b_s16 ? add_rows<Operand, int16_t, int16_t>(add, e)
                    : add_rows<Operand, int16_t, int8_t>(add, e);
  else
    add.types.b_s16 ? add_rows<Operand, int8_t, int16_t>(add, e) : add_rows<Operand, int8_t, int8_t>(add, e);
}

}  // namespace
}  // namespace octet::kernels
