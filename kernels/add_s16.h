// SPDX-License-Identifier: Apache-2.0
//
// add_s16: the sum (or, with a negative multiplier, the difference) of two tensors with their own scales,
// where an input or the output has 16 bits:
//
//   a' = saturate_s16(2 * a) for s16, (a - a_zero_point) << 7 for s8; b' alike
//   r = adds16(mulhrs(a', multiplier_a), mulhrs(b', multiplier_b))
//   s16 output: clamp(r, output_min, output_max)
//   s8 output:  as add_s8.h from r on
//
// The converter picks multiplier_a = round(a_scale / output_scale * 2^(f + 14)) for s16, 2^(f + 8) for s8;
// f = fractional_bits, which is 0 for s16 output.
#pragma once

#include "kernels/elementwise_s16.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct AddS16 {
  ElementwiseTypes types;                                 // one at least is s16
  int32_t a_zero_point, b_zero_point, output_zero_point;  // in [-128, 127], 0 for s16
  int32_t multiplier_a, multiplier_b;                     // in [-32767, 32767]
  int32_t fractional_bits;                                // in [0, 6]
  int32_t output_min, output_max;
};

using AddS16Function = void(const AddS16& add, const ElementwiseS16& operands);

#define OCTET_KERNEL(name, feature) AddS16Function name;
#include "kernels/add_s16.inc"
#undef OCTET_KERNEL

KernelRows<AddS16Function> add_s16_kernels();

}  // namespace octet::kernels
