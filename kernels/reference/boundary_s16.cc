// SPDX-License-Identifier: Apache-2.0
//
// The kernels of boundary_s16.h. What reference/quantize_f32_s8.cc says about clamping before rounding, and
// about the addition of 1.5 * 2^23 that rounds, holds for |y| <= 16384 too.
#include "kernels/boundary_s16.h"

#include "kernels/requantize.h"

namespace octet::kernels {

void quantize_f32_s16(float inv_scale, const float* input, int16_t* output, size_t count) {
  constexpr float kInteger = 12582912.0f;  // 1.5 * 2^23
  constexpr float kLow = static_cast<float>(kS16Min), kHigh = static_cast<float>(kS16Max);
  for (size_t i = 0; i < count; ++i) {
    float y = input[i] * inv_scale;
    y = y == y ? y : 0.0f;  // NaN (also 0 * infinity)
    y = y < kLow ? kLow : y;
    y = y > kHigh ? kHigh : y;
    output[i] = static_cast<int16_t>(static_cast<int32_t>((y + kInteger) - kInteger));
  }
}

void dequantize_s16_f32(float scale, const int16_t* input, float* output, size_t count) {
  for (size_t i = 0; i < count; ++i) output[i] = static_cast<float>(input[i]) * scale;
}

}  // namespace octet::kernels
