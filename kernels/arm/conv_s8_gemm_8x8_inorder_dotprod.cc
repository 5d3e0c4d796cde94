// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on sdot for cores that execute in order (Cortex-A55): 8 output pixels by 8
// output channels, any geometry and groups. conv_s8_strip.h cuts the work; panels are those of
// conv_s8_gemm_sdot.h with an even number of steps in each run.
//
// The A55 starts one 128-bit operation a cycle, and beside it one load of at most 64 bits, or one operation
// on general registers, or `ins` from one; a load of 128 bits takes two cycles for itself. So weights come in
// halves (`ldr d`, `ldr x`, `ins`) and inputs 8 k at a time, each beside one of 32 sdot, which then never
// wait: 512 products in 32 cycles. Compilers do not find that order (gcc 12: 9.5 products a cycle).
#include "kernels/arm/conv_s8_gemm_sdot.h"

namespace octet::kernels {
namespace {

struct InorderDotprod : Gemm8 {
  static constexpr size_t kStep = 8, kRows = 8;
  static constexpr bool kWholeTiles = true;

  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  // Whole steps read no byte beyond a pixel.
  static bool reads_in_place(const ConvS8& c) { return c.input_channels / c.groups % kStep == 0; }
  static void run_tiles(const MicroTile<InorderDotprod>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output) {
    run_single_pixel<InorderDotprod>(c, packed, range, input, output);
  }
};

// Steps of four, of which a run has an even number.
void InorderDotprod::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  if (plan.run_elements % kStep == 0) return pack_panel8<4>(c, plan, panel, to);
  const PanelHeader8 header = make_header(c, panel);
  std::memcpy(to, &header, sizeof(header));
  auto* weights = reinterpret_cast<int8_t*>(to + sizeof(header));
  const size_t run_bytes = plan.run_steps * kStep * kPanel;
  std::memset(weights, 0, plan.runs * run_bytes);
  for (size_t run = 0; run < plan.runs; ++run, weights += run_bytes)
    for (size_t i = 0; i < panel.columns; ++i)
      scatter_column<4>(run_weights(c, plan, panel.first + i, run), plan.run_elements, 4 * kPanel,
                        weights + 4 * i);
}

// What the products of 8 pixels by a panel are made from.
struct InorderTile {
  const int8_t* const* pixels;
  const PanelHeader8* panel;  // its weights behind it
  const uint32_t* run_offsets;
  size_t runs, steps;
  const int8_t* ahead;  // read next, 64 bytes a step
};

// acc = bias + the products of all runs.
//
//   v16-v31  accumulators: pixel i has v(16 + 2 i) for channels 0-3, v(17 + 2 i) for 4-7
//   v0-v7    eight inputs of pixel i
//   v8-v11   weights: k 0-3 of channels 0-3, of channels 4-7, then k 4-7
//   x0-x7    pixels, at offset x8
//
// In a step, inputs of pixels 0-3 and weights of k 0-3 are there already; those of the step behind it are
// loaded in its second half. The last step of a run loads from the next run, that of the last run from
// where the run began. Weights are read up to 32 bytes beyond the panel.
inline void multiply_tile(const InorderTile& t, int32x4_t (&acc)[8][2]) {
  const uint32_t* run_offsets = t.run_offsets;
  register int32x4_t a0 asm("v16");
  register int32x4_t a1 asm("v17");
  register int32x4_t a2 asm("v18");
  register int32x4_t a3 asm("v19");
  register int32x4_t a4 asm("v20");
  register int32x4_t a5 asm("v21");
  register int32x4_t a6 asm("v22");
  register int32x4_t a7 asm("v23");
  register int32x4_t a8 asm("v24");
  register int32x4_t a9 asm("v25");
  register int32x4_t a10 asm("v26");
  register int32x4_t a11 asm("v27");
  register int32x4_t a12 asm("v28");
  register int32x4_t a13 asm("v29");
  register int32x4_t a14 asm("v30");
  register int32x4_t a15 asm("v31");
  asm volatile(
      "ldp x0, x1, [%[pixels]]\n"
      "ldr w8, [%[run_offsets]], #4\n"
      "ldp x2, x3, [%[pixels], #16]\n"
      "ldp q16, q17, [%[panel]]\n"
      "ldp x4, x5, [%[pixels], #32]\n"
      "ldp x6, x7, [%[pixels], #48]\n"
      "add x9, %[panel], #96\n"  // weights
      "ldr d0, [x0, x8]\n"
      "mov v18.16b, v16.16b\n"
      "ldr d1, [x1, x8]\n"
      "mov v19.16b, v17.16b\n"
      "ldr d2, [x2, x8]\n"
      "mov v20.16b, v16.16b\n"
      "ldr d3, [x3, x8]\n"
      "mov v21.16b, v17.16b\n"
      "ldr d8, [x9]\n"
      "mov v22.16b, v16.16b\n"
      "ldr x10, [x9, #8]\n"
      "mov v23.16b, v17.16b\n"
      "ldr d9, [x9, #16]\n"
      "mov v24.16b, v16.16b\n"
      "ldr x11, [x9, #24]\n"
      "mov v25.16b, v17.16b\n"
      "mov v26.16b, v16.16b\n"
      "mov v27.16b, v17.16b\n"
      "ins v8.d[1], x10\n"
      "mov v28.16b, v16.16b\n"
      "mov v29.16b, v17.16b\n"
      "ins v9.d[1], x11\n"
      "mov v30.16b, v16.16b\n"
      "mov x13, %[ahead]\n"
      "mov v31.16b, v17.16b\n"
      "mov x14, %[runs]\n"
      "mov x12, x8\n"
      // A run: x15 steps; x12 is where the next one begins.
      "1:\n"
      "mov x15, %[steps]\n"
      "subs x14, x14, #1\n"
      "b.eq 2f\n"
      "ldr w12, [%[run_offsets]], #4\n"
      "2:\n"
      "# octet-loop-begin conv_s8_gemm_8x8_inorder_dotprod\n"
      "3:\n"
      // Pixels 0-3; loads k 4-7 of the weights and pixels 4-7.
      "sdot v16.4s, v8.16b, v0.4b[0]\n"
      "ldr d10, [x9, #32]\n"
      "sdot v18.4s, v8.16b, v1.4b[0]\n"
      "ldr x10, [x9, #40]\n"
      "sdot v20.4s, v8.16b, v2.4b[0]\n"
      "ldr d11, [x9, #48]\n"
      "sdot v22.4s, v8.16b, v3.4b[0]\n"
      "ldr x11, [x9, #56]\n"
      "sdot v17.4s, v9.16b, v0.4b[0]\n"
      "ldr d4, [x4, x8]\n"
      "sdot v19.4s, v9.16b, v1.4b[0]\n"
      "ins v10.d[1], x10\n"
      "sdot v21.4s, v9.16b, v2.4b[0]\n"
      "ldr d5, [x5, x8]\n"
      "sdot v23.4s, v9.16b, v3.4b[0]\n"
      "ins v11.d[1], x11\n"
      "sdot v16.4s, v10.16b, v0.4b[1]\n"
      "ldr d6, [x6, x8]\n"
      "sdot v18.4s, v10.16b, v1.4b[1]\n"
      "ldr d7, [x7, x8]\n"
      "sdot v20.4s, v10.16b, v2.4b[1]\n"
      "add x8, x8, #8\n"
      "sdot v22.4s, v10.16b, v3.4b[1]\n"
      "subs x15, x15, #1\n"
      "sdot v17.4s, v11.16b, v0.4b[1]\n"
      "csel x8, x8, x12, ne\n"
      "sdot v19.4s, v11.16b, v1.4b[1]\n"
      "add x9, x9, #64\n"
      "sdot v21.4s, v11.16b, v2.4b[1]\n"
      "prfm pldl1keep, [x13]\n"
      "sdot v23.4s, v11.16b, v3.4b[1]\n"
      "add x13, x13, #64\n"
      // Pixels 4-7; loads pixels 0-3 and k 0-3 of the weights for the next step.
      "sdot v24.4s, v8.16b, v4.4b[0]\n"
      "ldr d0, [x0, x8]\n"
      "sdot v26.4s, v8.16b, v5.4b[0]\n"
      "ldr d1, [x1, x8]\n"
      "sdot v28.4s, v8.16b, v6.4b[0]\n"
      "ldr d2, [x2, x8]\n"
      "sdot v30.4s, v8.16b, v7.4b[0]\n"
      "ldr d8, [x9]\n"
      "sdot v25.4s, v9.16b, v4.4b[0]\n"
      "ldr x10, [x9, #8]\n"
      "sdot v27.4s, v9.16b, v5.4b[0]\n"
      "ldr x11, [x9, #24]\n"
      "sdot v29.4s, v9.16b, v6.4b[0]\n"
      "sdot v31.4s, v9.16b, v7.4b[0]\n"
      "ldr d9, [x9, #16]\n"
      "sdot v24.4s, v10.16b, v4.4b[1]\n"
      "ins v8.d[1], x10\n"
      "sdot v26.4s, v10.16b, v5.4b[1]\n"
      "ldr d3, [x3, x8]\n"
      "sdot v28.4s, v10.16b, v6.4b[1]\n"
      "sdot v30.4s, v10.16b, v7.4b[1]\n"
      "sdot v25.4s, v11.16b, v4.4b[1]\n"
      "ins v9.d[1], x11\n"
      "sdot v27.4s, v11.16b, v5.4b[1]\n"
      "sdot v29.4s, v11.16b, v6.4b[1]\n"
      "sdot v31.4s, v11.16b, v7.4b[1]\n"
      "b.ne 3b\n"
      "# octet-loop-end\n"
      "cbnz x14, 1b\n"
      : "=w"(a0), "=w"(a1), "=w"(a2), "=w"(a3), "=w"(a4), "=w"(a5), "=w"(a6), "=w"(a7), "=w"(a8), "=w"(a9),
        "=w"(a10), "=w"(a11), "=w"(a12), "=w"(a13), "=w"(a14), "=w"(a15), [run_offsets] "+&r"(run_offsets)
      : [pixels] "r"(t.pixels), [panel] "r"(t.panel), [runs] "r"(t.runs), [steps] "r"(t.steps),
        [ahead] "r"(t.ahead)
      : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "cc", "memory");
  const int32x4_t all[8][2] = {{a0, a1}, {a2, a3},   {a4, a5},   {a6, a7},
                               {a8, a9}, {a10, a11}, {a12, a13}, {a14, a15}};
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) {
    acc[i][0] = all[i][0];
    acc[i][1] = all[i][1];
  }
}

