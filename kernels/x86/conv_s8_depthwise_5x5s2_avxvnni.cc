// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 2 on 256-bit VNNI: see conv_s8_depthwise_lines.h.
#include "kernels/x86/vnni_256.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_quads.h"

namespace octet::kernels {

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise_5x5s2);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise_5x5s2) =
    DepthwiseLines<DepthwiseQuads<32>, Depthwise5x5S2<4>>::kernel(
        OCTET_AVXVNNI_NAME("conv_s8_depthwise_5x5s2"), kVnni256);

}  // namespace octet::kernels
