// SPDX-License-Identifier: Apache-2.0
//
// Left shifts (p < 0) of accumulators that need no saturation. Anonymous: each ISA file has its own copy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/conv_s8.h"

namespace octet::kernels {
namespace {

// Whether acc << -p stays within s32 for every input.
inline bool left_shift_fits(const ConvS8& c, size_t o) {
  const size_t k = c.kernel_height * c.kernel_width * (c.input_channels / c.groups);
  const int64_t bias = c.bias ? c.bias[o] : 0;
  int64_t bound = bias < 0 ? -bias : bias;
  for (size_t i = 0; i < k; ++i) {
    const int64_t w = c.weights[o * k + i];
    bound += 255 * (w < 0 ? -w : w);
  }
  return c.right_shift[o] > -31 && bound < int64_t{1} << (31 + c.right_shift[o]);
}

}  // namespace
}  // namespace octet::kernels
