// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 on 256-bit VNNI: see
// conv_s8_depthwise_3x3.h.
#include "kernels/x86/vnni_256.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_3x3.h"

namespace octet::kernels {

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise_3x3s2);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise_3x3s2) =
    Depthwise3x3<Stride2, 32>::kernel(OCTET_AVXVNNI_NAME("conv_s8_depthwise_3x3s2"), kVnni256);

}  // namespace octet::kernels
