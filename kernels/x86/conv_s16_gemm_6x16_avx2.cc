// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product on AVX2: conv_s16_gemm_256.h with pmaddwd.
#include "kernels/x86/conv_s16_gemm_256.h"
#include "kernels/x86/dot_s16_avx2.h"

namespace octet::kernels {

namespace {
using Gemm = WideGemm<DotAvx2>;
}

extern const ConvS16Kernel conv_s16_gemm_6x16_avx2_kernel;
const ConvS16Kernel conv_s16_gemm_6x16_avx2_kernel = {
    "conv_s16_gemm_6x16_avx2", kAvx2,       Gemm::supports, packed_bytes<Gemm>, pack<Gemm>,
    scratch_bytes<Gemm>,       items<Gemm>, run<Gemm>};

}  // namespace octet::kernels
