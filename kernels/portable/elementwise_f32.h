// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators besides binary_f32.h and unary_f32.h:
//
//   prelu_f32   out = x >= 0 ? x : x * slope           slope broadcasts to x
//   where       out = condition ? x : y                any element type, numpy broadcasting
//   cast        out = T(x): float to integer truncates and saturates, NaN -> 0; integer to a
//               narrower integer keeps the low bits; to bool: x != 0; from bool: 0 or 1
#pragma once

#include <cstddef>

#include "kernels/portable/broadcast.h"
#include "kernels/portable/element.h"

namespace octet::kernels {

// Output elements [first, last); operand 0 = x (of the output's shape), 1 = slope.
void prelu_f32(const Broadcast& broadcast, const float* x, const float* slope, float* output, size_t first,
               size_t last);

// Output elements [first, last). Operand 0 = condition (bytes), 1 = x, 2 = y; element_bytes is 1, 2, 4 or 8.
struct WhereOperands {
  const uint8_t* condition;
  const void* x;
  const void* y;
  void* output;
};
void where(const Broadcast& broadcast, size_t element_bytes, const WhereOperands& operands, size_t first,
           size_t last);

using CastKernel = void (*)(const void* input, void* output, size_t count);

// Defined for every pair of types.
CastKernel select_cast(Element from, Element to);

}  // namespace octet::kernels
