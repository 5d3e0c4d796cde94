// SPDX-License-Identifier: Apache-2.0
//
// conv_s8, the executable specification: the loop nest of the header's
// equation. Bound: |acc| <= |bias| + sum |w| * 255, proved by the converter to
// fit in s32 per output channel; unsigned arithmetic keeps a broken model
// defined (it wraps, as the vector kernels do).
#include "kernels/conv_s8.h"

#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

// The accumulator of output channel o at (n, y, x).
int32_t accumulate(const ConvS8& c, const int8_t* input, size_t n, size_t y, size_t x, size_t o) {
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
      const int8_t* in = input + pixel * c.input_channels + first_channel;
      const int8_t* weights = c.weights + ((o * c.kernel_height + ky) * c.kernel_width + kx) * group_channels;
      for (size_t i = 0; i < group_channels; ++i)
        acc += static_cast<uint32_t>((in[i] - c.input_zero_point) * weights[i]);
    }
  }
  return static_cast<int32_t>(acc);
}

bool supports(const ConvS8&) { return true; }
size_t no_bytes(const ConvS8&) { return 0; }
void pack(const ConvS8&, void*) {}
size_t items(const ConvS8& c) { return c.batch * c.output_height; }  // rows of output

void run(const ConvS8& c, const void*, const int8_t* input, void* output, size_t first_item, size_t last_item,
         void*) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  for (size_t row = first_item; row < last_item; ++row) {
    const size_t n = row / c.output_height, y = row % c.output_height;
    for (size_t x = 0; x < c.output_width; ++x) {
      for (size_t o = 0; o < c.output_channels; ++o) {
        const int32_t acc = accumulate(c, input, n, y, x, o);
        const size_t to = n * strides.batch + y * strides.row + x * strides.pixel + o;
        if (c.accumulator_scale) {
          static_cast<float*>(output)[to] = static_cast<float>(acc) * c.accumulator_scale[o];
          continue;
        }
        const int8_t q = requantize(acc, c.multiplier[o], c.right_shift[o], c.output_zero_point, c.output_min,
                                    c.output_max);
        static_cast<int8_t*>(output)[to] = c.output_table ? c.output_table[q + 128] : q;
      }
    }
  }
}

}  // namespace

void conv_s8_reference(const ConvS8& conv, const int8_t* input, void* output) {
  run(conv, nullptr, input, output, 0, items(conv), nullptr);
}

extern const ConvS8Kernel conv_s8_reference_kernel;
const ConvS8Kernel conv_s8_reference_kernel = {
    "conv_s8_reference", kPortable, supports, no_bytes, pack, no_bytes, items, run};

}  // namespace octet::kernels
