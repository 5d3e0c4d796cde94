// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of add_s16.
//
// Bounds: an s16 operand doubled saturates, an s8 one is in [-32640, 32640]; so each mulhrs fits in s16.
// Where r saturates, an s16 output is beyond its 15 bits and so is a sum of s8 (reference/add_s8.cc). Error
// of an s16 output: each operand's rounding costs half a unit and that of its multiplier 2^-15 of the
// operand.
#include "kernels/add_s16.h"

#include "kernels/requantize.h"

namespace octet::kernels {

namespace {

// mulhrs(x', multiplier).
int32_t scaled(int32_t x, bool s16, int32_t zero_point, int32_t multiplier) {
  return multiply_q15(s16 ? saturate_s16(2 * x) : (x - zero_point) * 128, multiplier);
}

}  // namespace

void add_s16_reference(const AddS16& add, const ElementwiseS16& operands) {
  const int32_t f = add.fractional_bits;
  const int32_t constant = add.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0);
  for_each_pair(add.types, operands, [&](int32_t a, int32_t b) {
    const int32_t r = saturate_s16(scaled(a, add.types.a_s16, add.a_zero_point, add.multiplier_a) +
                                   scaled(b, add.types.b_s16, add.b_zero_point, add.multiplier_b));
    if (add.types.output_s16) return clamp_s32(r, add.output_min, add.output_max);
    return clamp_s32(saturate_s8(saturate_s16(r + constant) >> f), add.output_min, add.output_max);
  });
}

}  // namespace octet::kernels
