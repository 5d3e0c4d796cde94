// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on AVX2 (conv_s8_winograd_plan.h): micro-tiles of 6 tiles by 16 output
// channels in pmaddwd and paddd, whose sums wrap modulo 2^32 as the method wants.
#include "kernels/x86/conv_s8_winograd_256.h"

namespace octet::kernels {
namespace {

struct WinogradAvx2 : Winograd256, WinogradPairs<WinogradAvx2> {
  static constexpr double kProductMacs = 25.5, kDirectMacs = 37;
  static constexpr double kInputCycles = 110, kOutputCycles = 225, kWeightCycles = 120;

  // The empty assembly fixes the order of the additions: gcc would otherwise form all products first and
  // spill the accumulators.
  static void multiply_add(Vec a, Vec b, Vec* acc) {
    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
    asm("" : "+x"(*acc));
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_winograd_avx2_kernel;
const ConvS8Kernel conv_s8_winograd_avx2_kernel = {"conv_s8_winograd_avx2",
                                                   kAvx2,
                                                   supports,
                                                   packed_bytes<WinogradAvx2>,
                                                   pack<WinogradAvx2>,
                                                   scratch_bytes<WinogradAvx2>,
                                                   items<WinogradAvx2>,
                                                   run<WinogradAvx2>,
                                                   pays<WinogradAvx2>};

}  // namespace octet::kernels
