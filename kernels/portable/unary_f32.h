// SPDX-License-Identifier: Apache-2.0
//
// Elementwise functions of one input:
//
//   f32        every kind; formulas in unary_f32.cc. IsNaN and IsInf -> bool
//   s32, s64   Identity Relu Clip Abs Neg Sign (arithmetic wraps) and Floor Ceil Round (identity)
//   s8 u8 s16  Identity
//   bool       Identity Not
#pragma once

#include <cstddef>

#include "kernels/exp_f32.h"
#include "kernels/portable/element.h"

namespace octet::kernels {

// Same values as the schema's UnaryKind.
enum class UnaryKind : uint8_t {
  kIdentity,
  kRelu,
  kClip,
  kLeakyRelu,
  kElu,
  kSelu,
  kCelu,
  kSigmoid,
  kTanh,
  kHardSigmoid,
  kHardSwish,
  kSilu,
  kGelu,
  kGeluTanh,
  kSoftplus,
  kSoftsign,
  kThresholdedRelu,
  kMish,
  kExp,
  kLog,
  kSqrt,
  kReciprocal,
  kAbs,
  kNeg,
  kFloor,
  kCeil,
  kRound,
  kSign,
  kErf,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kAsinh,
  kAcosh,
  kAtanh,
  kNot,
  kIsNaN,
  kIsInf,
  kShrink,
};

struct Unary {
  float alpha, beta;                       // as in the schema's UnaryOptions
  ExpF32Function* exp = exp_f32_portable;  // what Exp, Sigmoid and Silu call; no choice changes the bytes
};

using UnaryKernel = void (*)(const Unary& unary, const void* input, void* output, size_t count);

// Null if `kind` is not defined for elements of `type`.
UnaryKernel select_unary(UnaryKind kind, Element type);

}  // namespace octet::kernels
