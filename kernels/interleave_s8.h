// SPDX-License-Identifier: Apache-2.0
//
// interleave_s8: planes to pixels, the way from NCHW to NHWC for few channels:
//
//   output[i * channels + c] = input[c * plane + i]      i in [0, count), c in [0, channels)
//
// plane >= count, in elements. input and output do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

using InterleaveS8Function = void(const int8_t* input, size_t plane, size_t channels, int8_t* output,
                                  size_t count);

#define OCTET_KERNEL(name, feature) InterleaveS8Function name;
#include "kernels/interleave_s8.inc"
#undef OCTET_KERNEL

KernelRows<InterleaveS8Function> interleave_s8_kernels();

}  // namespace octet::kernels
