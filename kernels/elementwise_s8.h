// SPDX-License-Identifier: Apache-2.0
//
// The operands of an elementwise kernel with two inputs. The output is dense,
// [rows][columns]; each input may repeat a row, or one value along a row:
//
//   output[y][x] = f(a[y * a_row_stride + x * a_stride], b[y * b_row_stride + x * b_stride])
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

// The output overlaps neither input.
struct ElementwiseS8 {
  const int8_t* a;
  const int8_t* b;
  int8_t* output;
  size_t rows, columns;
  size_t a_row_stride, b_row_stride;  // any number of elements; 0 repeats the row
  size_t a_stride, b_stride;          // 1, or 0: one value for the whole row
};

}  // namespace octet::kernels
