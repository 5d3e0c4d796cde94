// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 in plain C++, any geometry: the accumulators of one output
// pixel stand in scratch, and each tap adds its pixel times its weights to all of
// them, so that compilers vectorize over the channels.
//
// Packed: s32 bias[C] with the zero point folded in, then s8 weights[tap][C]. Taps
// outside the input add input_zero_point times their weights: a pixel of it is in scratch.
#include <cstring>

#include "kernels/conv_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS8& c) {
  return c.groups == c.input_channels && c.output_channels == c.input_channels && c.groups > 1;
}

size_t taps(const ConvS8& c) { return c.kernel_height * c.kernel_width; }
size_t packed_bytes(const ConvS8& c) { return c.input_channels * (sizeof(uint32_t) + taps(c)); }

void pack(const ConvS8& c, void* packed) {
  auto* bias = static_cast<uint32_t*>(packed);
  auto* weights = reinterpret_cast<int8_t*>(bias + c.input_channels);
  for (size_t o = 0; o < c.input_channels; ++o) {
    bias[o] = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
    for (size_t t = 0; t < taps(c); ++t) {
      const int8_t w = c.weights[o * taps(c) + t];
      bias[o] -= static_cast<uint32_t>(c.input_zero_point) * static_cast<uint32_t>(int32_t{w});
      weights[t * c.input_channels + o] = w;
    }
  }
}

size_t scratch_bytes(const ConvS8& c) { return c.input_channels * (sizeof(uint32_t) + 1); }
size_t items(const ConvS8& c) { return c.batch * c.output_height; }  // rows of output

void add_tap(const int8_t* pixel, const int8_t* weights, size_t channels, uint32_t* acc) {
  for (size_t i = 0; i < channels; ++i)
    acc[i] += static_cast<uint32_t>(int32_t{static_cast<int16_t>(int16_t{pixel[i]} * int16_t{weights[i]})});
}

void accumulate(const ConvS8& c, const int8_t* image, size_t y, size_t x, const int8_t* weights,
                const int8_t* padding, uint32_t* acc) {
  const size_t channels = c.input_channels;
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    for (size_t kx = 0; kx < c.kernel_width; ++kx, weights += channels) {
      const size_t in_x = x * c.stride_width + kx * c.dilation_width - c.pad_left;
      const bool inside = in_y < c.input_height && in_x < c.input_width;
      add_tap(inside ? image + (in_y * c.input_width + in_x) * channels : padding, weights, channels, acc);
    }
  }
}

void store_pixel(const ConvS8& c, const uint32_t* acc, void* output, size_t offset) {
  for (size_t o = 0; o < c.output_channels; ++o) {
    const auto value = static_cast<int32_t>(acc[o]);
    if (c.accumulator_scale) {
      static_cast<float*>(output)[offset + o] = static_cast<float>(value) * c.accumulator_scale[o];
      continue;
    }
    const int8_t q =
        requantize(value, c.multiplier[o], c.right_shift[o], c.output_zero_point, c.output_min, c.output_max);
    static_cast<int8_t*>(output)[offset + o] = c.output_table ? c.output_table[q + 128] : q;
  }
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const size_t channels = c.input_channels;
  auto* acc = static_cast<uint32_t*>(scratch);
  auto* padding = reinterpret_cast<int8_t*>(acc + channels);
  std::memset(padding, c.input_zero_point, channels);
  const auto* bias = static_cast<const uint32_t*>(packed);
  const auto* weights = reinterpret_cast<const int8_t*>(bias + channels);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    const int8_t* image = input + n * c.input_height * c.input_width * channels;
    for (size_t x = 0; x < c.output_width; ++x) {
      std::memcpy(acc, bias, channels * sizeof(uint32_t));
      accumulate(c, image, y, x, weights, padding, acc);
      store_pixel(c, acc, output, n * strides.batch + y * strides.row + x * strides.pixel);
    }
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_portable_kernel;
const ConvS8Kernel conv_s8_depthwise_portable_kernel = {
    "conv_s8_depthwise_portable", kPortable, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
