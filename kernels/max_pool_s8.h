// SPDX-License-Identifier: Apache-2.0
//
// max_pool_s8: the largest value of each window of pool_2d.h, then
// output = clamp(max, output_min, output_max). Input and output share scale and zero point.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/pool_2d.h"
#include "kernels/kernel_row.h"

namespace octet::kernels {

struct MaxPoolS8 {
  Pool2D geometry;
  int32_t output_min, output_max;  // in [-128, 127]
};

// Writes output rows [first, last) of the batch * output_height rows.

using MaxPoolS8Function = void(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                               size_t last);

#define OCTET_KERNEL(name, feature) MaxPoolS8Function name;
#include "kernels/max_pool_s8.inc"
#undef OCTET_KERNEL

KernelRows<MaxPoolS8Function> max_pool_s8_kernels();

}  // namespace octet::kernels
