// SPDX-License-Identifier: Apache-2.0
//
// What the depthwise conv_s8 kernels on x86 add to kernels/conv_s8_depthwise.h: left shifts
// that s16 weights take, and the table behind the output.
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/conv_s8_depthwise.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {
namespace {

struct DepthwiseChannel {
  uint32_t bias;        // zero point and rounding term folded in, and shifted by weight_shift
  int32_t right, left;  // shifts of the accumulator
  int weight_shift;     // shift of the s16 weights, at most 8
};

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

// Applies the table to one row of outputs.
inline void depthwise_apply_table(const ConvS8& c, int8_t* row, size_t pixel_stride) {
  if (!c.output_table) return;
  TableParts parts;
  make_table_parts(c.output_table, &parts);
  apply_table_to_pixels(parts, row, c.output_width, pixel_stride, c.output_channels);
}

}  // namespace
}  // namespace octet::kernels
