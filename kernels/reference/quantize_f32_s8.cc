// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of quantize_f32_s8.
//
// clamp(round(y) + z, -128, 127) = round(clamp(y, -128 - z, 127 - z)) + z, since rounding is
// monotone and keeps integers; so y is clamped first and never overflows a conversion.
// With |y| <= 255, y + 1.5 * 2^23 lies in [2^23, 2^24), where f32 holds exactly the
// integers: the addition itself rounds y to the nearest integer, ties to even.
#include "kernels/quantize_f32_s8.h"

namespace octet::kernels {

void quantize_f32_s8_reference(const QuantizeF32S8& quantize, const float* input, int8_t* output,
                               size_t count) {
  constexpr float kInteger = 12582912.0f;  // 1.5 * 2^23
  const float low = static_cast<float>(-128 - quantize.zero_point);
  const float high = static_cast<float>(127 - quantize.zero_point);
  for (size_t i = 0; i < count; ++i) {
    float y = input[i] * quantize.inv_scale;
    y = y == y ? y : 0.0f;  // NaN (also 0 * infinity)
    y = y < low ? low : y;
    y = y > high ? high : y;
    const float rounded = (y + kInteger) - kInteger;
    output[i] = static_cast<int8_t>(static_cast<int32_t>(rounded) + quantize.zero_point);
  }
}

}  // namespace octet::kernels
