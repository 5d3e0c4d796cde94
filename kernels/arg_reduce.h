// SPDX-License-Identifier: Apache-2.0
//
// arg_reduce: where along the middle axis of [outer][reduced][inner] the largest (or smallest)
// element stands:
//
//   output[o][i] = the first (or, with select_last, the last) r with data[o][r][i] extreme
//
// reduced >= 1. f32: a NaN is never extreme, unless all are NaN: then the answer is 0 (or the last).
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

struct ArgReduce {
  size_t reduced, inner;
  bool minimum, select_last;
};

// Each writes output elements [first, last) of the outer * inner elements.
void arg_reduce_s8(const ArgReduce& reduce, const int8_t* data, int64_t* output, size_t first, size_t last);
void arg_reduce_s32(const ArgReduce& reduce, const int32_t* data, int64_t* output, size_t first, size_t last);
void arg_reduce_s64(const ArgReduce& reduce, const int64_t* data, int64_t* output, size_t first, size_t last);
void arg_reduce_f32(const ArgReduce& reduce, const float* data, int64_t* output, size_t first, size_t last);

}  // namespace octet::kernels
