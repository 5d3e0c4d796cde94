// SPDX-License-Identifier: Apache-2.0
//
// Reduction over any axes. With X the elements that fall on one output:
//
//   Mean  sum X / n         Sum   sum X            Max  Min  Prod
//   L1    sum |X|           L2    sqrt(sum X^2)    SumSquare  sum X^2
//   LogSum  log(sum X)      LogSumExp  max X + log(sum exp(X - max X))
//
// f32 accumulates in double. s32 and s64 have Mean (truncated), Sum, Max, Min, Prod, L1 and
// SumSquare, in wrapping 64-bit arithmetic. In f32 an empty Mean is NaN, an empty Max -inf and
// an empty Min +inf.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/portable/element.h"

namespace octet::kernels {

// Same values as the schema's ReduceKind.
enum class ReduceKind : uint8_t { kMean, kSum, kMax, kMin, kProd, kL1, kL2, kLogSum, kLogSumExp, kSumSquare };

// Kept and reduced axes with their input strides, outermost first, neighbours merged. There is
// always at least one of each.
struct Reduce {
  static constexpr size_t kMaxRank = 8;
  size_t kept_rank, reduced_rank;
  size_t kept_dims[kMaxRank], kept_strides[kMaxRank];
  size_t reduced_dims[kMaxRank], reduced_strides[kMaxRank];

  size_t outputs() const;
  size_t reduced_elements() const;
};

// reduced[i] says whether axis i is reduced; rank at most 8.
Reduce make_reduce(size_t rank, const int32_t* dims, const bool* reduced);

// Computes the outputs [first, last), row-major over the kept axes.
using ReduceKernel = void (*)(const Reduce& reduce, const void* input, void* output, size_t first,
                              size_t last);

// Null if `kind` is not defined for elements of `type`.
ReduceKernel select_reduce(ReduceKind kind, Element type);

}  // namespace octet::kernels
