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
  const PanelHeader8 header = make_panel_header<PanelHeader8>(c, panel);
  std::memcpy(to, &header, sizeof(header));
  auto* weights = reinterpret_cast<int8_t*>(to + sizeof(header));
  const size_t run_bytes = plan.run_steps * kStep * kPanel;
  std::memset(weights, 0, plan.runs * run_bytes);
  for (size_t run = 0; run < plan.runs; ++run, weights += run_bytes)
    for (size_t i = 0; i < panel.columns; ++i)
      scatter_column<4>(run_weights(c, plan, panel.first + i, run), plan.run_elements, 4 * kPanel,
                        weights + 4 * i);
}

// Whole tiles of 8 pixels by a panel of 8 channels; multiply_tiles knows these offsets.
struct InorderTiles {
  const int8_t* const* pixels;  // 0
  const size_t* outputs;        // 8
  int8_t* output;               // 16
  const PanelHeader8* panel;    // 24, its weights behind it
  const uint32_t* run_offsets;  // 32
  size_t runs, steps, tiles;    // 40, 48, 56
  const uint8_t* next_panel;    // 64
  RequantizeRange range;        // 80: zero point, 96: min, 112: max
};
static_assert(offsetof(InorderTiles, tiles) == 56 && offsetof(InorderTiles, range) == 80 &&
                  offsetof(InorderTiles, range.max) == 112 && sizeof(PanelHeader8) == 96,
              "the assembly has these numbers");

