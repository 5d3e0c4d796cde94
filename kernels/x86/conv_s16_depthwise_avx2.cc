// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s16 on AVX2: conv_s16_depthwise_256.h with pmaddwd.
#include "kernels/x86/conv_s16_depthwise_256.h"
#include "kernels/x86/dot_s16_avx2.h"

namespace octet::kernels {

namespace {
using Depthwise = WideDepthwise<DotAvx2>;
}

extern const ConvS16Kernel conv_s16_depthwise_avx2_kernel;
const ConvS16Kernel conv_s16_depthwise_avx2_kernel = {
    "conv_s16_depthwise_avx2", kAvx2,           Depthwise::supports, Depthwise::packed_bytes, Depthwise::pack,
    Depthwise::scratch_bytes,  Depthwise::items, Depthwise::run};

}  // namespace octet::kernels
