// SPDX-License-Identifier: Apache-2.0
//
// requantize_s16 on NEON: 16 activations at a time, the shift in s32 (sqrshl, which rounds without leaving
// s32, and saturates to the left), exactly the steps of the reference. The last ones together with some of
// those before them, or through memory that has as many.
#include "kernels/requantize_s16_frame.h"

namespace octet::kernels {
namespace {

struct Scaling {
  int16x8_t zero_point, multiplier;
  int32x4_t shift;  // to the left

  explicit Scaling(const RequantizeS16& r)
      : zero_point(all_s16(r.input_zero_point)),
        multiplier(all_s16(r.multiplier)),
        shift(vdupq_n_s32(-r.right_shift)) {}

  int16x4_t shifted(int16x4_t x) const { return vqmovn_s32(vqrshlq_s32(vmovl_s16(x), shift)); }
  int16x8_t apply(int16x8_t q) const {
    const int16x8_t x = vsubq_s16(q, zero_point);  // s16 has none
    return vqrdmulhq_s16(vcombine_s16(shifted(vget_low_s16(x)), shifted(vget_high_s16(x))), multiplier);
  }
  int16x8x2_t apply(const int16x8x2_t& q) const { return {{apply(q.val[0]), apply(q.val[1])}}; }
};

}  // namespace

void requantize_s16_neon(const RequantizeS16& requantize, const void* input, void* output, size_t count) {
  requantize_any<Scaling>(requantize, input, output, count);
}

}  // namespace octet::kernels
