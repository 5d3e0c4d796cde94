// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 1 on AVX512-VNNI: see conv_s8_depthwise_lines.h.
#include "kernels/x86/dot_avx512.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_quads.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_5x5s1_avx512vnni_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s1_avx512vnni_kernel =
    DepthwiseLines<DepthwiseQuads<64>, Depthwise5x5S1<4>>::kernel("conv_s8_depthwise_5x5s1_avx512vnni",
                                                                  kAvx512Vnni);

}  // namespace octet::kernels
