// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of add_s8.
//
// Bounds: |a - a_zero_point| <= 255, so (a - a_zero_point) << 7 is in [-32640, 32640] and fits
// in s16. Each mulhrs is in [-32640, 32640]; r saturates only where q does too, because
// |q| >= (32767 - 2^13 - 32) >> 6 > 128 there. Error against the ideal real sum: each operand's
// product carries f bits below the output's unit; its rounding costs 2^-(f+1) units and that of
// its multiplier 255 * 2^-(f+9), together under 2^-f; so 2 * 2^-f + 1/2 in all: at most 1 from
// the ideally rounded value for f >= 2.
#include "kernels/add_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

namespace {

int32_t add_one(const AddS8& add, int32_t a, int32_t b) {
  const int32_t f = add.fractional_bits;
  const int32_t ra = multiply_q15((a - add.a_zero_point) * 128, add.multiplier_a);
  const int32_t rb = multiply_q15((b - add.b_zero_point) * 128, add.multiplier_b);
  const int32_t constant = add.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0);
  const int32_t q = saturate_s16(saturate_s16(ra + rb) + constant) >> f;
  return clamp_s32(saturate_s8(q), add.output_min, add.output_max);
}

}  // namespace

void add_s8_reference(const AddS8& add, const ElementwiseS8& operands) {
  const ElementwiseS8& e = operands;
  for (size_t y = 0; y < e.rows; ++y)
    for (size_t x = 0; x < e.columns; ++x)
      e.output[y * e.columns + x] = static_cast<int8_t>(
          add_one(add, e.a[y * e.a_row_stride + x * e.a_stride], e.b[y * e.b_row_stride + x * e.b_stride]));
}

}  // namespace octet::kernels
