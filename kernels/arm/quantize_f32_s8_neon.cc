// SPDX-License-Identifier: Apache-2.0
//
// quantize_f32_s8 on NEON, 16 values at a time.
//
// AArch64: fcvtns rounds half to even, saturates and makes 0 of NaN; adding the zero point and narrowing
// saturate on.
//
// ARMv7 rounds by adding 1.5 * 2^23 to the clamped product, as the reference does; then the low half of each
// float is the rounded number. NaN stays NaN through clamp and addition, as NEON's default NaN, whose low
// half is 0. And NEON takes subnormal numbers for 0 there. That changes nothing while 2^-126 <= |inv_scale|
// <= 2^125: inv_scale itself is normal then, a product of a subnormal input is below 2^-126 * 2^125 = 1/2,
// and a subnormal product is too; all three round to 0. Other scales are the reference's.
#include "kernels/arm/partial_neon.h"
#include "kernels/quantize_f32_s8.h"

namespace octet::kernels {
namespace {

#if defined(__aarch64__)

struct QuantizeVectors {
  float32x4_t inv_scale;
  int16x8_t zero_point;

  explicit QuantizeVectors(const QuantizeF32S8& q)
      : inv_scale(vdupq_n_f32(q.inv_scale)), zero_point(vdupq_n_s16(static_cast<int16_t>(q.zero_point))) {}
};

inline bool is_exact(const QuantizeF32S8&) { return true; }

// Four products, rounded and saturated to s16.
inline int16x4_t rounded(const float* from, const QuantizeVectors& v) {
  return vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(vld1q_f32(from), v.inv_scale)));
}

#else

struct QuantizeVectors {
  float32x4_t inv_scale, low, high;  // low, high: -128 - zero_point, 127 - zero_point
  int16x8_t zero_point;

  explicit QuantizeVectors(const QuantizeF32S8& q)
      : inv_scale(vdupq_n_f32(q.inv_scale)),
        low(vdupq_n_f32(static_cast<float>(-128 - q.zero_point))),
        high(vdupq_n_f32(static_cast<float>(127 - q.zero_point))),
        zero_point(vdupq_n_s16(static_cast<int16_t>(q.zero_point))) {}
};

inline bool is_exact(const QuantizeF32S8& q) {
  const float size = q.inv_scale < 0 ? -q.inv_scale : q.inv_scale;
  return size >= 0x1p-126f && size <= 0x1p125f;
}

// Four products, clamped and rounded.
inline int16x4_t rounded(const float* from, const QuantizeVectors& v) {
  const float32x4_t y = vmulq_f32(vld1q_f32(from), v.inv_scale);
  const float32x4_t shifted = vaddq_f32(vminq_f32(vmaxq_f32(y, v.low), v.high), vdupq_n_f32(12582912.0f));
  return vmovn_s32(vreinterpretq_s32_f32(shifted));
}

#endif

inline int8x8_t quantize_8(const float* from, const QuantizeVectors& v) {
  return vqmovn_s16(vqaddq_s16(vcombine_s16(rounded(from, v), rounded(from + 4, v)), v.zero_point));
}

inline int8x16_t quantize_16(const float* from, const QuantizeVectors& v) {
  return vcombine_s8(quantize_8(from, v), quantize_8(from + 8, v));
}

}  // namespace

void quantize_f32_s8_neon(const QuantizeF32S8& quantize, const float* input, int8_t* output, size_t count) {
  if (!is_exact(quantize)) return quantize_f32_s8_reference(quantize, input, output, count);
  const QuantizeVectors v(quantize);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) vst1q_s8(output + i, quantize_16(input + i, v));
  const size_t left = count - i;
  if (left == 0) return;
  float rest[16] = {};
  std::memcpy(rest, input + i, left * sizeof(float));
  store_part_16(output + i, quantize_16(rest, v), left);
}

}  // namespace octet::kernels
