// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of two inputs with numpy broadcasting:
//
//   f32            Add Sub Mul Div Min Max Pow Mod FMod: out = clamp(a op b, low, high)
//   s32, s64       the same without FMod's fraction; arithmetic wraps, Div truncates, x / 0 = x mod 0 = 0
//   f32 s32 s64    Equal Less LessOrEqual Greater GreaterOrEqual -> bool
//   bool           And Or Xor Equal -> bool
//
// Mod has the sign of the divisor (a - b * floor(a / b)), FMod that of the dividend.
#pragma once

#include <cstddef>

#include "kernels/portable/broadcast.h"
#include "kernels/portable/element.h"

namespace octet::kernels {

// Same values as the schema's BinaryKind.
enum class BinaryKind : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMin,
  kMax,
  kPow,
  kMod,
  kFMod,
  kEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kAnd,
  kOr,
  kXor,
};

struct Binary {
  Broadcast broadcast;           // operand 0 = a, 1 = b
  float output_min, output_max;  // f32 arithmetic only
};

// Computes the output elements [first, last).
using BinaryKernel = void (*)(const Binary& binary, const void* a, const void* b, void* output, size_t first,
                              size_t last);

// Null if `kind` is not defined for elements of `type`.
BinaryKernel select_binary(BinaryKind kind, Element type);

// Whether the output is bool.
bool is_comparison(BinaryKind kind);

}  // namespace octet::kernels
