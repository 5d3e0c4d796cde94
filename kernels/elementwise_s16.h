// SPDX-License-Identifier: Apache-2.0
//
// The operands of an elementwise kernel with two inputs, each s8 or s16. The output is dense,
// [rows][columns]; each input may repeat a row, or one value along a row:
//
//   output[y][x] = f(a[y * a_row_stride + x * a_stride], b[y * b_row_stride + x * b_stride])
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

// Which operands have 16 bits; the others have 8.
struct ElementwiseTypes {
  bool a_s16, b_s16, output_s16;
};

// Strides in elements. The output overlaps neither input.
struct ElementwiseS16 {
  const void* a;
  const void* b;
  void* output;
  size_t rows, columns;
  size_t a_row_stride, b_row_stride;  // 0 repeats the row
  size_t a_stride, b_stride;          // 1, or 0: one value for the whole row
};

// Calls one(a, b) for every pair and stores what it gives. A and B are int8_t or int16_t.
template <class A, class B, class Output, class One>
static inline void for_each_pair(const ElementwiseS16& e, const One& one) {
  for (size_t y = 0; y < e.rows; ++y) {
    const A* a = static_cast<const A*>(e.a) + y * e.a_row_stride;
    const B* b = static_cast<const B*>(e.b) + y * e.b_row_stride;
    Output* output = static_cast<Output*>(e.output) + y * e.columns;
    for (size_t x = 0; x < e.columns; ++x)
      output[x] = static_cast<Output>(one(a[x * e.a_stride], b[x * e.b_stride]));
  }
}

// The same with types that are known at run time only.
template <class A, class B, class One>
static inline void for_each_pair_of(bool output_s16, const ElementwiseS16& e, const One& one) {
  output_s16 ? for_each_pair<A, B, int16_t>(e, one) : for_each_pair<A, B, int8_t>(e, one);
}
template <class One>
static inline void for_each_pair(const ElementwiseTypes& types, const ElementwiseS16& e, const One& one) {
  if (types.a_s16 && types.b_s16) return for_each_pair_of<int16_t, int16_t>(types.output_s16, e, one);
  if (types.a_s16) return for_each_pair_of<int16_t, int8_t>(types.output_s16, e, one);
  if (types.b_s16) return for_each_pair_of<int8_t, int16_t>(types.output_s16, e, one);
  for_each_pair_of<int8_t, int8_t>(types.output_s16, e, one);
}

}  // namespace octet::kernels
