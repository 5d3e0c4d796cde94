// SPDX-License-Identifier: Apache-2.0
//
// The loops around an elementwise kernel of two s8 inputs (kernels/elementwise_s8.h): 32 columns at a
// time, then what is left. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/elementwise_s8.h"
#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// kA, kB: that operand has stride 1; otherwise one value serves the whole row.
template <bool kA, bool kB, class Compute>
inline void elementwise_row(const int8_t* a, const int8_t* b, int8_t* output, size_t columns,
                            const Compute& compute) {
  const __m256i one_a = _mm256_set1_epi8(a[0]), one_b = _mm256_set1_epi8(b[0]);
  size_t x = 0;
  for (; x + 32 <= columns; x += 32) {
    const __m256i q = compute(kA ? load_s8x32(a + x) : one_a, kB ? load_s8x32(b + x) : one_b);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + x), q);
  }
  const size_t left = columns - x;
  if (left == 0) return;
  const __m256i q = compute(kA ? load_part_256(a + x, left) : one_a, kB ? load_part_256(b + x, left) : one_b);
  store_part_256(output + x, q, left);
}

template <bool kA, bool kB, class Compute>
inline void elementwise_rows(const ElementwiseS8& e, const Compute& compute) {
  for (size_t y = 0; y < e.rows; ++y)
    elementwise_row<kA, kB>(e.a + y * e.a_row_stride, e.b + y * e.b_row_stride, e.output + y * e.columns,
                            e.columns, compute);
}

// compute(a, b): 32 results from 32 values of each operand.
template <class Compute>
inline void elementwise(const ElementwiseS8& e, const Compute& compute) {
  if (e.columns == 0) return;
  if (e.a_stride != 0 && e.b_stride != 0) return elementwise_rows<true, true>(e, compute);
  if (e.a_stride != 0) return elementwise_rows<true, false>(e, compute);
  if (e.b_stride != 0) return elementwise_rows<false, true>(e, compute);
  elementwise_rows<false, false>(e, compute);
}

}  // namespace
}  // namespace octet::kernels