// Tiles of kRows pixels; missing ones repeat the last.
template <size_t kRows>
void run_inorder_tiles(const MicroTile<InorderDotprod>& t, size_t first, size_t tiles,
                       const Epilogue8& epilogue) {
  const Epilogue8 e = epilogue;  // stores of bytes might change memory
  const auto& header = *reinterpret_cast<const PanelHeader8*>(t.panel);
  const auto* next_panel = reinterpret_cast<const int8_t*>(t.next_panel);
  const int8_t* const* pixels = t.pixels + first;
  const int8_t* repeated[8];
  InorderTile tile = {pixels, &header, t.run_offsets, t.runs, t.steps, next_panel};
  TileOutput out = {t.output, t.outputs + first, t.columns};
  for (; tiles > 0; --tiles, pixels += kRows, out.outputs += kRows) {
    tile.pixels = pixels;
    if constexpr (kRows < 8) {
      for (size_t i = 0; i < 8; ++i) repeated[i] = pixels[i < kRows ? i : kRows - 1];
      tile.pixels = repeated;
    }
    tile.ahead = tiles > 1 ? pixels[kRows] : next_panel;
    int32x4_t acc[8][2], used[kRows][2];
    multiply_tile(tile, acc);
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      used[i][0] = acc[i][0];
      used[i][1] = acc[i][1];
    }
    finish_tile<kRows>(out, header, used, e);
  }
}

