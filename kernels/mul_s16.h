// SPDX-License-Identifier: Apache-2.0
//
// mul_s16: the product of two tensors where an input or the output has 16 bits:
//
//   acc = (a - a_zero_point) * (b - b_zero_point)
//   output = requantize_s16(acc) or requantize(acc), kernels/requantize.h
#pragma once

#include "kernels/elementwise_s16.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct MulS16 {
  ElementwiseTypes types;                                 // one at least is s16
  int32_t a_zero_point, b_zero_point, output_zero_point;  // in [-128, 127], 0 for s16
  int32_t multiplier, right_shift;
  int32_t output_min, output_max;
};

using MulS16Function = void(const MulS16& mul, const ElementwiseS16& operands);

#define OCTET_KERNEL(name, feature) MulS16Function name;
#include "kernels/mul_s16.inc"
#undef OCTET_KERNEL

KernelRows<MulS16Function> mul_s16_kernels();

}  // namespace octet::kernels
