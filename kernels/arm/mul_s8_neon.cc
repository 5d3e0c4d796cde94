// SPDX-License-Identifier: Apache-2.0
//
// mul_s8 on NEON: 16 products at a time. With p = right_shift in [1, 15] the rounding Q15 multiply gives
//
//   (x * y * 2^(15-p) + 2^14) >> 15 = (x * y + 2^(p-1)) >> p = t         x, y: the operands less their zero
//   points
//
// in one step, since 15 - p shifts can be shared out so that both x << i and y << (15 - p - i) fit in s16;
// |t| <= 65026 / 2 fits too. Other shifts take the products in s32.
#include "kernels/arm/elementwise_neon.h"
#include "kernels/arm/requantize_neon.h"
#include "kernels/mul_s8.h"

namespace octet::kernels {
namespace {

struct MulVectors {
  int8x8_t zero_a, zero_b;
  int16x8_t shift_a, shift_b;  // where p is in [1, 15]
  Requantizer requantizer;
};

// Eight products after the multiplier; kDirect: p is in [1, 15].
template <bool kDirect>
inline int16x8_t product_8(int8x8_t a, int8x8_t b, const MulVectors& v) {
  const int16x8_t x = vsubl_s8(a, v.zero_a), y = vsubl_s8(b, v.zero_b);
  const Requantizer& r = v.requantizer;
  if (kDirect)
    return multiply_s16(vqrdmulhq_s16(vshlq_s16(x, v.shift_a), vshlq_s16(y, v.shift_b)), r.multiplier,
                        r.range.zero_point);
  return r.to_s16(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_s16(vget_high_s16(x), vget_high_s16(y)));
}

template <bool kDirect>
inline int8x16_t product_16(int8x16_t a, int8x16_t b, const MulVectors& v) {
  return v.requantizer.range.clamp(narrow_to_s8(product_8<kDirect>(vget_low_s8(a), vget_low_s8(b), v),
                                                product_8<kDirect>(vget_high_s8(a), vget_high_s8(b), v)));
}

}  // namespace

void mul_s8_neon(const MulS8& mul, const ElementwiseS8& operands) {
  const int32_t p = mul.right_shift;
  const int32_t shift_a = p >= 8 ? 15 - p : 7, shift_b = 15 - p - shift_a;
  const MulVectors v = {
      vdup_n_s8(static_cast<int8_t>(mul.a_zero_point)), vdup_n_s8(static_cast<int8_t>(mul.b_zero_point)),
      vdupq_n_s16(static_cast<int16_t>(shift_a)), vdupq_n_s16(static_cast<int16_t>(shift_b)),
      Requantizer(mul.multiplier, p, RequantizeRange(mul.output_zero_point, mul.output_min, mul.output_max))};
  if (p >= 1 && p <= 15)
    return elementwise_neon(operands, [v](int8x16_t a, int8x16_t b) { return product_16<true>(a, b, v); });
  elementwise_neon(operands, [v](int8x16_t a, int8x16_t b) { return product_16<false>(a, b, v); });
}

}  // namespace octet::kernels
