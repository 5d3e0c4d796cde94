// SPDX-License-Identifier: Apache-2.0
//
// Resize of [N, H, W, C] in float by index and weight tables:
//
//   nearest:   out[n][y][x] = in[n][y0[y]][x0[x]]
//   bilinear:  top    = in[n][y0[y]][x0[x]] * (1 - wx[x]) + in[n][y0[y]][x1[x]] * wx[x]
//              bottom = the same of row y1[y];   out = top * (1 - wy[y]) + bottom * wy[y]
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

struct ResizeF32 {
  size_t input_height, input_width, channels;
  size_t output_height, output_width;
  bool bilinear;
  // Indices lie inside the input; y1, x1 and the weights are for bilinear only.
  const int32_t *y0, *y1, *x0, *x1;
  const float *y_weight, *x_weight;
};

// Computes the output rows [first, last) of all batch * output_height.
void resize_f32(const ResizeF32& resize, const float* input, float* output, size_t first, size_t last);

}  // namespace octet::kernels
