// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 1 with dot products: see conv_s8_depthwise_3x3s1_quads.h.
#include "kernels/arm/conv_s8_depthwise_3x3s1_quads.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_3x3s1_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s1_dotprod_kernel =
    DepthwiseColumns<Depthwise3x3s1>::kernel("conv_s8_depthwise_3x3s1_dotprod", kDotprod);

}  // namespace octet::kernels
