// SPDX-License-Identifier: Apache-2.0
//
// prelu_s8: x where x >= 0, slope[c] * x elsewhere, on [rows][channels]:
//
//   a = input - input_zero_point
//   r = mulhrs(a << 7, a >= 0 ? multiplier_positive : multiplier_negative[c])
//   output = saturate_s8(adds16(r, (output_zero_point << f) + (f > 0 ? 2^(f-1) : 0)) >> f)
//
// with f = fractional_bits, and mulhrs and adds16 as in add_s8.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct PReluS8 {
  int32_t input_zero_point, output_zero_point;  // in [-128, 127]
  int32_t multiplier_positive;                  // in [-32767, 32767]
  const int16_t* multiplier_negative;           // [channels], or [1] with negative_stride 0
  size_t negative_stride;                       // 1, or 0: one slope for all channels
  int32_t fractional_bits;                      // in [0, 6]
  size_t channels;
};

using PReluS8Function = void(const PReluS8& prelu, const int8_t* input, int8_t* output, size_t rows);

#define OCTET_KERNEL(name, feature) PReluS8Function name;
#include "kernels/prelu_s8.inc"
#undef OCTET_KERNEL

KernelRows<PReluS8Function> prelu_s8_kernels();

}  // namespace octet::kernels
