// SPDX-License-Identifier: Apache-2.0
//
// mul_s8 for any CPU.
#include "kernels/mul_s8.h"

#include "kernels/portable/elementwise_rows.h"
#include "kernels/portable/requantize_block.h"

namespace octet::kernels {
namespace {

template <bool kLeft>
void multiply(const MulS8& mul, const ElementwiseS8& operands) {
  const int32_t za = mul.a_zero_point, zb = mul.b_zero_point;
  const BlockRequantize r = {mul.multiplier, mul.right_shift, mul.output_zero_point, mul.output_min,
                             mul.output_max};
  elementwise_portable(
      operands, [=](int32_t a, int32_t b) { return requantize_in_block<kLeft>((a - za) * (b - zb), r); });
}

}  // namespace

void mul_s8_portable(const MulS8& mul, const ElementwiseS8& operands) {
  if (mul.right_shift < 0)
    multiply<true>(mul, operands);
  else
    multiply<false>(mul, operands);
}

}  // namespace octet::kernels
