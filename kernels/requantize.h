// SPDX-License-Identifier: Apache-2.0
//
// requantize, the one rule that turns an s32 accumulator into s8 or s16
// (design: docs/numerics.md, rule 3). Every kernel equals it bit for bit.
#pragma once

#include <cstdint>

namespace octet::kernels {

constexpr int32_t saturate_s16(int64_t x) {
  return static_cast<int32_t>(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}

constexpr int32_t saturate_s8(int32_t x) { return x < -128 ? -128 : x > 127 ? 127 : x; }

constexpr int32_t clamp_s32(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}

// The Q15 multiply with rounding: pmulhrsw, sqrdmulh. a * b = 2^30 only for
// a = b = -2^15, which no multiplier reaches.
constexpr int32_t multiply_q15(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

//   t = saturate_s16((acc + (p > 0 ? 2^(p-1) : 0)) >> p)
//   r = (t * m + 2^14) >> 15
// with p = right_shift in [-16, 31] (negative: left shift) and m = multiplier in [2^14, 2^15) or 0.
constexpr int32_t scale_accumulator(int32_t acc, int32_t multiplier, int32_t right_shift) {
  const int64_t wide = acc;
  const int64_t shifted = right_shift > 0
                              ? (wide + (int64_t{1} << (right_shift - 1))) >> right_shift
                              : wide * (int64_t{1} << -right_shift);
  return multiply_q15(saturate_s16(shifted), multiplier);
}

//   q = clamp(saturate_s8((r + 64 * zero_point + 32) >> 6), output_min, output_max)
// with r + 64 * zero_point + 32 saturating to s16.
constexpr int8_t requantize(int32_t acc, int32_t multiplier, int32_t right_shift,
                            int32_t zero_point, int32_t output_min, int32_t output_max) {
  const int32_t r = scale_accumulator(acc, multiplier, right_shift);
  const int32_t q = saturate_s8(saturate_s16(r + 64 * zero_point + 32) >> 6);
  return static_cast<int8_t>(clamp_s32(q, output_min, output_max));
}

// Activations in 16 bits: zero point 0, values in [kS16Min, kS16Max]. What lies beyond comes from outside
// only; every kernel takes it as it is.
constexpr int32_t kS16Min = -16384, kS16Max = 16383;

// To s16: q = clamp(r, output_min, output_max). As m / 2^15 >= 1/2, r reaches the whole range, and t
// saturates only where q does.
constexpr int16_t requantize_s16(int32_t acc, int32_t multiplier, int32_t right_shift, int32_t output_min,
                                 int32_t output_max) {
  return static_cast<int16_t>(
      clamp_s32(scale_accumulator(acc, multiplier, right_shift), output_min, output_max));
}

}  // namespace octet::kernels
