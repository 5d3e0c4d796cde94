// SPDX-License-Identifier: Apache-2.0
//
// mul_s8: the product of two s8 tensors:
//
//   output = requantize((a - a_zero_point) * (b - b_zero_point), multiplier, right_shift, ...)
//
// The product is in [-65025, 65025]; effective scale a_scale * b_scale / output_scale.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/elementwise_s8.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct MulS8 {
  int32_t a_zero_point, b_zero_point, output_zero_point;  // in [-128, 127]
  int32_t multiplier;                                     // 0, or in [2^14, 2^15)
  int32_t right_shift;                                    // in [-16, 31]
  int32_t output_min, output_max;                         // in [-128, 127]
};

using MulS8Function = void(const MulS8& mul, const ElementwiseS8& operands);

#define OCTET_KERNEL(name, feature) MulS8Function name;
#include "kernels/mul_s8.inc"
#undef OCTET_KERNEL

KernelRows<MulS8Function> mul_s8_kernels();

}  // namespace octet::kernels
