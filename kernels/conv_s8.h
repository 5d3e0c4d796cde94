// SPDX-License-Identifier: Apache-2.0
//
// conv_s8: 2-D convolution of s8 activations with s8 weights; a fully connected
// layer is the 1x1 case with height 1 and width = rows. For every output pixel
// (n, y, x) and channel o of group g = o / (O / groups):
//
//   acc = bias[o] + sum over ky, kx, c of
//           (input[n][y * sh + ky * dh - pt][x * sw + kx * dw - pl][g * C/groups + c] - input_zero_point)
//           * weights[o][ky][kx][c]
//   output = requantize(acc, multiplier[o], right_shift[o], ...), then output_table[q + 128] if given;
//   or, with accumulator_scale: output f32 = float(acc) * accumulator_scale[o].
//
// Pixels outside the input contribute nothing (they equal input_zero_point).
// The converter has proved that acc and its rounding term fit in s32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu_features.h"

namespace octet::kernels {

struct ConvS8 {
  // Geometry, in elements. Input is [batch, input_height, input_width, input_channels],
  // output [batch, output_height, output_width, output_channels], both dense NHWC.
  size_t batch, input_height, input_width, input_channels;
  size_t output_height, output_width, output_channels;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t pad_top, pad_left;  // bottom and right follow from the output size
  size_t groups;             // divides input_channels and output_channels

  int32_t input_zero_point, output_zero_point;
  int32_t output_min, output_max;  // fused activation in the quantized domain

  const int8_t* weights;  // OHWI [output_channels][kernel_height][kernel_width][input_channels / groups], in
                          // [-127, 127]
  const int32_t* bias;    // [output_channels], or null for zeros
  const int16_t* multiplier;       // [output_channels]; unused with accumulator_scale
  const int8_t* right_shift;       // [output_channels]; unused with accumulator_scale
  const float* accumulator_scale;  // null, or [output_channels]: write f32
  const int8_t* output_table;      // null, or 256 entries applied to the requantized value

  // Hints for speed, which change no output: q + 128 of nearly all inputs of a channel lies in
  // [low, high], where low < high. [input_channels], with 32 readable bytes behind; null: unknown, low alone:
  // zeros.
  const uint8_t* input_low = nullptr;
  const uint8_t* input_high = nullptr;

  // Distance between neighbouring outputs, in elements; 0 = dense. Output
  // (n, y, x, o) stands at n * batch_stride + y * row_stride + x * pixel_stride + o.
  // ConvTranspose interleaves several convolutions in one output this way.
  size_t output_pixel_stride = 0, output_row_stride = 0, output_batch_stride = 0;
};

// The strides in force: those given, or the dense ones.
struct ConvS8OutputStrides {
  size_t pixel, row, batch;
};
static inline constexpr ConvS8OutputStrides conv_s8_output_strides(const ConvS8& c) {
  const size_t pixel = c.output_pixel_stride ? c.output_pixel_stride : c.output_channels;
  const size_t row = c.output_row_stride ? c.output_row_stride : c.output_width * pixel;
  return {pixel, row, c.output_batch_stride ? c.output_batch_stride : c.output_height * row};
}

// output: int8_t*, or float* with accumulator_scale.
void conv_s8_reference(const ConvS8& conv, const int8_t* input, void* output);

// One way to compute conv_s8. Work is split into items (for example tiles of
// output pixels); any partition of the items over threads gives the same bytes.
struct ConvS8Kernel {
  const char* name;  // = file = function = test name
  CpuFeature feature;
  bool (*supports)(const ConvS8& conv);
  size_t (*packed_bytes)(const ConvS8& conv);      // 0 = needs no packing
  void (*pack)(const ConvS8& conv, void* packed);  // 64-byte aligned
  size_t (*scratch_bytes)(const ConvS8& conv);     // per thread
  size_t (*items)(const ConvS8& conv);
  void (*run)(const ConvS8& conv, const void* packed, const int8_t* input, void* output, size_t first_item,
              size_t last_item, void* scratch);
  // Whether it is worth taking before the rows below, which then are tried; null: always. Never changes
  // the answer, so it may ask for the sizes of caches.
  bool (*pays)(const ConvS8& conv) = nullptr;
};

// The first row that `cpu` can run, that supports `conv` and that pays; the reference row at least.
// *passed_over, if asked for, becomes the first of the rows before it that only did not pay; null if there is
// none.
const ConvS8Kernel& select_conv_s8(const ConvS8& conv, CpuFeatures cpu,
                                   const ConvS8Kernel** passed_over = nullptr);

// All rows, best first, for tests and benchmarks.
const ConvS8Kernel* const* conv_s8_kernels(size_t* count);

}  // namespace octet::kernels
