// SPDX-License-Identifier: Apache-2.0
//
// What the depthwise conv_s8 kernels on x86 share: which convolutions they take,
// one channel's parameters, rows of padding, and the table behind the output.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/conv_s8.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {
namespace {

// One output channel per input channel, s8 output. A single channel is a matrix product.
inline bool is_depthwise(const ConvS8& c) {
  return c.groups == c.input_channels && c.output_channels == c.input_channels && c.input_channels > 1 &&
         c.accumulator_scale == nullptr;
}

struct DepthwiseChannel {
  uint32_t bias;        // zero point and rounding term folded in, and shifted by weight_shift
  int32_t right, left;  // shifts of the accumulator
  int weight_shift;     // shift of the s16 weights, at most 8
};

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

// A left shift (p < 0) is free when it is taken by the weights, w << 8 fits in s16, as long as the
// shifted accumulator fits in s32: the bound * 2^-p < 2^31.
inline DepthwiseChannel depthwise_channel(const ConvS8& c, size_t o) {
  const int p = c.right_shift[o];
  DepthwiseChannel channel = {};
  channel.bias = depthwise_bias(c, o, c.input_zero_point);
  if (p > 0) channel.bias += uint32_t{1} << (p - 1);
  channel.right = p > 0 ? p : 0;
  if (p >= 0) return channel;
  if (p >= -8 && depthwise_bound(c, o) < (int64_t{1} << (31 + p))) {
    channel.weight_shift = -p;
    channel.bias <<= -p;
  } else {
    channel.left = -p;
  }
  return channel;
}

inline int16_t depthwise_weight(const ConvS8& c, const DepthwiseChannel& channel, size_t o, size_t tap) {
  const int w = c.weights[o * c.kernel_height * c.kernel_width + tap];
  return static_cast<int16_t>(w * (1 << channel.weight_shift));
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

// Applies the table to one row of outputs.
inline void depthwise_apply_table(const ConvS8& c, int8_t* row, size_t pixel_stride) {
  if (!c.output_table) return;
  TableParts parts;
  make_table_parts(c.output_table, &parts);
  apply_table_to_pixels(parts, row, c.output_width, pixel_stride, c.output_channels);
}

}  // namespace
}  // namespace octet::kernels
