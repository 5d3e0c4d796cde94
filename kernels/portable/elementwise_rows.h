// SPDX-License-Identifier: Apache-2.0
//
// The loops around an elementwise kernel of two s8 inputs (kernels/elementwise_s8.h), one for each pair of
// strides, so that compilers make vector code of them.
#pragma once

#include "kernels/elementwise_s8.h"

namespace octet::kernels {

// kA, kB: that operand has stride 1; otherwise one value serves the whole row.
template <bool kA, bool kB, class One>
void elementwise_rows(const ElementwiseS8& e, const One& one) {
  for (size_t y = 0; y < e.rows; ++y) {
    const int8_t* a = e.a + y * e.a_row_stride;
    const int8_t* b = e.b + y * e.b_row_stride;
    int8_t* __restrict output = e.output + y * e.columns;
    for (size_t x = 0; x < e.columns; ++x) output[x] = one(a[kA ? x : 0], b[kB ? x : 0]);
  }
}

// one(a, b): the result for one pair.
template <class One>
void elementwise_portable(const ElementwiseS8& e, const One& one) {
  if (e.a_stride != 0 && e.b_stride != 0) return elementwise_rows<true, true>(e, one);
  if (e.a_stride != 0) return elementwise_rows<true, false>(e, one);
  if (e.b_stride != 0) return elementwise_rows<false, true>(e, one);
  elementwise_rows<false, false>(e, one);
}

}  // namespace octet::kernels
