// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of conv_s8_depthwise_lines.h on VNNI: four pixels are interleaved
// into quads of bytes per channel, q + 128, and vpdpbusd with a quad of weights adds
// four taps exactly. The bias takes (input_zero_point + 128) * sum w back.
//
// The including file defines dot_u8s8(acc, u8, s8) for its vectors first.
#pragma once

#include "kernels/x86/conv_s8_depthwise_lines.h"

namespace octet::kernels {
namespace {

template <size_t kWidestVector>
struct DepthwiseQuads {
  static constexpr size_t kElements = 4, kMaxWidth = kWidestVector;
  static constexpr bool kShiftsLeft = true;
  static constexpr size_t kFewChannels = 0;  // with no more than so many the general kernel is faster
  using Weight = int8_t;

  static bool fits(const ConvS8& c) { return left_shifts_fit(c); }

  static DepthwiseChannel channel(const ConvS8& c, size_t o) {
    const int p = c.right_shift[o];
    DepthwiseChannel channel = {};
    channel.bias = depthwise_bias(c, o, c.input_zero_point + 128);
    if (p > 0) channel.bias += uint32_t{1} << (p - 1);
    channel.right = p > 0 ? p : 0;
    channel.left = p < 0 ? -p : 0;
    return channel;
  }
  static int8_t weight(const DepthwiseChannel&, int8_t w) { return w; }

  template <class V>
  static V prepare(V pixel) {
    return flip(pixel);
  }
  template <class V>
  static __attribute__((always_inline)) inline void interleave(const V (&p)[4], V (&quarters)[4]) {
    const V low_ab = low8(p[0], p[1]), high_ab = high8(p[0], p[1]);
    const V low_cd = low8(p[2], p[3]), high_cd = high8(p[2], p[3]);
    quarters[0] = low16(low_ab, low_cd);
    quarters[1] = high16(low_ab, low_cd);
    quarters[2] = low16(high_ab, high_cd);
    quarters[3] = high16(high_ab, high_cd);
  }
  template <class V>
  static V multiply_add(V acc, V data, V weights) {
    return dot_u8s8(acc, data, weights);
  }
};

}  // namespace
}  // namespace octet::kernels
