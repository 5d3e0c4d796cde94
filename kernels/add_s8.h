// SPDX-License-Identifier: Apache-2.0
//
// add_s8: the sum (or, with a negative multiplier, the difference) of two s8
// tensors with their own scales:
//
//   r = adds16(mulhrs((a - a_zero_point) << 7, multiplier_a), mulhrs((b - b_zero_point) << 7, multiplier_b))
//   q = adds16(r, (output_zero_point << f) + (f > 0 ? 2^(f-1) : 0)) >> f          f = fractional_bits
//   output = clamp(saturate_s8(q), output_min, output_max)
//
// mulhrs(x, m) = (x * m + 2^14) >> 15, adds16 saturates to s16. The converter picks
// multiplier_a = round(a_scale / output_scale * 2^(f + 8)), b alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/elementwise_s8.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct AddS8 {
  int32_t a_zero_point, b_zero_point, output_zero_point;  // in [-128, 127]
  int32_t multiplier_a, multiplier_b;                     // in [-32767, 32767]
  int32_t fractional_bits;                                // in [0, 6]
  int32_t output_min, output_max;                         // in [-128, 127]
};

using AddS8Function = void(const AddS8& add, const ElementwiseS8& operands);

#define OCTET_KERNEL(name, feature) AddS8Function name;
#include "kernels/add_s8.inc"
#undef OCTET_KERNEL

KernelRows<AddS8Function> add_s8_kernels();

}  // namespace octet::kernels
