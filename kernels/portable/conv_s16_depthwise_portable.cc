// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s16 in plain C++, any geometry: the accumulators of one output pixel stand in scratch, and
// each tap inside the input adds its pixel times its weights to all of them, so that compilers vectorize over
// the channels.
//
// Packed: s8 weights[tap][C].
#include <cstring>

#include "kernels/conv_s16_output.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS16& c) {
  return c.groups == c.input_channels && c.output_channels == c.input_channels && c.groups > 1;
}

size_t taps(const ConvS16& c) { return c.kernel_height * c.kernel_width; }
size_t packed_bytes(const ConvS16& c) { return c.input_channels * taps(c); }

void pack(const ConvS16& c, void* packed) {
  auto* weights = static_cast<int8_t*>(packed);
  for (size_t o = 0; o < c.input_channels; ++o)
    for (size_t t = 0; t < taps(c); ++t) weights[t * c.input_channels + o] = c.weights[o * taps(c) + t];
}

size_t scratch_bytes(const ConvS16& c) { return c.input_channels * sizeof(uint32_t); }
size_t items(const ConvS16& c) { return c.batch * c.output_height; }  // rows of output

template <class T>
void add_tap(const T* pixel, int32_t zero_point, const int8_t* weights, size_t channels, uint32_t* acc) {
  for (size_t i = 0; i < channels; ++i)
    acc[i] += static_cast<uint32_t>((int32_t{pixel[i]} - zero_point) * int32_t{weights[i]});
}

template <class T>
void accumulate(const ConvS16& c, const T* image, size_t y, size_t x, const int8_t* weights, uint32_t* acc) {
  const size_t channels = c.input_channels;
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    for (size_t kx = 0; kx < c.kernel_width; ++kx, weights += channels) {
      const size_t in_x = x * c.stride_width + kx * c.dilation_width - c.pad_left;
      if (in_y >= c.input_height || in_x >= c.input_width) continue;
      add_tap(image + (in_y * c.input_width + in_x) * channels, c.input_zero_point, weights, channels, acc);
    }
  }
}

template <class T>
void run_rows(const ConvS16& c, const int8_t* weights, const T* input, void* output, size_t first_item,
              size_t last_item, uint32_t* acc) {
  const size_t channels = c.input_channels;
  for (size_t item = first_item; item < last_item; ++item) {
    const T* image = input + item / c.output_height * c.input_height * c.input_width * channels;
    for (size_t x = 0; x < c.output_width; ++x) {
      if (c.bias)
        std::memcpy(acc, c.bias, channels * sizeof(uint32_t));
      else
        std::memset(acc, 0, channels * sizeof(uint32_t));
      accumulate(c, image, item % c.output_height, x, weights, acc);
      for (size_t o = 0; o < channels; ++o)
        store_conv_s16(c, o, static_cast<int32_t>(acc[o]), output,
                       (item * c.output_width + x) * channels + o);
    }
  }
}

void run(const ConvS16& c, const void* packed, const void* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const auto* weights = static_cast<const int8_t*>(packed);
  auto* acc = static_cast<uint32_t*>(scratch);
  if (c.input_s16)
    run_rows(c, weights, static_cast<const int16_t*>(input), output, first_item, last_item, acc);
  else
    run_rows(c, weights, static_cast<const int8_t*>(input), output, first_item, last_item, acc);
}

}  // namespace

extern const ConvS16Kernel conv_s16_depthwise_portable_kernel;
const ConvS16Kernel conv_s16_depthwise_portable_kernel = {
    "conv_s16_depthwise_portable", kPortable, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
