// SPDX-License-Identifier: Apache-2.0
//
// Sixteen activations of s8 or s16 in two vectors of s16, for the elementwise kernels of 16 bits on NEON
// (AArch64 and ARMv7). Anonymous: each ISA file has its own copy.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace octet::kernels {
namespace {

constexpr size_t kActivations = 16;

inline int16x8x2_t load_activations(const int16_t* from) { return {{vld1q_s16(from), vld1q_s16(from + 8)}}; }
inline int16x8x2_t load_activations(const int8_t* from) {
  const int8x16_t q = vld1q_s8(from);
  return {{vmovl_s8(vget_low_s8(q)), vmovl_s8(vget_high_s8(q))}};
}

inline int16x8_t all_s16(int32_t value) { return vdupq_n_s16(static_cast<int16_t>(value)); }

// The clamp of an output of either type, and for s8 what is added before the last shift.
struct ActivationOutput {
  bool s16;
  int16x8_t min, max;
  int16x8_t constant, shift;

  ActivationOutput(bool is_s16, int32_t low, int32_t high, int32_t zero_point, int32_t fractional_bits)
      : s16(is_s16),
        min(all_s16(low)),
        max(all_s16(high)),
        constant(all_s16(zero_point * (1 << fractional_bits) +
                         (fractional_bits > 0 ? 1 << (fractional_bits - 1) : 0))),
        shift(all_s16(-fractional_bits)) {}

  int16x8_t clamp(int16x8_t q) const { return vminq_s16(vmaxq_s16(q, min), max); }
  // What leaves s8 leaves [min, max] too.
  int8x8_t narrow(int16x8_t r) const { return vmovn_s16(clamp(vshlq_s16(vqaddq_s16(r, constant), shift))); }

  // Outputs 16 of them; r with fractional bits if they are s8.
  void store(const int16x8x2_t& r, void* output, size_t at) const {
    if (s16) {
      int16_t* to = static_cast<int16_t*>(output) + at;
      vst1q_s16(to, clamp(r.val[0]));
      return vst1q_s16(to + 8, clamp(r.val[1]));
    }
    vst1q_s8(static_cast<int8_t*>(output) + at, vcombine_s8(narrow(r.val[0]), narrow(r.val[1])));
  }
};

}  // namespace
}  // namespace octet::kernels
