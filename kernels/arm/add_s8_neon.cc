// SPDX-License-Identifier: Apache-2.0
//
// add_s8 on NEON: 16 sums at a time in s16, the steps of the reference but for the last: instead of
// saturate_s8(q >> f), the high bytes of saturate_s16(q << (8 - f)).
#include "kernels/add_s8.h"
#include "kernels/arm/elementwise_neon.h"
#include "kernels/arm/neon_widths.h"

namespace octet::kernels {
namespace {

struct AddVectors {
  int8x8_t zero_a, zero_b;
  int16x8_t multiplier_a, multiplier_b;
  int16x8_t constant;  // (output_zero_point << f) + (f > 0 ? 2^(f-1) : 0)
  int16x8_t shift;     // 8 - f
  int8x16_t min, max;
};

// mulhrs((q - zero_point) << 7, multiplier).
inline int16x8_t scaled(int8x8_t q, int8x8_t zero, int16x8_t multiplier) {
  return vqrdmulhq_s16(vshlq_n_s16(vsubl_s8(q, zero), 7), multiplier);
}

// Eight sums, saturated, in the high bytes.
inline int16x8_t sum_8(int8x8_t a, int8x8_t b, const AddVectors& v) {
  const int16x8_t r = vqaddq_s16(scaled(a, v.zero_a, v.multiplier_a), scaled(b, v.zero_b, v.multiplier_b));
  return vqshlq_s16(vqaddq_s16(r, v.constant), v.shift);
}

template <bool kClamps>
inline int8x16_t sum_16(int8x16_t a, int8x16_t b, const AddVectors& v) {
  const int8x16_t q =
      high_bytes(sum_8(vget_low_s8(a), vget_low_s8(b), v), sum_8(vget_high_s8(a), vget_high_s8(b), v));
  return kClamps ? vminq_s8(vmaxq_s8(q, v.min), v.max) : q;
}

inline int16x8_t s16(int32_t value) { return vdupq_n_s16(static_cast<int16_t>(value)); }

}  // namespace

void add_s8_neon(const AddS8& add, const ElementwiseS8& operands) {
  const int32_t f = add.fractional_bits;
  const AddVectors v = {vdup_n_s8(static_cast<int8_t>(add.a_zero_point)),
                        vdup_n_s8(static_cast<int8_t>(add.b_zero_point)),
                        s16(add.multiplier_a),
                        s16(add.multiplier_b),
                        s16(add.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0)),
                        s16(8 - f),
                        vdupq_n_s8(static_cast<int8_t>(add.output_min)),
                        vdupq_n_s8(static_cast<int8_t>(add.output_max))};
  if (add.output_min == -128 && add.output_max == 127)  // the saturation does it
    return elementwise_neon(operands, [v](int8x16_t a, int8x16_t b) { return sum_16<false>(a, b, v); });
  elementwise_neon(operands, [v](int8x16_t a, int8x16_t b) { return sum_16<true>(a, b, v); });
}

}  // namespace octet::kernels