void InorderDotprod::run_tiles(const MicroTile<InorderDotprod>& t, size_t first, size_t rows, size_t tiles,
                               const Epilogue& e) {
  using Function = void (*)(const MicroTile<InorderDotprod>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[kRows] = {
      run_micro_tiles<1>,   run_micro_tiles<2>,   run_micro_tiles<3>,   run_micro_tiles<4>,
      run_inorder_tiles<5>, run_inorder_tiles<6>, run_inorder_tiles<7>, run_inorder_tiles<8>};
  kFunctions[rows - 1](t, first, tiles, e);
}

// The last step reads on by half a step.
size_t inorder_packed_bytes(const ConvS8& c) { return packed_bytes<InorderDotprod>(c) + 32; }

bool supports(const ConvS8& c) { return !is_depthwise(c); }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_8x8_inorder_dotprod_kernel;
const ConvS8Kernel conv_s8_gemm_8x8_inorder_dotprod_kernel = {"conv_s8_gemm_8x8_inorder_dotprod",
                                                              static_cast<CpuFeature>(kDotprod | kInOrder),
                                                              supports,
                                                              inorder_packed_bytes,
                                                              pack<InorderDotprod>,
                                                              scratch_bytes<InorderDotprod>,
                                                              items<InorderDotprod>,
                                                              run<InorderDotprod>};

}  // namespace octet::kernels
