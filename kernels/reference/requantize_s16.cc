// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of requantize_s16. |input - zero_point| <= 32768, and a left shift by up to 16
// keeps it in s32.
#include "kernels/requantize_s16.h"

#include "kernels/requantize.h"

namespace octet::kernels {

void requantize_s16_reference(const RequantizeS16& requantization, const void* input, void* output,
                              size_t count) {
  const RequantizeS16& r = requantization;
  const auto* in_s8 = static_cast<const int8_t*>(input);
  const auto* in_s16 = static_cast<const int16_t*>(input);
  for (size_t i = 0; i < count; ++i) {
    const int32_t acc = (r.input_s16 ? in_s16[i] : in_s8[i]) - r.input_zero_point;
    if (r.output_s16)
      static_cast<int16_t*>(output)[i] =
          requantize_s16(acc, r.multiplier, r.right_shift, r.output_min, r.output_max);
    else
      static_cast<int8_t*>(output)[i] =
          requantize(acc, r.multiplier, r.right_shift, r.output_zero_point, r.output_min, r.output_max);
  }
}

}  // namespace octet::kernels
