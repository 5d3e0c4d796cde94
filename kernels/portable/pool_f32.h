// SPDX-License-Identifier: Apache-2.0
//
// Float 2-D pooling of [N, H, W, C]. The window of output pixel (y, x) has the taps
// iy = y * sh + ky * dh - pt, ix = x * sw + kx * dw - pl, and of these the ones inside the input:
//
//   average   clamp(sum / count, low, high); count = the taps inside the input, or with
//             count_include_pad those inside the padded input (ONNX: taps that ceil_mode
//             adds beyond the padding are never counted); 0 for an empty window
//   max       clamp(max, low, high); -inf for an empty window; NaN where the window has one
#pragma once

#include <cstddef>

namespace octet::kernels {

struct PoolF32 {
  size_t batch, input_height, input_width, channels;
  size_t output_height, output_width;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t pad_top, pad_left, pad_bottom, pad_right;
  bool count_include_pad;
  float output_min, output_max;
};

// Compute the output pixels [first, last) of all batch * output_height * output_width.
void average_pool_f32(const PoolF32& pool, const float* input, float* output, size_t first, size_t last);
void max_pool_f32(const PoolF32& pool, const float* input, float* output, size_t first, size_t last);

}  // namespace octet::kernels
