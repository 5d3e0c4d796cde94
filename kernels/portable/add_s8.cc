// SPDX-License-Identifier: Apache-2.0
//
// add_s8 for any CPU. In s32 neither sum saturates, and need not: where the s16 sum of the reference would,
// q is beyond s8 either way (reference/add_s8.cc).
#include "kernels/add_s8.h"

#include "kernels/portable/elementwise_rows.h"
#include "kernels/requantize.h"

namespace octet::kernels {

void add_s8_portable(const AddS8& add, const ElementwiseS8& operands) {
  const int32_t f = add.fractional_bits;
  const int32_t za = add.a_zero_point, zb = add.b_zero_point;
  const int32_t ma = add.multiplier_a * 128, mb = add.multiplier_b * 128;
  const int32_t constant = add.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0);
  const int32_t min = add.output_min, max = add.output_max;
  elementwise_portable(operands, [=](int32_t a, int32_t b) {
    const int32_t ra = ((a - za) * ma + (1 << 14)) >> 15, rb = ((b - zb) * mb + (1 << 14)) >> 15;
    return static_cast<int8_t>(clamp_s32((ra + rb + constant) >> f, min, max));
  });
}

}  // namespace octet::kernels
