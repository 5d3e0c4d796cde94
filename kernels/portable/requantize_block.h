// SPDX-License-Identifier: Apache-2.0
//
// requantize (kernels/requantize.h) of many accumulators with one multiplier and shift, in a form that
// compilers turn into vector code on any CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/requantize.h"

namespace octet::kernels {

struct BlockRequantize {
  int32_t multiplier, right_shift;  // right_shift in [-16, 31]
  int32_t zero_point, min, max;
};

// One accumulator; |acc| + 2^30 fits in s32. A left shift saturates to s16 first: what saturates there
// saturates after the shift too. The sum with the zero point need not saturate to s16: whatever leaves s16
// is beyond s8 after >> 6 anyway.
template <bool kLeft>
inline int8_t requantize_in_block(int32_t acc, const BlockRequantize& r) {
  const int32_t shifted = kLeft ? saturate_s16(acc) * (1 << -r.right_shift)
                                : (acc + (r.right_shift > 0 ? 1 << (r.right_shift - 1) : 0)) >> r.right_shift;
  const int32_t t = clamp_s32(shifted, -32768, 32767);
  const int32_t q = (multiply_q15(t, r.multiplier) + 64 * r.zero_point + 32) >> 6;
  return static_cast<int8_t>(clamp_s32(q, r.min, r.max));
}

inline void requantize_block(const int32_t* acc, size_t n, const BlockRequantize& requantize,
                             int8_t* __restrict output) {
  const BlockRequantize r = requantize;
  if (r.right_shift < 0) {
    for (size_t i = 0; i < n; ++i) output[i] = requantize_in_block<true>(acc[i], r);
  } else {
    for (size_t i = 0; i < n; ++i) output[i] = requantize_in_block<false>(acc[i], r);
  }
}

}  // namespace octet::kernels
