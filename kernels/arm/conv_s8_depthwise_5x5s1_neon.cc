// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 1 on NEON without dot products: see
// conv_s8_depthwise_windows.h.
#include "kernels/arm/conv_s8_depthwise_windows.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_5x5s1_neon_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s1_neon_kernel =
    DepthwiseColumns<DepthwiseWindow5x5<1>>::kernel("conv_s8_depthwise_5x5s1_neon", kNeon);

}  // namespace octet::kernels
