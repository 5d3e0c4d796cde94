// SPDX-License-Identifier: Apache-2.0
//
// requantize_s16: activations of another scale or width, where one side has 16 bits:
//
//   output[i] = requantize(input[i] - input_zero_point)             to s8, kernels/requantize.h
//   output[i] = requantize_s16(input[i] - input_zero_point)         to s16
//
// s16 has zero point 0. (s8 to s8 is a table: kernels/table_s8.h.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct RequantizeS16 {
  bool input_s16, output_s16;                   // else s8; one of them at least
  int32_t input_zero_point, output_zero_point;  // in [-128, 127]; 0 for s16
  int32_t multiplier, right_shift;              // kernels/requantize.h
  int32_t output_min, output_max;
};

// input: int8_t* or int16_t*; output alike. They do not overlap.
using RequantizeS16Function = void(const RequantizeS16& requantize, const void* input, void* output,
                                   size_t count);

#define OCTET_KERNEL(name, feature) RequantizeS16Function name;
#include "kernels/requantize_s16.inc"
#undef OCTET_KERNEL

KernelRows<RequantizeS16Function> requantize_s16_kernels();

}  // namespace octet::kernels
