// SPDX-License-Identifier: Apache-2.0
//
// The steps of requantize (kernels/requantize.h) on NEON vectors, for AArch64 and ARMv7:
//
//   t = high halves of saturate_s32(acc << (16 - p))     sqshl, uzp2
//   r = (t * m + 2^14) >> 15                             sqrdmulh
//   q = saturate_s8((r + 64 * zero_point + 32) >> 6)     sqadd, sqshrn
//
// sqshl shifts right, without rounding, where 16 - p is negative. So t = saturate_s16(acc >> p) for every p
// in
// [-16, 31]: what leaves s32 on the left shift is what leaves s16. With the clamp, 14 operations for 16
// outputs. The shift 16 - p is stored per channel (stored_shift), and the rounding term 2^(p-1) is in the
// bias (rounding_term); Requantizer below is for sums that have no bias.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/partial_neon.h"

namespace octet::kernels {
namespace {

constexpr int32_t stored_shift(int32_t right_shift) { return 16 - right_shift; }
constexpr uint32_t rounding_term(int32_t right_shift) {
  return right_shift > 0 ? uint32_t{1} << (right_shift - 1) : 0;
}

// What all channels of a convolution share from acc to the output.
struct RequantizeRange {
  int16x8_t zero_point;  // 64 * output_zero_point + 32
  int8x16_t min, max;

  RequantizeRange(int32_t output_zero_point, int32_t output_min, int32_t output_max)
      : zero_point(vdupq_n_s16(static_cast<int16_t>(64 * output_zero_point + 32))),
        min(vdupq_n_s8(static_cast<int8_t>(output_min))),
        max(vdupq_n_s8(static_cast<int8_t>(output_max))) {}
  int8x16_t clamp(int8x16_t q) const { return vminq_s8(vmaxq_s8(q, min), max); }
  int8x8_t clamp(int8x8_t q) const { return vmin_s8(vmax_s8(q, vget_low_s8(min)), vget_low_s8(max)); }
};

// The high halves of the lanes of a, then of b.
inline int16x8_t high_halves(int32x4_t a, int32x4_t b) {
#if defined(__aarch64__)
  return vuzp2q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
#else
  return vcombine_s16(vshrn_n_s32(a, 16), vshrn_n_s32(b, 16));
#endif
}

// saturate_s16(acc >> p) of eight channels; the shifts as stored_shift() has them.
inline int16x8_t shift_to_s16(int32x4_t a, int32x4_t b, int32x4_t shift_a, int32x4_t shift_b) {
  return high_halves(vqshlq_s32(a, shift_a), vqshlq_s32(b, shift_b));
}

// r + 64 * zero_point + 32, saturated to s16; six fractional bits.
inline int16x8_t multiply_s16(int16x8_t t, int16x8_t multiplier, int16x8_t zero_point) {
  return vqaddq_s16(vqrdmulhq_s16(t, multiplier), zero_point);
}

// Drops the six fractional bits; not yet clamped.
inline int8x16_t narrow_to_s8(int16x8_t low, int16x8_t high) {
#if defined(__aarch64__)
  return vqshrn_high_n_s16(vqshrn_n_s16(low, 6), high, 6);
#else
  return vcombine_s8(vqshrn_n_s16(low, 6), vqshrn_n_s16(high, 6));
#endif
}

// Shifts and multipliers of eight channels.
struct RequantizeEight {
  int32x4_t shift[2];
  int16x8_t multiplier;

  static RequantizeEight load(const int32_t* shifts, const int16_t* multipliers) {
    return {{vld1q_s32(shifts), vld1q_s32(shifts + 4)}, vld1q_s16(multipliers)};
  }
};

// Eight channels, still with six fractional bits; two of them are narrow_to_s8's arguments.
inline int16x8_t requantize_to_s16(int32x4_t a, int32x4_t b, const RequantizeEight& r,
                                   const RequantizeRange& range) {
  return multiply_s16(shift_to_s16(a, b, r.shift[0], r.shift[1]), r.multiplier, range.zero_point);
}

// Eight outputs.
inline int8x8_t requantize_8(int32x4_t a, int32x4_t b, const RequantizeEight& r,
                             const RequantizeRange& range) {
  return range.clamp(vqshrn_n_s16(requantize_to_s16(a, b, r, range), 6));
}

// Sixteen outputs: of sixteen channels, or (with one RequantizeEight twice) of two pixels' eight channels.
inline int8x16_t requantize_16(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, const RequantizeEight& low,
                               const RequantizeEight& high, const RequantizeRange& range) {
  return range.clamp(narrow_to_s8(requantize_to_s16(a, b, low, range), requantize_to_s16(c, d, high, range)));
}

// With one multiplier m and shift p for all lanes, of sums that lack the rounding term.
struct Requantizer {
  int32x4_t shift;  // -p
  int16x8_t multiplier;
  RequantizeRange range;

  Requantizer(int32_t multiplier_q15, int32_t right_shift, const RequantizeRange& output_range)
      : shift(vdupq_n_s32(-right_shift)),
        multiplier(vdupq_n_s16(static_cast<int16_t>(multiplier_q15))),
        range(output_range) {}
  // saturate_s16((acc + 2^(p-1)) >> p): sqrshl rounds without leaving s32, and shifts left with saturation.
  int16x8_t shift_to_s16(int32x4_t a, int32x4_t b) const {
    return vcombine_s16(vqmovn_s32(vqrshlq_s32(a, shift)), vqmovn_s32(vqrshlq_s32(b, shift)));
  }
  int16x8_t to_s16(int32x4_t a, int32x4_t b) const {
    return multiply_s16(shift_to_s16(a, b), multiplier, range.zero_point);
  }
  int8x8_t requantize_8(int32x4_t a, int32x4_t b) const { return range.clamp(vqshrn_n_s16(to_s16(a, b), 6)); }
  int8x16_t requantize_16(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) const {
    return range.clamp(narrow_to_s8(to_s16(a, b), to_s16(c, d)));
  }
};

// float(acc) * scale. NEON of ARMv7 would make subnormal products zero, so there each is done alone.
inline float32x4_t scale_to_f32(int32x4_t acc, const float* scale) {
#if defined(__aarch64__)
  return vmulq_f32(vcvtq_f32_s32(acc), vld1q_f32(scale));
#else
  float values[4];
  vst1q_f32(values, vcvtq_f32_s32(acc));
  for (size_t i = 0; i < 4; ++i) values[i] = values[i] * scale[i];
  return vld1q_f32(values);
#endif
}

}  // namespace
}  // namespace octet::kernels
