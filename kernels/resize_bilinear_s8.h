// SPDX-License-Identifier: Apache-2.0
//
// resize_bilinear_s8: [batch, input_height, input_width, channels] to
// [batch, output_height, output_width, channels] with tables from the converter:
//
//   wy = y_weight[y], wx = x_weight[x]: Q11 weights in [0, 2048] of row y1[y], column x1[x]
//   sum = (2048 - wy) * ((2048 - wx) * in[y0][x0] + wx * in[y0][x1])
//       +         wy  * ((2048 - wx) * in[y1][x0] + wx * in[y1][x1])
//   output = (sum + 2^21) >> 22
//
// The weights sum to 2^22, so zero_point passes through and |sum| <= 2^29.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct ResizeS8 {
  size_t batch, input_height, input_width, channels, output_height, output_width;
  const int32_t* y0;  // [output_height], in [0, input_height)
  const int32_t* y1;
  const int16_t* y_weight;
  const int32_t* x0;  // [output_width], in [0, input_width)
  const int32_t* x1;
  const int16_t* x_weight;
};

// Writes output rows [first, last) of the batch * output_height rows.

using ResizeBilinearS8Function = void(const ResizeS8& resize, const int8_t* input, int8_t* output,
                                      size_t first, size_t last);

#define OCTET_KERNEL(name, feature) ResizeBilinearS8Function name;
#include "kernels/resize_bilinear_s8.inc"
#undef OCTET_KERNEL

KernelRows<ResizeBilinearS8Function> resize_bilinear_s8_kernels();

}  // namespace octet::kernels
