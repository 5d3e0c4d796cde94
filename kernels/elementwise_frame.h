// SPDX-License-Identifier: Apache-2.0
//
// The loops around an elementwise kernel of two s8 inputs (kernels/elementwise_s8.h) on vectors:
// Isa::kColumns columns at a time, the last ones together with some of those before them. Isa has
//
//   Vector, kColumns            of s8
//   all(value)                  one value in all lanes
//   load(from), store(to, v)
//
// For files of one instruction set: anonymous, each has its own copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/elementwise_s8.h"

namespace octet::kernels {
namespace {

// Fewer columns than a vector has, through memory that has as many.
template <class Isa, class Compute>
__attribute__((noinline)) void short_row(const int8_t* a, size_t a_stride, const int8_t* b, size_t b_stride,
                                         int8_t* output, size_t columns, const Compute& compute) {
  int8_t whole_a[Isa::kColumns] = {}, whole_b[Isa::kColumns] = {};
  for (size_t x = 0; x < columns; ++x) {
    whole_a[x] = a[x * a_stride];
    whole_b[x] = b[x * b_stride];
  }
  Isa::store(whole_a, compute(Isa::load(whole_a), Isa::load(whole_b)));
  std::memcpy(output, whole_a, columns);
}

// At least as many columns as a vector has. kA, kB: that operand has stride 1; otherwise one value serves the
// whole row.
template <class Isa, bool kA, bool kB, class Compute>
inline void long_row(const int8_t* a, const int8_t* b, int8_t* output, size_t columns,
                     const Compute& compute) {
  const typename Isa::Vector one_a = Isa::all(a[0]), one_b = Isa::all(b[0]);
  const auto at = [&](size_t x) {
    Isa::store(output + x, compute(kA ? Isa::load(a + x) : one_a, kB ? Isa::load(b + x) : one_b));
  };
  size_t x = 0;
  for (; x + Isa::kColumns <= columns; x += Isa::kColumns) at(x);
  if (x < columns) at(columns - Isa::kColumns);
}

// `compute` is a copy, so that what it holds can live in registers whatever is stored.
template <class Isa, bool kA, bool kB, class Compute>
__attribute__((noinline)) void elementwise_rows(const ElementwiseS8& e, const Compute compute) {
  const int8_t *a = e.a, *b = e.b;
  int8_t* output = e.output;
  const size_t columns = e.columns;
  for (size_t y = 0; y < e.rows; ++y) {
    if (columns < Isa::kColumns)
      short_row<Isa>(a, kA ? 1 : 0, b, kB ? 1 : 0, output, columns, compute);
    else
      long_row<Isa, kA, kB>(a, b, output, columns, compute);
    a += e.a_row_stride;
    b += e.b_row_stride;
    output += columns;
  }
}

// Short rows of a dense operand against one row of the other, as in squeeze and excite with few channels: the
// one row is written several times into a buffer, so that as many rows are one. kA: a is the dense one.
constexpr size_t kRepeatedBytes = 512;

template <class Isa, bool kA, class Compute>
inline void repeated_row(const ElementwiseS8& e, const Compute& compute) {
  int8_t buffer[kRepeatedBytes];
  size_t length = 0;  // whole rows
  for (; length + e.columns <= kRepeatedBytes; length += e.columns)
    std::memcpy(buffer + length, kA ? e.b : e.a, e.columns);
  const size_t total = e.rows * e.columns;
  for (size_t i = 0; i < total; i += length) {
    const size_t n = total - i < length ? total - i : length;
    elementwise_rows<Isa, true, true>(
        {kA ? e.a + i : buffer, kA ? buffer : e.b + i, e.output + i, 1, n, 0, 0, 1, 1}, compute);
  }
}

// compute(a, b): as many results from as many values of each operand.
template <class Isa, class Compute>
inline void elementwise(const ElementwiseS8& e, const Compute& compute) {
  if (e.columns == 0) return;
  const bool short_rows = e.rows >= 8 && e.columns <= kRepeatedBytes / 4 && e.columns % Isa::kColumns != 0 &&
                          e.a_stride == 1 && e.b_stride == 1;
  if (short_rows && e.a_row_stride == e.columns && e.b_row_stride == 0)
    return repeated_row<Isa, true>(e, compute);
  if (short_rows && e.b_row_stride == e.columns && e.a_row_stride == 0)
    return repeated_row<Isa, false>(e, compute);
  if (e.a_stride != 0 && e.b_stride != 0) return elementwise_rows<Isa, true, true>(e, compute);
  if (e.a_stride != 0) return elementwise_rows<Isa, true, false>(e, compute);
  if (e.b_stride != 0) return elementwise_rows<Isa, false, true>(e, compute);
  elementwise_rows<Isa, false, false>(e, compute);
}

}  // namespace
}  // namespace octet::kernels
