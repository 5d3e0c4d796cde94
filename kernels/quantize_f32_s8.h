// SPDX-License-Identifier: Apache-2.0
//
// quantize_f32_s8: real numbers to s8:
//
//   output[i] = clamp(round_half_even(input[i] * inv_scale) + zero_point, -128, 127)
//
// The product is one f32 multiplication. NaN maps to zero_point, infinities
// saturate. zero_point in [-128, 127]; inv_scale is finite. The rounding mode of
// the CPU is the default one (to nearest, ties to even).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct QuantizeF32S8 {
  float inv_scale;
  int32_t zero_point;
};

using QuantizeF32S8Function = void(const QuantizeF32S8& quantize, const float* input, int8_t* output,
                                   size_t count);

#define OCTET_KERNEL(name, feature) QuantizeF32S8Function name;
#include "kernels/quantize_f32_s8.inc"
#undef OCTET_KERNEL

KernelRows<QuantizeF32S8Function> quantize_f32_s8_kernels();

}  // namespace octet::kernels
