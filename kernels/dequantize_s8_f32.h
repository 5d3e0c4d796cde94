// SPDX-License-Identifier: Apache-2.0
//
// dequantize_s8_f32: s8 to real numbers:
//
//   output[i] = float(input[i] - zero_point) * scale
//
// The difference is exact; the product is one f32 multiplication.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct DequantizeS8F32 {
  float scale;
  int32_t zero_point;
};

using DequantizeS8F32Function = void(const DequantizeS8F32& dequantize, const int8_t* input, float* output,
                                     size_t count);

#define OCTET_KERNEL(name, feature) DequantizeS8F32Function name;
#include "kernels/dequantize_s8_f32.inc"
#undef OCTET_KERNEL

KernelRows<DequantizeS8F32Function> dequantize_s8_f32_kernels();

}  // namespace octet::kernels
