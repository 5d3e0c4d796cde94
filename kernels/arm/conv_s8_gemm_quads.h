// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels for ARM cores without dot product share, on AArch64 and ARMv7: panels of 16
// output channels, multiplied in quads of four, and the way from sums to the output. conv_s8_strip.h cuts the
// work.
//
// A packed panel begins with a QuadsHeader; what follows is the Isa's. Its width is a multiple of four.
// The sums of all quads are kept in memory on the way: then 16 channels of a pixel are written together, and
// the steps of requantization of many vectors hide each other's latency on in-order cores.
//
// Isa is a struct derived from GemmQuads, with
//   multiply_panel<kRows>(tile, pixels, sums)   sums of kRows pixels with all quads, without bias
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/signed_inputs.h"

namespace octet::kernels {
namespace {

constexpr size_t kQuad = 4, kQuads = 4, kBlock = 16, kHalfBlock = 8;

struct QuadsHeader {
  int32_t bias[16];        // zero point and rounding term folded in
  int32_t shift[16];       // stored_shift(), or the bits of f32 scale
  int16_t multiplier[16];  // zeros, all three, for channels that do not exist
  uint32_t layout[8];      // what the Isa has to know of the panel
};

// Sums of kRows pixels with four channels each.
template <size_t kRows>
using QuadSums = int32_t[kRows][kQuad];

// What all channels share from acc to the output.
struct EpilogueQuads {
  RequantizeRange range;
  bool f32;

  explicit EpilogueQuads(const ConvS8& c)
      : range(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

struct GemmQuads : SignedInputs {
  using Epilogue = EpilogueQuads;
  static constexpr size_t kPanel = kQuad * kQuads;

  static size_t panel_width(size_t columns) { return round_up(columns, kQuad); }
  static size_t header_bytes(size_t) { return sizeof(QuadsHeader); }
};

// { sum of a, sum of b, sum of c, sum of d }
inline int32x4_t add_lanes(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) {
#if defined(__aarch64__)
  return vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
#else
  const auto half = [](int32x4_t v) { return vpadd_s32(vget_low_s32(v), vget_high_s32(v)); };
  return vcombine_s32(vpadd_s32(half(a), half(b)), vpadd_s32(half(c), half(d)));
#endif
}

// The empty assembly fixes what is computed before it. Without that gcc forms the products of all channels
// first and spills accumulators; and in-order cores like equal instructions of independent pixels side by
// side.
template <size_t kCount, class Vector>
inline void finish_first(Vector* v) {
  static_assert(kCount >= 1 && kCount <= 4);
  if constexpr (kCount == 1) asm volatile("" : "+w"(v[0]));
  if constexpr (kCount == 2) asm volatile("" : "+w"(v[0]), "+w"(v[1]));
  if constexpr (kCount == 3) asm volatile("" : "+w"(v[0]), "+w"(v[1]), "+w"(v[2]));
  if constexpr (kCount == 4) asm volatile("" : "+w"(v[0]), "+w"(v[1]), "+w"(v[2]), "+w"(v[3]));
}

// low + the products of the upper halves of a and b.
inline int16x8_t multiply_add_high(int16x8_t low, int8x16_t a, int8x16_t b) {
#if defined(__aarch64__)
  return vmlal_high_s8(low, a, b);
#else
  return vmlal_s8(low, vget_high_s8(a), vget_high_s8(b));
#endif
}

// Where a micro-tile's outputs go: `columns` of pixel i's at output + outputs[i].
struct QuadsOutput {
  void* output;
  const size_t* outputs;
  size_t columns;
};

template <size_t kRows>
__attribute__((noinline)) void finish_f32(const QuadSums<kRows>* sums, const QuadsHeader& header,
                                          const QuadsOutput& o) {
  float scale[kQuad * kQuads];
  std::memcpy(scale, header.shift, sizeof(scale));
  for (size_t first = 0; first < o.columns; first += kQuad)
    for (size_t i = 0; i < kRows; ++i) {
      const int32x4_t acc = vaddq_s32(vld1q_s32(sums[first / kQuad][i]), vld1q_s32(header.bias + first));
      store_part_f32(static_cast<float*>(o.output) + o.outputs[i] + first, scale_to_f32(acc, scale + first),
                     min_size(o.columns - first, kQuad));
    }
}

// Eight channels, from column 8 * kHalf on, of all pixels; with six fractional bits still.
template <size_t kHalf, size_t kRows>
inline void requantize_half(const QuadSums<kRows>* sums, const QuadsHeader& header, const EpilogueQuads& e,
                            int16x8_t (&to)[kRows]) {
  const RequantizeEight r = RequantizeEight::load(header.shift + 8 * kHalf, header.multiplier + 8 * kHalf);
  const int32x4_t low = vld1q_s32(header.bias + 8 * kHalf), high = vld1q_s32(header.bias + 8 * kHalf + kQuad);
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i)
    to[i] = requantize_to_s16(vaddq_s32(vld1q_s32(sums[2 * kHalf][i]), low),
                              vaddq_s32(vld1q_s32(sums[2 * kHalf + 1][i]), high), r, e.range);
}

template <size_t kRows>
inline void finish_s8(const QuadSums<kRows>* sums, const QuadsHeader& header, const QuadsOutput& o,
                      const EpilogueQuads& e) {
  auto* output = static_cast<int8_t*>(o.output);
  int16x8_t low[kRows], high[kRows];
  requantize_half<0>(sums, header, e, low);
  if (o.columns <= 8) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i)
      store_part(output + o.outputs[i], e.range.clamp(vqshrn_n_s16(low[i], 6)), o.columns);
    return;
  }
  requantize_half<1>(sums, header, e, high);
  int8x16_t q[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) q[i] = e.range.clamp(narrow_to_s8(low[i], high[i]));
  if (__builtin_expect(o.columns == kQuad * kQuads, 1)) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) vst1q_s8(output + o.outputs[i], q[i]);
    return;
  }
  for (size_t i = 0; i < kRows; ++i) store_part_16(output + o.outputs[i], q[i], o.columns);
}

// `tiles` times kRows pixels by the panel.
template <size_t kRows, class Isa>
__attribute__((noinline)) void run_micro_tiles(const MicroTile<Isa>& t, size_t first, size_t tiles,
                                               const EpilogueQuads& e) {
  const auto& header = *reinterpret_cast<const QuadsHeader*>(t.panel);
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    alignas(16) QuadSums<kRows> sums[kQuads];
    Isa::template multiply_panel<kRows>(t, t.pixels + m, sums);
    const QuadsOutput output = {t.output, t.outputs + m, t.columns};
    e.f32 ? finish_f32<kRows>(sums, header, output) : finish_s8<kRows>(sums, header, output, e);
  }
}

// A single pixel, past the frame.
template <class Isa>
void run_single_pixel(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                      const int8_t* input, void* output) {
  const EpilogueQuads epilogue(c);
  const size_t element_bytes = c.accumulator_scale ? sizeof(float) : 1, first_output = 0;
  MicroTile<Isa> t = {};
  t.pixels = &input;
  t.outputs = &first_output;
  t.runs = 1;
  t.steps = packed.plan->run_steps;
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    t.panel = packed.base + panel.offset;
    t.output = static_cast<uint8_t*>(output) + panel.first * element_bytes;
    t.columns = panel.columns;
    t.width = panel.width;
    run_micro_tiles<1>(t, 0, 1, epilogue);
  }
}

}  // namespace
}  // namespace octet::kernels
