// SPDX-License-Identifier: Apache-2.0
//
// reduce_s8: reduction of the middle axis of [outer][reduced][inner] to [outer][inner]:
//
//   kSum (and mean):  requantize(sum over r of (input[o][r][i] - input_zero_point), multiplier, ...)
//   kMax, kMin:       the largest, smallest; scale and zero point stay
//
// reduced >= 1; for kSum reduced < 2^22, so that acc and its rounding term fit in s32.
// inner = channels and reduced = height * width is global average pooling in NHWC.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

enum class ReduceKindS8 : uint8_t { kSum, kMax, kMin };

struct ReduceS8 {
  ReduceKindS8 kind;
  size_t reduced, inner;
  int32_t input_zero_point, output_zero_point;
  int32_t multiplier, right_shift;  // right_shift in [-16, 31]
  int32_t output_min, output_max;
};

// Writes output elements [first, last) of the outer * inner elements.

using ReduceS8Function = void(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t first,
                              size_t last);

#define OCTET_KERNEL(name, feature) ReduceS8Function name;
#include "kernels/reduce_s8.inc"
#undef OCTET_KERNEL

KernelRows<ReduceS8Function> reduce_s8_kernels();

}  // namespace octet::kernels
