// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 on AVX512-VNNI: see
// conv_s8_depthwise_3x3.h.
#include "kernels/x86/dot_avx512.h"
// The dot products come first.
#include "kernels/x86/conv_s8_depthwise_3x3.h"

namespace octet::kernels {

extern const ConvS8Kernel conv_s8_depthwise_3x3s2_avx512vnni_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s2_avx512vnni_kernel =
    Depthwise3x3<Stride2, 64>::kernel("conv_s8_depthwise_3x3s2_avx512vnni", kAvx512Vnni);

}  // namespace octet::kernels
