// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of dequantize_s8_f32.
#include "kernels/dequantize_s8_f32.h"

namespace octet::kernels {

void dequantize_s8_f32_reference(const DequantizeS8F32& dequantize, const int8_t* input, float* output,
                                 size_t count) {
  for (size_t i = 0; i < count; ++i)
    output[i] = static_cast<float>(input[i] - dequantize.zero_point) * dequantize.scale;
}

}  // namespace octet::kernels
