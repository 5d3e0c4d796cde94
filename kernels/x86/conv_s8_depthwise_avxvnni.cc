// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on 256-bit VNNI: see
// conv_s8_depthwise_taps.h.
#include "kernels/x86/vnni_256.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_taps.h"

namespace octet::kernels {

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_depthwise) =
    DepthwiseTaps<32>::kernel(OCTET_AVXVNNI_NAME("conv_s8_depthwise"), kVnni256);

}  // namespace octet::kernels
