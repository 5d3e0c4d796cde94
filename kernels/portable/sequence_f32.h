// SPDX-License-Identifier: Apache-2.0
//
// Operators along one axis of [outer, size, inner], and of index tensors:
//
//   top_k     the k largest (or smallest) of each vector and their positions, best first; of equal
//             values the lower position comes first; NaN counts as larger than everything
//   cum_sum   out[i] = sum of x[j] for j <= i (exclusive: j < i; reverse: from the end)
//   one_hot   out[o][d][i] = (index[o][i] or index + depth where it is negative) == d ? on : off
//   trilu     the upper (column - row >= k) or lower (column - row <= k) triangle of matrices, else 0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/portable/element.h"

namespace octet::kernels {

struct TopK {
  size_t outer, size, inner;
  size_t k;  // at most size
  bool largest;
};

size_t top_k_scratch_bytes(const TopK& top_k);
// Vectors [first, last) of outer * inner. scratch: top_k_scratch_bytes, 8-byte aligned.
using TopKKernel = void (*)(const TopK& top_k, const void* input, void* values, int64_t* positions,
                            size_t first, size_t last, void* scratch);
TopKKernel select_top_k(Element type);  // f32, s8, u8, s32, s64; else null

struct CumSum {
  size_t outer, size, inner;
  bool exclusive, reverse;
};

// Vectors [first, last) of outer * inner; integers wrap.
using CumSumKernel = void (*)(const CumSum& cum_sum, const void* input, void* output, size_t first,
                              size_t last);
CumSumKernel select_cum_sum(Element type);  // f32, s32, s64; else null

struct OneHot {
  size_t outer, depth, inner;
  size_t element_bytes;  // of off, on and the output: 1, 2, 4 or 8
};

// indices are s32, s64 or f32; values holds off, then on.
void one_hot(const OneHot& one_hot, Element index_type, const void* indices, const void* values,
             void* output);

struct Trilu {
  size_t matrices, rows, columns;
  int64_t k;
  bool upper;
  size_t element_bytes;
};
void trilu(const Trilu& trilu, const void* input, void* output);

}  // namespace octet::kernels
