// SPDX-License-Identifier: Apache-2.0
//
// prelu_s8 for any CPU; in s32, as portable/add_s8.cc.
#include "kernels/prelu_s8.h"

#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

template <bool kShared>
void prelu(const PReluS8& prelu, const int8_t* input, int8_t* __restrict output, size_t rows) {
  const int32_t f = prelu.fractional_bits, z = prelu.input_zero_point;
  const int32_t constant = prelu.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0);
  const int16_t* negative = prelu.multiplier_negative;
  const int32_t positive = prelu.multiplier_positive;
  const size_t channels = prelu.channels;
  for (size_t y = 0; y < rows; ++y, input += channels, output += channels) {
    for (size_t c = 0; c < channels; ++c) {
      const int32_t a = input[c] - z, slope = negative[kShared ? 0 : c];
      const int32_t r = multiply_q15(a * 128, a >= 0 ? positive : slope);
      output[c] = static_cast<int8_t>(clamp_s32((r + constant) >> f, -128, 127));
    }
  }
}

}  // namespace

void prelu_s8_portable(const PReluS8& params, const int8_t* input, int8_t* output, size_t rows) {
  if (params.negative_stride == 0)
    prelu<true>(params, input, output, rows);
  else
    prelu<false>(params, input, output, rows);
}

}  // namespace octet::kernels
