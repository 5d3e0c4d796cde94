// SPDX-License-Identifier: Apache-2.0
//
// conv_transpose_s8, the executable specification: every output gathers the
// input pixels that scatter into it. Bound of acc as in conv_s8.
#include "kernels/conv_transpose_s8.h"

#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

// The input coordinate y with y * stride + k * dilation - pad == output, or size if there is none.
size_t source(size_t output, size_t pad, size_t k, size_t stride, size_t dilation, size_t size) {
  const size_t shifted = output + pad;
  if (shifted < k * dilation || (shifted - k * dilation) % stride != 0) return size;
  const size_t y = (shifted - k * dilation) / stride;
  return y < size ? y : size;
}

int32_t accumulate(const ConvS8& c, const int8_t* input, size_t n, size_t y, size_t x, size_t o) {
  const size_t group_channels = c.input_channels / c.groups;
  const size_t first_channel = o / (c.output_channels / c.groups) * group_channels;
  uint32_t acc = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = source(y, c.pad_top, ky, c.stride_height, c.dilation_height, c.input_height);
    if (in_y == c.input_height) continue;
    for (size_t kx = 0; kx < c.kernel_width; ++kx) {
      const size_t in_x = source(x, c.pad_left, kx, c.stride_width, c.dilation_width, c.input_width);
      if (in_x == c.input_width) continue;
      const size_t pixel = (n * c.input_height + in_y) * c.input_width + in_x;
      const int8_t* in = input + pixel * c.input_channels + first_channel;
      const int8_t* weights = c.weights + ((o * c.kernel_height + ky) * c.kernel_width + kx) * group_channels;
      for (size_t i = 0; i < group_channels; ++i)
        acc += static_cast<uint32_t>((in[i] - c.input_zero_point) * weights[i]);
    }
  }
  return static_cast<int32_t>(acc);
}

}  // namespace

void conv_transpose_s8_reference(const ConvS8& c, const int8_t* input, void* output) {
  size_t to = 0;
  for (size_t n = 0; n < c.batch; ++n)
    for (size_t y = 0; y < c.output_height; ++y)
      for (size_t x = 0; x < c.output_width; ++x)
        for (size_t o = 0; o < c.output_channels; ++o, ++to) {
          const int32_t acc = accumulate(c, input, n, y, x, o);
          if (c.accumulator_scale) {
            static_cast<float*>(output)[to] = static_cast<float>(acc) * c.accumulator_scale[o];
            continue;
          }
          const int8_t q = requantize(acc, c.multiplier[o], c.right_shift[o], c.output_zero_point,
                                      c.output_min, c.output_max);
          static_cast<int8_t*>(output)[to] = c.output_table ? c.output_table[q + 128] : q;
        }
}

}  // namespace octet::kernels
