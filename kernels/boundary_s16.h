// SPDX-License-Identifier: Apache-2.0
//
// Between real numbers and s16 (zero point 0):
//
//   quantize_f32_s16:    output[i] = clamp(round_half_even(input[i] * inv_scale), -16384, 16383)
//   dequantize_s16_f32:  output[i] = float(input[i]) * scale
//
// The products are one f32 multiplication each. NaN maps to 0, infinities saturate; inv_scale is finite. One
// form in plain C++, which compilers vectorize.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

void quantize_f32_s16(float inv_scale, const float* input, int16_t* output, size_t count);
void dequantize_s16_f32(float scale, const int16_t* input, float* output, size_t count);

}  // namespace octet::kernels
