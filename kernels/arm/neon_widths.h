// SPDX-License-Identifier: Apache-2.0
//
// Operations on whole vectors that AArch64 has and ARMv7 needs two or more of. Anonymous: each ISA file has
// its own copy.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace octet::kernels {
namespace {

#if defined(__aarch64__)

// The high bytes of the lanes of a, then of b.
inline int8x16_t high_bytes(int16x8_t a, int16x8_t b) {
  return vuzp2q_s8(vreinterpretq_s8_s16(a), vreinterpretq_s8_s16(b));
}
inline int8_t max_of_lanes(int8x16_t v) { return vmaxvq_s8(v); }
inline int8_t min_of_lanes(int8x16_t v) { return vminvq_s8(v); }
inline int32_t sum_of_lanes(int32x4_t v) { return vaddvq_s32(v); }
inline bool any_bit(uint32x4_t v) { return vmaxvq_u32(v) != 0; }

#else

inline int8x16_t high_bytes(int16x8_t a, int16x8_t b) {
  return vcombine_s8(vshrn_n_s16(a, 8), vshrn_n_s16(b, 8));
}
inline int8_t max_of_lanes(int8x16_t v) {
  int8x8_t half = vmax_s8(vget_low_s8(v), vget_high_s8(v));
  for (int i = 0; i < 3; ++i) half = vpmax_s8(half, half);
  return vget_lane_s8(half, 0);
}
inline int8_t min_of_lanes(int8x16_t v) {
  int8x8_t half = vmin_s8(vget_low_s8(v), vget_high_s8(v));
  for (int i = 0; i < 3; ++i) half = vpmin_s8(half, half);
  return vget_lane_s8(half, 0);
}
inline int32_t sum_of_lanes(int32x4_t v) {
  const int32x2_t half = vadd_s32(vget_low_s32(v), vget_high_s32(v));
  return vget_lane_s32(vpadd_s32(half, half), 0);
}
inline bool any_bit(uint32x4_t v) {
  return vget_lane_u64(vreinterpret_u64_u32(vorr_u32(vget_low_u32(v), vget_high_u32(v))), 0) != 0;
}

#endif

}  // namespace
}  // namespace octet::kernels
