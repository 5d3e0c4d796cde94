// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 with few input channels on AVX2: 6 output pixels by 16 output channels
// (8 by 8 at the end). conv_s8_first.h cuts the work, conv_s8_first_256.h describes
// the packed panels.
//
// Exact: rows and weights are widened to s16, pmaddwd adds two s16 products
// to an s32 without saturation, and s32 additions wrap as the reference's do.
#include "kernels/x86/conv_s8_first_256.h"

namespace octet::kernels {
namespace {

struct FirstAvx2 : First256, WidenedInputs {
  using Weight = int16_t;

  static void blend(const Blend<FirstAvx2>& b, int16_t* to) { blend_first_256(b, to); }
  static void pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to) {
    pack_first_256<FirstAvx2>(c, plan, panel, c.input_zero_point, to);
  }
  // The empty assembly fixes the order of the additions: gcc would otherwise form all products first
  // and spill the accumulators.
  static void multiply_add(__m256i a, __m256i b, __m256i* acc) {
    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
    asm("" : "+x"(*acc));
  }
  static void run_tiles(const MicroTile<FirstAvx2>& t, size_t first, size_t tiles, const Epilogue& e) {
    run_first_256(t, first, tiles, e);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_first_avx2_kernel;
const ConvS8Kernel conv_s8_first_avx2_kernel = {"conv_s8_first_avx2",
                                                kAvx2,
                                                supports_first<FirstAvx2>,
                                                first_packed_bytes<FirstAvx2>,
                                                pack_first<FirstAvx2>,
                                                first_scratch_bytes<FirstAvx2>,
                                                first_items,
                                                run_first<FirstAvx2>};

}  // namespace octet::kernels
