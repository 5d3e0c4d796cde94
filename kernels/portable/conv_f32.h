// SPDX-License-Identifier: Apache-2.0
//
// conv_f32 and conv_transpose_f32: 2-D convolution in float. For every output
// pixel (n, y, x) and channel o of group g = o / (O / groups):
//
//   conv:            out = clamp(bias[o] + sum over ky, kx, c of
//                        input[n][y * sh + ky * dh - pt][x * sw + kx * dw - pl][g * C/groups + c]
//                        * weights[o][ky][kx][c], low, high)
//   conv_transpose:  the same sum over those ky, kx for which
//                        y + pt - ky * dh = sh * iy  and  x + pl - kx * dw = sw * ix
//                    has an input pixel (iy, ix).
//
// Pixels outside the input contribute nothing.
#pragma once

#include <cstddef>

namespace octet::kernels {

struct ConvF32 {
  // Input is [batch, input_height, input_width, input_channels], output
  // [batch, output_height, output_width, output_channels], both dense NHWC.
  size_t batch, input_height, input_width, input_channels;
  size_t output_height, output_width, output_channels;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t pad_top, pad_left;  // bottom and right follow from the output size
  size_t groups;             // divides input_channels and output_channels
  float output_min, output_max;

  // Depthwise with one output per input channel: its own weight layout and loop.
  bool depthwise() const { return groups == input_channels && groups == output_channels; }
};

// weights: OHWI [output_channels][kernel_height][kernel_width][input_channels / groups]; bias may be null.
size_t conv_f32_packed_bytes(const ConvF32& conv);
void conv_f32_pack(const ConvF32& conv, const float* weights, const float* bias, void* packed);

// Computes the output pixels [first, last) of all batch * output_height * output_width.
void conv_f32(const ConvF32& conv, const void* packed, const float* input, float* output, size_t first,
              size_t last);

size_t conv_transpose_f32_packed_bytes(const ConvF32& conv);
void conv_transpose_f32_pack(const ConvF32& conv, const float* weights, const float* bias, void* packed);

// Computes the output rows [first, last) of all batch * output_height.
void conv_transpose_f32(const ConvF32& conv, const void* packed, const float* input, float* output,
                        size_t first, size_t last);

}  // namespace octet::kernels
