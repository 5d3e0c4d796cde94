// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 on ARMv7: see
// conv_s8_depthwise_windows.h.
#include "kernels/arm/conv_s8_depthwise_windows.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_3x3s2_armv7_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s2_armv7_kernel =
    DepthwiseColumns<DepthwiseWindow3x3<2>>::kernel("conv_s8_depthwise_3x3s2_armv7", kNeon);

}  // namespace octet::kernels
