// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of mul_s8: the exact product, requantized. Error against the ideal
// real product: that of requantize, at most 1.
#include "kernels/mul_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

void mul_s8_reference(const MulS8& mul, const ElementwiseS8& operands) {
  const ElementwiseS8& e = operands;
  for (size_t y = 0; y < e.rows; ++y) {
    for (size_t x = 0; x < e.columns; ++x) {
      const int32_t a = e.a[y * e.a_row_stride + x * e.a_stride] - mul.a_zero_point;
      const int32_t b = e.b[y * e.b_row_stride + x * e.b_stride] - mul.b_zero_point;
      e.output[y * e.columns + x] = requantize(a * b, mul.multiplier, mul.right_shift, mul.output_zero_point,
                                               mul.output_min, mul.output_max);
    }
  }
}

}  // namespace octet::kernels
