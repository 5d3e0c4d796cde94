// SPDX-License-Identifier: Apache-2.0
//
// pixels_u8_s8: interleaved u8 pixels to the s8 input of a network:
//
//   output[i][c] = tables[c][pixels[i][c]]        i in [0, count), c in [0, channels)
//
// tables is [channels][256]; the converter has folded mean, std and the input's
// scale and zero point into it. output may be pixels' own memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernel_row.h"

namespace octet::kernels {

using PixelsU8S8Function = void(const int8_t* tables, size_t channels, const uint8_t* pixels, int8_t* output,
                                size_t count);

#define OCTET_KERNEL(name, feature) PixelsU8S8Function name;
#include "kernels/pixels_u8_s8.inc"
#undef OCTET_KERNEL

KernelRows<PixelsU8S8Function> pixels_u8_s8_kernels();

}  // namespace octet::kernels
