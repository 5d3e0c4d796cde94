// SPDX-License-Identifier: Apache-2.0
//
// exp_f32: output[i] = std::exp(input[i]), to the bit what the libm of this machine returns: f32 operators
// give the same bytes with every row. output may be input.
#pragma once

#include <cstddef>

#include "kernels/kernel_row.h"

namespace octet::kernels {

using ExpF32Function = void(const float* input, float* output, size_t count);

#define OCTET_KERNEL(name, feature) ExpF32Function name;
#include "kernels/exp_f32.inc"
#undef OCTET_KERNEL

KernelRows<ExpF32Function> exp_f32_kernels();

}  // namespace octet::kernels
