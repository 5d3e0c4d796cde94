// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 2 on AVX2: see conv_s8_depthwise_lines.h.
#include "kernels/x86/conv_s8_depthwise_pairs.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_5x5s2_avx2_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s2_avx2_kernel =
    DepthwiseLines<DepthwisePairs, Depthwise5x5S2<2>>::kernel("conv_s8_depthwise_5x5s2_avx2", kAvx2);

}  // namespace octet::kernels
