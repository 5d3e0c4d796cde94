// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product on 256-bit VNNI: conv_s16_gemm_256.h with vpdpwssd.
#include "kernels/x86/conv_s16_gemm_256.h"
#include "kernels/x86/dot_s16_vnni.h"

namespace octet::kernels {

namespace {
using Gemm = WideGemm<DotVnni>;
}

extern const ConvS16Kernel OCTET_AVXVNNI_SYMBOL(conv_s16_gemm_6x16);
const ConvS16Kernel OCTET_AVXVNNI_SYMBOL(conv_s16_gemm_6x16) = {OCTET_AVXVNNI_NAME("conv_s16_gemm_6x16"),
                                                                kVnni256,
                                                                Gemm::supports,
                                                                packed_bytes<Gemm>,
                                                                pack<Gemm>,
                                                                scratch_bytes<Gemm>,
                                                                items<Gemm>,
                                                                run<Gemm>};

}  // namespace octet::kernels
