// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of prelu_s8. The bounds are those of add_s8 with one operand: the
// error against the ideal is under 2^-f + 1/2, at most 1 from the ideally rounded value.
#include "kernels/prelu_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

void prelu_s8_reference(const PReluS8& prelu, const int8_t* input, int8_t* output, size_t rows) {
  const int32_t f = prelu.fractional_bits;
  const int32_t constant = prelu.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0);
  for (size_t y = 0; y < rows; ++y) {
    for (size_t c = 0; c < prelu.channels; ++c) {
      const int32_t a = input[y * prelu.channels + c] - prelu.input_zero_point;
      const int32_t m =
          a >= 0 ? prelu.multiplier_positive : prelu.multiplier_negative[c * prelu.negative_stride];
      const int32_t q = saturate_s16(multiply_q15(a * 128, m) + constant) >> f;
      output[y * prelu.channels + c] = static_cast<int8_t>(saturate_s8(q));
    }
  }
}

}  // namespace octet::kernels
