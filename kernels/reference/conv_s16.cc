// SPDX-License-Identifier: Apache-2.0
//
// conv_s16, the executable specification: the loop nest of conv_s8.h's equation. Bound: |acc| <= |bias| +
// sum |w| * 16384, proved by the converter to fit in s32 per output channel; unsigned arithmetic keeps a
// broken model defined.
#include "kernels/conv_s16.h"

#include "kernels/conv_s16_output.h"

namespace octet::kernels {
namespace {

// The accumulator of output channel o at (n, y, x).
template <class T>
int32_t accumulate(const ConvS16& c, const T* input, size_t n, size_t y, size_t x, size_t o) {
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

bool supports(const ConvS16&) { return true; }
size_t no_bytes(const ConvS16&) { return 0; }
void pack(const ConvS16&, void*) {}
size_t items(const ConvS16& c) { return c.batch * c.output_height; }  // rows of output

void run(const ConvS16& c, const void*, const void* input, void* output, size_t first_item, size_t last_item,
         void*) {
  for (size_t row = first_item; row < last_item; ++row) {
    const size_t n = row / c.output_height, y = row % c.output_height;
    for (size_t x = 0; x < c.output_width; ++x) {
      for (size_t o = 0; o < c.output_channels; ++o) {
        const int32_t acc = c.input_s16 ? accumulate(c, static_cast<const int16_t*>(input), n, y, x, o)
                                        : accumulate(c, static_cast<const int8_t*>(input), n, y, x, o);
        store_conv_s16(c, o, acc, output, (row * c.output_width + x) * c.output_channels + o);
      }
    }
  }
}

}  // namespace

extern const ConvS16Kernel conv_s16_reference_kernel;
const ConvS16Kernel conv_s16_reference_kernel = {
    "conv_s16_reference", kPortable, supports, no_bytes, pack, no_bytes, items, run};

}  // namespace octet::kernels
