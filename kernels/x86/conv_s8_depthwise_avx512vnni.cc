// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on AVX512-VNNI: see conv_s8_depthwise_taps.h.
#include "kernels/x86/dot_avx512.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_taps.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_avx512vnni_kernel;
const ConvS8Kernel conv_s8_depthwise_avx512vnni_kernel =
    DepthwiseTaps<64>::kernel("conv_s8_depthwise_avx512vnni", kAvx512Vnni);

}  // namespace octet::kernels
