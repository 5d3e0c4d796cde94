// SPDX-License-Identifier: Apache-2.0
//
// The way from an accumulator of conv_s16 to its output, one at a time.
#pragma once

#include "kernels/conv_s16.h"
#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

// Output `at` of `output`, which is of channel o.
inline void store_conv_s16(const ConvS16& c, size_t o, int32_t acc, void* output, size_t at) {
  if (c.accumulator_scale) {
    static_cast<float*>(output)[at] = static_cast<float>(acc) * c.accumulator_scale[o];
    return;
  }
  const int32_t m = c.multiplier[o], p = c.right_shift[o];
  if (c.output_s16) {
    static_cast<int16_t*>(output)[at] = requantize_s16(acc, m, p, c.output_min, c.output_max);
    return;
  }
  const int8_t q = requantize(acc, m, p, c.output_zero_point, c.output_min, c.output_max);
  static_cast<int8_t*>(output)[at] = c.output_table ? c.output_table[q + 128] : q;
}

}  // namespace
}  // namespace octet::kernels
