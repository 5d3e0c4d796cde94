// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of conv_s8_depthwise_lines.h on AVX2: two pixels are interleaved
// with zeros below them, which makes pairs of s16, x * 2^8, and pmaddwd with a pair
// of weights adds two taps exactly. The accumulator is 2^8 times as large, and
// right_shift + 8 takes that back, so that left shifts down to p = -8 are free.
#pragma once

#include "kernels/x86/conv_s8_depthwise_lines.h"

namespace octet::kernels {
namespace {

struct DepthwisePairs {
  static constexpr size_t kElements = 2, kMaxWidth = 32;
  static constexpr bool kShiftsLeft = false;
  static constexpr size_t kFewChannels = 16;  // with no more than so many the general kernel is faster
  using Weight = int16_t;

  // acc * 2^8 and its rounding term fit in s32: (|bias| + 255 * sum |w|) * 2^8 + 2^(p + 7) < 2^31. From
  // p = 24 on, acc / 2^p rounds to zero.
  static bool fits(const ConvS8& c) {
    for (size_t o = 0; o < c.output_channels; ++o) {
      const int p = c.right_shift[o];
      const int64_t rounding = p > 0 && p < 24 ? int64_t{1} << (p + 7) : 0;
      if (p < -8 || depthwise_bound(c, o) * 256 + rounding >= int64_t{1} << 31) return false;
    }
    return true;
  }

  static DepthwiseChannel channel(const ConvS8& c, size_t o) {
    const int p = c.right_shift[o];
    DepthwiseChannel channel = {};
    if (p >= 24) return channel;
    channel.bias = depthwise_bias(c, o, c.input_zero_point) << 8;
    if (p > 0) channel.bias += uint32_t{1} << (p + 7);
    channel.right = p + 8;
    channel.weight_shift = 1;
    return channel;
  }
  static int16_t weight(const DepthwiseChannel& channel, int8_t w) {
    return channel.weight_shift ? w : int16_t{0};
  }

  template <class V>
  static V prepare(V pixel) {
    return pixel;
  }
  template <class V>
  static __attribute__((always_inline)) inline void interleave(const V (&p)[2], V (&quarters)[4]) {
    const V zero = splat8<V>(0), low = low8(p[0], p[1]), high = high8(p[0], p[1]);
    quarters[0] = low8(zero, low);
    quarters[1] = high8(zero, low);
    quarters[2] = low8(zero, high);
    quarters[3] = high8(zero, high);
  }
  template <class V>
  static V multiply_add(V acc, V data, V weights) {
    return add_products(acc, data, weights);
  }
};

}  // namespace
}  // namespace octet::kernels
