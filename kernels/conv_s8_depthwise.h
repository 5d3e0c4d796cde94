// SPDX-License-Identifier: Apache-2.0
//
// What the depthwise conv_s8 kernels of all instruction sets share: which convolutions they
// take, a channel's bias and bound, the rows and taps of an output, and portions of the work.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/conv_s8.h"

namespace octet::kernels {
namespace {

// One output channel per input channel, s8 output. A single channel is a matrix product.
inline bool is_depthwise(const ConvS8& c) {
  return c.groups == c.input_channels && c.output_channels == c.input_channels && c.input_channels > 1 &&
         c.accumulator_scale == nullptr;
}

// The bias less zero_point * sum w: what the accumulators start with, whose inputs are not less their zero
// point.
inline uint32_t depthwise_bias(const ConvS8& c, size_t o, int32_t zero_point) {
  const size_t taps = c.kernel_height * c.kernel_width;
  int32_t sum = 0;
  for (size_t t = 0; t < taps; ++t) sum += c.weights[o * taps + t];
  const uint32_t bias = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
  return bias - static_cast<uint32_t>(zero_point) * static_cast<uint32_t>(sum);
}

// No accumulator of channel o is larger: |bias| + 255 * sum |w|.
inline int64_t depthwise_bound(const ConvS8& c, size_t o) {
  const size_t taps = c.kernel_height * c.kernel_width;
  int32_t sum = 0;
  for (size_t t = 0; t < taps; ++t) {
    const int32_t w = c.weights[o * taps + t];
    sum += w < 0 ? -w : w;
  }
  const int64_t bias = c.bias ? c.bias[o] : 0;
  return (bias < 0 ? -bias : bias) + int64_t{255} * sum;
}

// Blocks of `width` channels, the last moved back so that it ends at the last channel.
inline size_t depthwise_blocks(size_t channels, size_t width) { return (channels + width - 1) / width; }
inline size_t depthwise_first_channel(size_t channels, size_t width, size_t block) {
  const size_t first = block * width;
  return first + width <= channels ? first : channels - width;
}

// Input row y of image n, or `padding` where it lies outside.
inline const int8_t* depthwise_row(const ConvS8& c, const int8_t* input, size_t n, ptrdiff_t y,
                                   const int8_t* padding) {
  if (y < 0 || y >= static_cast<ptrdiff_t>(c.input_height)) return padding;
  return input + (n * c.input_height + static_cast<size_t>(y)) * c.input_width * c.input_channels;
}

// The addresses of the taps of output pixel (n, y, x). `padding` is a row of input_zero_point.
inline void depthwise_taps(const ConvS8& c, const int8_t* input, size_t n, size_t y, size_t x,
                           const int8_t* padding, const int8_t** taps) {
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const auto in_y = static_cast<ptrdiff_t>(y * c.stride_height + ky * c.dilation_height) -
                      static_cast<ptrdiff_t>(c.pad_top);
    const int8_t* row = depthwise_row(c, input, n, in_y, padding);
    size_t in_x = x * c.stride_width - c.pad_left;  // left of the input: wraps
    for (size_t kx = 0; kx < c.kernel_width; ++kx, in_x += c.dilation_width)
      *taps++ = in_x < c.input_width ? row + in_x * c.input_channels : padding;
  }
}

// A row of output: body(taps, x, count) for spans of `count` outputs from x on, whose taps are those
// given moved by stride_width pixels for each further output. Where all columns lie inside, that is
// one span (rows outside are the padding row); pixels at the edges are spans of their own.
template <class Body>
inline void for_each_span(const ConvS8& c, const int8_t* input, size_t n, size_t y, const int8_t* padding,
                          const int8_t** taps, const Body& body) {
  const size_t window = (c.kernel_width - 1) * c.dilation_width + 1, reach = c.input_width + c.pad_left;
  size_t begin = (c.pad_left + c.stride_width - 1) / c.stride_width;
  size_t end = reach < window ? 0 : (reach - window) / c.stride_width + 1;
  begin = begin < c.output_width ? begin : c.output_width;
  end = end < begin ? begin : end < c.output_width ? end : c.output_width;
  for (size_t x = 0; x < c.output_width;) {
    const size_t count = x == begin && begin < end ? end - begin : 1;
    depthwise_taps(c, input, n, y, x, padding, taps);
    body(taps, x, count);
    x += count;
  }
}

constexpr size_t kDepthwiseGroup = 64;  // channels of a cache line, which are computed row by row

// Calls body(first, last) for portions of the items, `rows` rows of output each, whose input and output stay
// in the L2 cache while one group of channels after the other is computed. An even number of items, as some
// blocks compute two at once.
template <class Body>
inline void for_each_portion(const ConvS8& c, size_t rows, size_t first_item, size_t last_item,
                             const Body& body) {
  constexpr size_t kBytes = 128 << 10;
  const size_t item_bytes = rows * c.input_channels * (c.stride_height * c.input_width + c.output_width) + 1;
  const size_t items = kBytes / item_bytes / 2 * 2 + 2;
  for (; first_item < last_item; first_item += items)
    body(first_item, first_item + items < last_item ? first_item + items : last_item);
}

}  // namespace
}  // namespace octet::kernels
