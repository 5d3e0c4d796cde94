// SPDX-License-Identifier: Apache-2.0
//
// exp_f32 on AArch64: four values at a time in double, rounded to f32 once; the method, the band around
// halfway and the proof are those of x86/exp_f32_avx2.cc. ARMv7's NEON has no doubles.
#include <arm_neon.h>

#include <cstdint>

#include "kernels/exp_f32.h"

namespace octet::kernels {
namespace {

// The low 29 bits of a double are what f32 rounds away: halfway is 2^28, and 2^29 is one step.
constexpr uint32_t kStep = 1u << 29, kHalfway = 1u << 28, kBand = 1u << 22;

// a + b * x in both lanes.
inline float64x2_t line(double a, double b, float64x2_t x) {
  return vfmaq_f64(vdupq_n_f64(a), vdupq_n_f64(b), x);
}

// exp of two values in [-87, 87].
inline float64x2_t exp_double(float64x2_t x) {
  // Added to it, k = round(x / ln 2) stands in the low bits of the double.
  const float64x2_t shift = vdupq_n_f64(6755399441055744.0);  // 3 * 2^51
  const float64x2_t shifted = vfmaq_f64(shift, x, vdupq_n_f64(1.4426950408889634));
  const float64x2_t k = vsubq_f64(shifted, shift);
  const float64x2_t r = vfmsq_f64(x, k, vdupq_n_f64(0.69314718055994531)), r2 = vmulq_f64(r, r);
  float64x2_t p = line(1.0 / 40320, 1.0 / 362880, r);
  p = vfmaq_f64(line(1.0 / 720, 1.0 / 5040, r), p, r2);
  p = vfmaq_f64(line(1.0 / 24, 1.0 / 120, r), p, r2);
  p = vfmaq_f64(line(1.0 / 2, 1.0 / 6, r), p, r2);
  p = vfmaq_f64(vaddq_f64(r, vdupq_n_f64(1)), p, r2);
  // p is in [0.7, 1.42]: its exponent has room for k.
  const int64x2_t exponent = vshlq_n_s64(vreinterpretq_s64_f64(shifted), 52);
  return vreinterpretq_f64_s64(vaddq_s64(vreinterpretq_s64_f64(p), exponent));
}

// exp(x) where the mask is 0; where it is not, the lane of *result is anything.
inline uint32x4_t exp_4(float32x4_t x, float32x4_t* result) {
  const uint32x4_t inside = vcaleq_f32(x, vdupq_n_f32(87));  // not so for NaN
  const float64x2_t low = exp_double(vcvt_f64_f32(vget_low_f32(x))), high = exp_double(vcvt_high_f64_f32(x));
  *result = vcvt_high_f32_f64(vcvt_f32_f64(low), high);
  const uint32x4_t bits = vuzp1q_u32(vreinterpretq_u32_f64(low), vreinterpretq_u32_f64(high));
  const uint32x4_t in_step =
      vandq_u32(vaddq_u32(bits, vdupq_n_u32(kBand - kHalfway)), vdupq_n_u32(kStep - 1));
  return vornq_u32(vcltq_u32(in_step, vdupq_n_u32(2 * kBand)), inside);
}

// The lanes of `open`, one by one.
void exp_lanes(float32x4_t x, uint32x4_t open, float* output) {
  float input[4];
  uint32_t is_open[4];
  vst1q_f32(input, x);
  vst1q_u32(is_open, open);
  for (int i = 0; i < 4; ++i)
    if (is_open[i] != 0) exp_f32_portable(input + i, output + i, 1);
}

}  // namespace

void exp_f32_aarch64(const float* input, float* output, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const float32x4_t x = vld1q_f32(input + i);
    float32x4_t result;
    const uint32x4_t open = exp_4(x, &result);
    vst1q_f32(output + i, result);
    if (vmaxvq_u32(open) != 0) exp_lanes(x, open, output + i);
  }
  exp_f32_portable(input + i, output + i, count - i);
}

}  // namespace octet::kernels
