// SPDX-License-Identifier: Apache-2.0
//
// resize_nearest: [batch, input_height, input_width] blocks to [batch, output_height, output_width]:
//
//   output[n][y][x] = input[n][y0[y]][x0[x]]
//
// A block is the channels of one pixel, of any element type.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

struct ResizeNearest {
  size_t batch, input_height, input_width, output_height, output_width;
  size_t block_bytes;
  const int32_t* y0;  // [output_height], in [0, input_height)
  const int32_t* x0;  // [output_width], in [0, input_width)
};

// Writes output rows [first, last) of the batch * output_height rows.
void resize_nearest(const ResizeNearest& resize, const void* input, void* output, size_t first, size_t last);

}  // namespace octet::kernels
