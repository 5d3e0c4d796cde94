// SPDX-License-Identifier: Apache-2.0
//
// The loops around an elementwise kernel of two s8 inputs (kernels/elementwise_s8.h): 32 columns at a
// time, then what is left. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/elementwise_s8.h"
#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// kA, kB: that operand has stride 1; otherwise one value serves the whole row. `compute` is a copy, so that
// what it holds can live in registers whatever is stored.
template <bool kA, bool kB, class Compute>
inline void elementwise_row(const int8_t* a, const int8_t* b, int8_t* output, size_t columns,
                            const Compute compute) {
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

// Short rows of a dense operand `x` against one row `y`, as in squeeze and excite with few channels: `y` is
// written several times into a buffer, so that as many rows are one. compute(x, y).
constexpr size_t kRepeatedBytes = 512;

template <class Compute>
inline void repeated_row(const int8_t* x, const int8_t* y, const ElementwiseS8& e, const Compute& compute) {
  int8_t buffer[kRepeatedBytes];
  size_t length = 0;  // whole rows
  for (; length + e.columns <= kRepeatedBytes; length += e.columns)
    std::memcpy(buffer + length, y, e.columns);
  const size_t total = e.rows * e.columns;
  for (size_t i = 0; i < total; i += length)
    elementwise_row<true, true>(x + i, buffer, e.output + i, total - i < length ? total - i : length,
                                compute);
}

// compute(a, b): 32 results from 32 values of each operand.
template <class Compute>
inline void elementwise(const ElementwiseS8& e, const Compute& compute) {
  if (e.columns == 0) return;
  const bool short_rows = e.rows >= 8 && e.columns <= kRepeatedBytes / 4 && e.columns % 32 != 0 &&
                          e.a_stride == 1 && e.b_stride == 1;
  if (short_rows && e.a_row_stride == e.columns && e.b_row_stride == 0)
    return repeated_row(e.a, e.b, e, compute);
  if (short_rows && e.b_row_stride == e.columns && e.a_row_stride == 0)
    return repeated_row(e.b, e.a, e, [&compute](__m256i b, __m256i a) { return compute(a, b); });
  if (e.a_stride != 0 && e.b_stride != 0) return elementwise_rows<true, true>(e, compute);
  if (e.a_stride != 0) return elementwise_rows<true, false>(e, compute);
  if (e.b_stride != 0) return elementwise_rows<false, true>(e, compute);
  elementwise_rows<false, false>(e, compute);
}

}  // namespace
}  // namespace octet::kernels
