// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s16 on 256-bit VNNI: conv_s16_depthwise_256.h with vpdpwssd.
#include "kernels/x86/conv_s16_depthwise_256.h"
#include "kernels/x86/dot_s16_vnni.h"

namespace octet::kernels {

namespace {
using Depthwise = WideDepthwise<DotVnni>;
}

extern const ConvS16Kernel OCTET_AVXVNNI_SYMBOL(conv_s16_depthwise);
const ConvS16Kernel OCTET_AVXVNNI_SYMBOL(conv_s16_depthwise) = {OCTET_AVXVNNI_NAME("conv_s16_depthwise"),
                                                                kVnni256,
                                                                Depthwise::supports,
                                                                Depthwise::packed_bytes,
                                                                Depthwise::pack,
                                                                Depthwise::scratch_bytes,
                                                                Depthwise::items,
                                                                Depthwise::run};

}  // namespace octet::kernels
