// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8: softmax along the rows of [rows][columns], in integers:
//
//   E[x] = exp_table[max - input[x]],  S = sum of E,  max over the row
//   s8 output:   clamp(zero_point + (E * output_multiplier + (S << 7)) / (S << 8), -128, 127)
//   f32 output:  float(E) / float(S)
//
// with exp_table[d] = round(65536 * exp(-input_scale * d)), d in [0, 255], from the
// converter, and output_multiplier = round(256 / output_scale). exp_table[0] >= 1.
// Bounds: E <= 2^16 and S < 2^39, so E * output_multiplier + (S << 7) < 2^49 fits in u64.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

struct SoftmaxS8 {
  size_t columns;             // in [1, 2^23)
  const uint32_t* exp_table;  // [256], each at most 65536
  uint32_t output_multiplier;
  int32_t zero_point;  // of the output
  bool output_f32;
};

using SoftmaxS8Function = void(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows);

#define OCTET_KERNEL(name, feature) SoftmaxS8Function name;
#include "kernels/softmax_s8.inc"
#undef OCTET_KERNEL

KernelRows<SoftmaxS8Function> softmax_s8_kernels();

}  // namespace octet::kernels
