// SPDX-License-Identifier: Apache-2.0
//
// The accumulator of one output of conv_s8 (Conv = ConvS8) and conv_s16 (ConvS16), as an executable
// specification. Unsigned arithmetic keeps a broken model defined: it wraps, as the vector kernels do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {
namespace {

// The accumulator of output channel o at (n, y, x).
template <class Conv, class T>
int32_t accumulate(const Conv& c, const T* input, size_t n, size_t y, size_t x, size_t o) {
  const size_t group_channels = c.input_channels / c.groups;
  const size_t first_channel = o / (c.output_channels / c.groups) * group_channels;
  uint32_t acc = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    if (in_y >= c.input_height) continue;
    for (size_t kx = 0; kx < c.kernel_width; ++kx) {
      const size_t in_x = x * c.stride_width + kx * c.dilation_width - c.pad_left;
      if (in_x >= c.input_width) continue;
      const size_t pixel = (n * c.input_height + in_y) * c.input_width + in_x;
      const T* in = input + pixel * c.input_channels + first_channel;
      const int8_t* weights = c.weights + ((o * c.kernel_height + ky) * c.kernel_width + kx) * group_channels;
      for (size_t i = 0; i < group_channels; ++i)
        acc += static_cast<uint32_t>((in[i] - c.input_zero_point) * weights[i]);
    }
  }
  return static_cast<int32_t>(acc);
}

}  // namespace
}  // namespace octet::kernels
