// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of mul_s16. |acc| <= 2^30.
#include "kernels/mul_s16.h"

#include "kernels/requantize.h"

namespace octet::kernels {

void mul_s16_reference(const MulS16& mul, const ElementwiseS16& operands) {
  for_each_pair(mul.types, operands, [&](int32_t a, int32_t b) -> int32_t {
    const int32_t acc = (a - mul.a_zero_point) * (b - mul.b_zero_point);
    if (mul.types.output_s16)
      return requantize_s16(acc, mul.multiplier, mul.right_shift, mul.output_min, mul.output_max);
    return requantize(acc, mul.multiplier, mul.right_shift, mul.output_zero_point, mul.output_min,
                      mul.output_max);
  });
}

}  // namespace octet::kernels
