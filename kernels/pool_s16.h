// SPDX-License-Identifier: Apache-2.0
//
// Pooling and reduction where the input or the output has 16 bits. The formulas are those of
// average_pool_s8.h, max_pool_s8.h and reduce_s8.h, with requantize_s16 for an s16 output; the largest and
// smallest keep the type, and their clamp is in it. Sums wrap modulo 2^32; the converter proves that they
// fit.
//
// One form in plain C++, whose loops over the channels compilers vectorize.
#pragma once

#include "kernels/average_pool_s8.h"
#include "kernels/max_pool_s8.h"
#include "kernels/reduce_s8.h"

namespace octet::kernels {

// The types of what is pooled: s8, or s16. One of them at least is s16.
struct PoolTypes {
  bool input_s16, output_s16;
};

struct AveragePoolS16 {
  AveragePoolS8 pool;
  PoolTypes types;
};

struct ReduceS16 {
  ReduceS8 reduce;
  PoolTypes types;  // kMax, kMin: both s16
};

// Output rows [first, last) of the batch * output_height rows.
void average_pool_s16(const AveragePoolS16& pool, const void* input, void* output, size_t first, size_t last);
void max_pool_s16(const MaxPoolS8& pool, const int16_t* input, int16_t* output, size_t first, size_t last);
// Output elements [first, last) of the outer * inner elements.
void reduce_s16(const ReduceS16& reduce, const void* input, void* output, size_t first, size_t last);

}  // namespace octet::kernels
