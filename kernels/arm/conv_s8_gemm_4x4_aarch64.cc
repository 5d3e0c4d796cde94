// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AArch64 without dot product: 4 output pixels by 4 output channels, 16 k at a
// time, any geometry and groups. conv_s8_strip.h cuts the work, conv_s8_gemm_c16.h describes the panels.
//
// Per 256 products 32 multiplies and 16 sadalp. A72's limit is one multiply a cycle, so 8 products. 16
// accumulators, four pixels, weights and sums of products leave registers free.
#include "kernels/arm/conv_s8_gemm_c16.h"

namespace octet::kernels {
namespace {

struct Mlal : GemmC16 {
  static constexpr size_t kRows = 4;

  static void run_tiles(const MicroTile<Mlal>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue) {
    using Function = void (*)(const MicroTile<Mlal>&, size_t, size_t, const Epilogue&);
    static constexpr Function kFunctions[kRows] = {run_micro_tiles<1, Mlal>, run_micro_tiles<2, Mlal>,
                                                   run_micro_tiles<3, Mlal>, run_micro_tiles<4, Mlal>};
    kFunctions[rows - 1](t, first, tiles, epilogue);
  }
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output) {
    run_single_pixel<Mlal>(c, packed, range, input, output);
  }
};

bool supports(const ConvS8& c) { return c.groups == 1 || c.output_channels / c.groups >= kQuad; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_4x4_aarch64_kernel;
const ConvS8Kernel conv_s8_gemm_4x4_aarch64_kernel = {
    "conv_s8_gemm_4x4_aarch64", kNeon,       supports, packed_bytes<Mlal>, pack<Mlal>,
    scratch_bytes<Mlal>,        items<Mlal>, run<Mlal>};

}  // namespace octet::kernels
