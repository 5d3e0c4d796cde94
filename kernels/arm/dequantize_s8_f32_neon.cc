// SPDX-License-Identifier: Apache-2.0
//
// dequantize_s8_f32 on NEON, 16 values at a time. ARMv7's NEON takes subnormal numbers for 0; but a product
// is 0 or at least as large as the scale, so only a subnormal scale is the reference's.
#include "kernels/arm/partial_neon.h"
#include "kernels/dequantize_s8_f32.h"

namespace octet::kernels {
namespace {

#if defined(__aarch64__)
inline bool is_exact(float) { return true; }
#else
inline bool is_exact(float scale) { return (scale < 0 ? -scale : scale) >= 0x1p-126f; }
#endif

inline void dequantize_8(int8x8_t q, int8x8_t zero_point, float32x4_t scale, float* output) {
  const int16x8_t difference = vsubl_s8(q, zero_point);
  vst1q_f32(output, vmulq_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(difference))), scale));
  vst1q_f32(output + 4, vmulq_f32(vcvtq_f32_s32(vmovl_s16(vget_high_s16(difference))), scale));
}

}  // namespace

void dequantize_s8_f32_neon(const DequantizeS8F32& dequantize, const int8_t* input, float* output,
                            size_t count) {
  if (!is_exact(dequantize.scale)) return dequantize_s8_f32_reference(dequantize, input, output, count);
  const int8x8_t zero_point = vdup_n_s8(static_cast<int8_t>(dequantize.zero_point));
  const float32x4_t scale = vdupq_n_f32(dequantize.scale);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const int8x16_t q = vld1q_s8(input + i);
    dequantize_8(vget_low_s8(q), zero_point, scale, output + i);
    dequantize_8(vget_high_s8(q), zero_point, scale, output + i + 8);
  }
  for (; i < count; i += 8) {
    const size_t left = count - i < 8 ? count - i : 8;
    float rest[8];
    dequantize_8(load_part(input + i, left), zero_point, scale, rest);
    std::memcpy(output + i, rest, left * sizeof(float));
  }
}

}  // namespace octet::kernels