//   v16-v31  accumulators: pixel i has v(16 + 2 i) for channels 0-3, v(17 + 2 i) for 4-7
//   v0-v7    eight inputs of pixel i
//   v8-v11   weights: k 0-3 of channels 0-3, of channels 4-7, then k 4-7
//   v12-v15  shifts, multipliers, zero point
//   x0-x7    pixels, at offset x8
//
// One line is what starts in one cycle. In a step, inputs of pixels 0-3 and weights of k 0-3 are there
// already; those of the step behind it are loaded in its second half. The last step of a run loads from the
// next run, that of the last run from where the run began. Weights are read up to 32 bytes beyond the panel.
__attribute__((noinline)) void multiply_tiles(const InorderTiles& t) {
  asm volatile(
      "ldp x17, x19, [%[t]]\n"       // pixels, outputs
      "ldp x21, x22, [%[t], #16]\n"  // output, panel
      "ldp x23, x24, [%[t], #32]\n"  // run_offsets, runs
      "ldp x25, x20, [%[t], #48]\n"  // steps, tiles
      "ldr x10, [%[t], #64]\n"       // next_panel
      "ldp q12, q13, [x22, #32]\n"   // shifts
      "ldr q14, [x22, #64]\n"        // multipliers
      "ldr q15, [%[t], #80]\n"       // zero point
      "ldp q16, q17, [x22]\n"        // bias
      "ldp q8, q9, [x22, #96]\n"     // the first weights
      "add x9, x22, #96\n"
      "mov x16, x23\n"
      "ldr w8, [x16], #4\n"
      "mov x14, x24\n"
      "subs x20, x20, #1\n"
      // A tile: the accumulators start at the bias; x13 is what is read next, pixels or the next panel.
      "1:\n"
      "mov v18.16b, v16.16b\n ldr x0, [x17], #8\n"
      "mov v19.16b, v17.16b\n ldr x1, [x17], #8\n"
      "mov v20.16b, v16.16b\n ldr x2, [x17], #8\n"
      "mov v21.16b, v17.16b\n ldr x3, [x17], #8\n"
      "mov v22.16b, v16.16b\n ldr x4, [x17], #8\n"
      "mov v23.16b, v17.16b\n ldr x5, [x17], #8\n"
      "mov v24.16b, v16.16b\n ldr x6, [x17], #8\n"
      "mov v25.16b, v17.16b\n ldr x7, [x17], #8\n"
      "mov v26.16b, v16.16b\n ldr d0, [x0, x8]\n"
      "mov v27.16b, v17.16b\n ldr d1, [x1, x8]\n"
      "mov v28.16b, v16.16b\n ldr d2, [x2, x8]\n"
      "mov v29.16b, v17.16b\n ldr d3, [x3, x8]\n"
      "mov v30.16b, v16.16b\n ldr x13, [x17]\n"
      "mov v31.16b, v17.16b\n mov x12, x8\n"
      "csel x13, x13, x10, ne\n"
      // A run: x15 steps; x12 is where the next one begins.
      "2:\n"
      "mov x15, x25\n"
      "subs x14, x14, #1\n"
      "b.eq 3f\n"
      "ldr w12, [x16], #4\n"
      "3:\n"
      "# octet-loop-begin conv_s8_gemm_8x8_inorder_dotprod\n"
      "4:\n"
      // Pixels 0-3; loads k 4-7 of the weights and pixels 4-7.
      "sdot v16.4s, v8.16b, v0.4b[0]\n ldr d10, [x9, #32]\n"
      "sdot v18.4s, v8.16b, v1.4b[0]\n ldr x10, [x9, #40]\n"
      "sdot v20.4s, v8.16b, v2.4b[0]\n ldr d11, [x9, #48]\n"
      "sdot v22.4s, v8.16b, v3.4b[0]\n ldr x11, [x9, #56]\n"
      "sdot v17.4s, v9.16b, v0.4b[0]\n ldr d4, [x4, x8]\n"
      "sdot v19.4s, v9.16b, v1.4b[0]\n ins v10.d[1], x10\n"
      "sdot v21.4s, v9.16b, v2.4b[0]\n ldr d5, [x5, x8]\n"
      "sdot v23.4s, v9.16b, v3.4b[0]\n ins v11.d[1], x11\n"
      "sdot v16.4s, v10.16b, v0.4b[1]\n ldr d6, [x6, x8]\n"
      "sdot v18.4s, v10.16b, v1.4b[1]\n ldr d7, [x7, x8]\n"
      "sdot v20.4s, v10.16b, v2.4b[1]\n add x8, x8, #8\n"
      "sdot v22.4s, v10.16b, v3.4b[1]\n subs x15, x15, #1\n"
      "sdot v17.4s, v11.16b, v0.4b[1]\n csel x8, x8, x12, ne\n"
      "sdot v19.4s, v11.16b, v1.4b[1]\n add x9, x9, #64\n"
      "sdot v21.4s, v11.16b, v2.4b[1]\n prfm pldl1keep, [x13]\n"
      "sdot v23.4s, v11.16b, v3.4b[1]\n add x13, x13, #64\n"
      // Pixels 4-7; loads pixels 0-3 and k 0-3 of the weights for the next step.
      "sdot v24.4s, v8.16b, v4.4b[0]\n ldr d0, [x0, x8]\n"
      "sdot v26.4s, v8.16b, v5.4b[0]\n ldr d1, [x1, x8]\n"
      "sdot v28.4s, v8.16b, v6.4b[0]\n ldr d2, [x2, x8]\n"
      "sdot v30.4s, v8.16b, v7.4b[0]\n ldr d8, [x9]\n"
      "sdot v25.4s, v9.16b, v4.4b[0]\n ldr x10, [x9, #8]\n"
      "sdot v27.4s, v9.16b, v5.4b[0]\n ldr x11, [x9, #24]\n"
      "sdot v29.4s, v9.16b, v6.4b[0]\n"
      "sdot v31.4s, v9.16b, v7.4b[0]\n ldr d9, [x9, #16]\n"
      "sdot v24.4s, v10.16b, v4.4b[1]\n ins v8.d[1], x10\n"
      "sdot v26.4s, v10.16b, v5.4b[1]\n ldr d3, [x3, x8]\n"
      "sdot v28.4s, v10.16b, v6.4b[1]\n"
      "sdot v30.4s, v10.16b, v7.4b[1]\n"
      "sdot v25.4s, v11.16b, v4.4b[1]\n ins v9.d[1], x11\n"
      "sdot v27.4s, v11.16b, v5.4b[1]\n"
      "sdot v29.4s, v11.16b, v6.4b[1]\n"
      "sdot v31.4s, v11.16b, v7.4b[1]\n b.ne 4b\n"
      "# octet-loop-end\n"
      "cbnz x14, 2b\n"
      // The way out, as requantize_neon.h has it; beside it the addresses of the outputs, in x0-x7, and what
      // the next tile starts with.
      "sqshl v16.4s, v16.4s, v12.4s\n ldr x0, [x19], #8\n"
      "sqshl v17.4s, v17.4s, v13.4s\n ldr x1, [x19], #8\n"
      "sqshl v18.4s, v18.4s, v12.4s\n ldr x2, [x19], #8\n"
      "sqshl v19.4s, v19.4s, v13.4s\n ldr x3, [x19], #8\n"
      "sqshl v20.4s, v20.4s, v12.4s\n ldr x4, [x19], #8\n"
      "sqshl v21.4s, v21.4s, v13.4s\n ldr x5, [x19], #8\n"
      "sqshl v22.4s, v22.4s, v12.4s\n ldr x6, [x19], #8\n"
      "sqshl v23.4s, v23.4s, v13.4s\n ldr x7, [x19], #8\n"
      "sqshl v24.4s, v24.4s, v12.4s\n add x0, x0, x21\n"
      "sqshl v25.4s, v25.4s, v13.4s\n add x1, x1, x21\n"
      "sqshl v26.4s, v26.4s, v12.4s\n add x2, x2, x21\n"
      "sqshl v27.4s, v27.4s, v13.4s\n add x3, x3, x21\n"
      "sqshl v28.4s, v28.4s, v12.4s\n add x4, x4, x21\n"
      "sqshl v29.4s, v29.4s, v13.4s\n add x5, x5, x21\n"
      "sqshl v30.4s, v30.4s, v12.4s\n add x6, x6, x21\n"
      "sqshl v31.4s, v31.4s, v13.4s\n add x7, x7, x21\n"
      "uzp2 v0.8h, v16.8h, v17.8h\n ldr d10, [%[t], #96]\n"
      "uzp2 v1.8h, v18.8h, v19.8h\n ldr x10, [%[t], #104]\n"
      "uzp2 v2.8h, v20.8h, v21.8h\n ldr d11, [%[t], #112]\n"
      "uzp2 v3.8h, v22.8h, v23.8h\n ldr x11, [%[t], #120]\n"
      "uzp2 v4.8h, v24.8h, v25.8h\n add x9, x22, #96\n"
      "uzp2 v5.8h, v26.8h, v27.8h\n ins v10.d[1], x10\n"
      "uzp2 v6.8h, v28.8h, v29.8h\n ins v11.d[1], x11\n"
      "uzp2 v7.8h, v30.8h, v31.8h\n ldr d16, [x22]\n"
      "sqrdmulh v0.8h, v0.8h, v14.8h\n ldr x10, [x22, #8]\n"
      "sqrdmulh v1.8h, v1.8h, v14.8h\n ldr d17, [x22, #16]\n"
      "sqrdmulh v2.8h, v2.8h, v14.8h\n ldr x11, [x22, #24]\n"
      "sqrdmulh v3.8h, v3.8h, v14.8h\n ldr d8, [x9]\n"
      "sqrdmulh v4.8h, v4.8h, v14.8h\n ins v16.d[1], x10\n"
      "sqrdmulh v5.8h, v5.8h, v14.8h\n ins v17.d[1], x11\n"
      "sqrdmulh v6.8h, v6.8h, v14.8h\n ldr x10, [x9, #8]\n"
      "sqrdmulh v7.8h, v7.8h, v14.8h\n ldr d9, [x9, #16]\n"
      "sqadd v0.8h, v0.8h, v15.8h\n ldr x11, [x9, #24]\n"
      "sqadd v1.8h, v1.8h, v15.8h\n mov x16, x23\n"
      "sqadd v2.8h, v2.8h, v15.8h\n ins v8.d[1], x10\n"
      "sqadd v3.8h, v3.8h, v15.8h\n ins v9.d[1], x11\n"
      "sqadd v4.8h, v4.8h, v15.8h\n mov x14, x24\n"
      "sqadd v5.8h, v5.8h, v15.8h\n ldr w8, [x16], #4\n"
      "sqadd v6.8h, v6.8h, v15.8h\n ldr x10, [%[t], #64]\n"
      "sqadd v7.8h, v7.8h, v15.8h\n subs x20, x20, #1\n"
      "sqshrn v0.8b, v0.8h, #6\n"
      "sqshrn v2.8b, v2.8h, #6\n"
      "sqshrn v4.8b, v4.8h, #6\n"
      "sqshrn v6.8b, v6.8h, #6\n"
      "sqshrn2 v0.16b, v1.8h, #6\n"
      "sqshrn2 v2.16b, v3.8h, #6\n"
      "sqshrn2 v4.16b, v5.8h, #6\n"
      "sqshrn2 v6.16b, v7.8h, #6\n"
      "smax v0.16b, v0.16b, v10.16b\n"
      "smax v2.16b, v2.16b, v10.16b\n"
      "smax v4.16b, v4.16b, v10.16b\n"
      "smax v6.16b, v6.16b, v10.16b\n"
      "smin v0.16b, v0.16b, v11.16b\n"
      "smin v2.16b, v2.16b, v11.16b\n"
      "smin v4.16b, v4.16b, v11.16b\n"
      "smin v6.16b, v6.16b, v11.16b\n str d0, [x0]\n"
      "st1 {v0.d}[1], [x1]\n"
      "str d2, [x2]\n"
      "st1 {v2.d}[1], [x3]\n"
      "str d4, [x4]\n"
      "st1 {v4.d}[1], [x5]\n"
      "str d6, [x6]\n"
      "st1 {v6.d}[1], [x7]\n"
      "b.ge 1b\n"
      :
      : [t] "r"(&t)
      : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "v0", "v1", "v2", "v3", "v4", "v5",
        "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20",
        "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

// Fewer pixels than a tile's are repeated; fewer channels than a panel's come from a copy of the outputs.
void run_part_tile(const MicroTile<InorderDotprod>& t, size_t first, size_t rows, InorderTiles tiles) {
  const int8_t* pixels[8];
  size_t outputs[8];
  int8_t copy[64];
  for (size_t i = 0; i < 8; ++i) {
    const size_t m = first + min_size(i, rows - 1);
    pixels[i] = t.pixels[m];
    outputs[i] = t.columns == 8 ? t.outputs[m] : 8 * i;
  }
  tiles.pixels = pixels;
  tiles.outputs = outputs;
  tiles.tiles = 1;
  if (t.columns < 8) tiles.output = copy;
  multiply_tiles(tiles);
  for (size_t i = 0; t.columns < 8 && i < rows; ++i)
    store_part(static_cast<int8_t*>(t.output) + t.outputs[first + i], vld1_s8(copy + 8 * i), t.columns);
}

void run_inorder_tiles(const MicroTile<InorderDotprod>& t, size_t first, size_t rows, size_t count,
                       const Epilogue8& e) {
  const InorderTiles tiles = {t.pixels + first,
                              t.outputs + first,
                              static_cast<int8_t*>(t.output),
                              reinterpret_cast<const PanelHeader8*>(t.panel),
                              t.run_offsets,
                              t.runs,
                              t.steps,
                              count,
                              t.next_panel,
                              e.range};
  if (rows == 8 && t.columns == 8) return multiply_tiles(tiles);
  for (size_t i = 0; i < count; ++i) run_part_tile(t, first + i * rows, rows, tiles);
}

// `pixels` at most four at a time, the way that compilers find: as fast or faster for a few; and for f32
// output, which is rare.
template <size_t kRows>
void run_few_pixels(const MicroTile<InorderDotprod>& t, size_t first, size_t pixels, const Epilogue8& e) {
  if (pixels >= kRows) run_micro_tiles<kRows>(t, first, pixels / kRows, e);
  if constexpr (kRows > 1)
    if (pixels % kRows > 0) run_few_pixels<kRows - 1>(t, first + pixels / kRows * kRows, pixels % kRows, e);
}

void InorderDotprod::run_tiles(const MicroTile<InorderDotprod>& t, size_t first, size_t rows, size_t tiles,
                               const Epilogue& e) {
  if (rows <= 4 || e.f32) return run_few_pixels<4>(t, first, rows * tiles, e);
  run_inorder_tiles(t, first, rows, tiles, e);
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
