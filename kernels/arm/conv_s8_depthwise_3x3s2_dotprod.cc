// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 with dot products: see conv_s8_depthwise_3x3s2_quads.h.
#include "kernels/arm/conv_s8_depthwise_3x3s2_quads.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_3x3s2_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s2_dotprod_kernel =
    DepthwiseColumns<Depthwise3x3s2>::kernel("conv_s8_depthwise_3x3s2_dotprod", kDotprod);

}  // namespace octet::kernels
