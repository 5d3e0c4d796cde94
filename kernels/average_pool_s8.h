// SPDX-License-Identifier: Apache-2.0
//
// average_pool_s8: the mean of each window of pool_2d.h:
//
//   acc = sum over the window's positions inside the input of (input - input_zero_point)
//   n = the number of those positions; with count_include_pad, of those inside the padded input
//   output = requantize(acc, multiplier[i], right_shift[i], ...) with counts[i] == n
//
// effective scale of entry i: input_scale / (output_scale * counts[i]). |acc| <= 255 * n; n < 2^22.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/pool_2d.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct AveragePoolS8 {
  Pool2D geometry;
  bool count_include_pad;
  const int32_t* counts;      // [entries]: every n that occurs
  const int16_t* multiplier;  // [entries]
  const int8_t* right_shift;  // [entries], in [-16, 31]
  size_t entries;
  int32_t input_zero_point, output_zero_point;
  int32_t output_min, output_max;
};

// The entry of `pool` for windows of n positions; n is one of counts.
static inline size_t average_pool_entry(const AveragePoolS8& pool, size_t n) {
  size_t i = 0;
  while (i + 1 < pool.entries && static_cast<size_t>(pool.counts[i]) != n) ++i;
  return i;
}

// Writes output rows [first, last) of the batch * output_height rows.

using AveragePoolS8Function = void(const AveragePoolS8& pool, const int8_t* input, int8_t* output,
                                   size_t first, size_t last);

#define OCTET_KERNEL(name, feature) AveragePoolS8Function name;
#include "kernels/average_pool_s8.inc"
#undef OCTET_KERNEL

KernelRows<AveragePoolS8Function> average_pool_s8_kernels();

}  // namespace octet::kernels
