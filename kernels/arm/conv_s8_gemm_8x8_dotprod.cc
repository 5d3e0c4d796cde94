// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on sdot: 8 output pixels by 8 output channels, any geometry and groups.
// conv_s8_strip.h cuts the work, conv_s8_gemm_sdot.h does it.
// This is the schedule for cores that find their own order (A75, A76 and later).
#include "kernels/arm/conv_s8_gemm_sdot.h"

namespace octet::kernels {
namespace {

struct Dotprod : Gemm8 {
  static constexpr size_t kStep = 4, kRows = 8;

  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_panel8<kStep>(c, plan, panel, to);
  }
  // Whole steps read no byte beyond a pixel.
  static bool reads_in_place(const ConvS8& c) { return c.input_channels / c.groups % kStep == 0; }
  static void run_tiles(const MicroTile<Dotprod>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output) {
    run_single_pixel<Dotprod>(c, packed, range, input, output);
  }
};

void Dotprod::run_tiles(const MicroTile<Dotprod>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& e) {
  using Function = void (*)(const MicroTile<Dotprod>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[kRows] = {run_micro_tiles<1>, run_micro_tiles<2>, run_micro_tiles<3>,
                                                 run_micro_tiles<4>, run_micro_tiles<5>, run_micro_tiles<6>,
                                                 run_micro_tiles<7>, run_micro_tiles<8>};
  kFunctions[rows - 1](t, first, tiles, e);
}

bool supports(const ConvS8& c) { return !is_depthwise(c); }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_8x8_dotprod_kernel;
const ConvS8Kernel conv_s8_gemm_8x8_dotprod_kernel = {
    "conv_s8_gemm_8x8_dotprod", kDotprod,       supports,    packed_bytes<Dotprod>, pack<Dotprod>,
    scratch_bytes<Dotprod>,     items<Dotprod>, run<Dotprod>};

}  // namespace octet::kernels
