// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels with panels of 8 output channels share: the packed panel and the way from
// accumulators to the output.
//
// A packed panel:
//   s32 bias[8]         with zero point and rounding term folded in
//   s32 shift[8]        stored_shift(), or f32 scale[8]
//   s16 multiplier[8], to 96 bytes
//   s8  weights[step][8][kStep], kStep consecutive k of a channel together
//
// Isa is the struct of the including file, derived from Gemm8. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/signed_inputs.h"

namespace octet::kernels {
namespace {

struct PanelHeader8 {
  int32_t bias[8];
  int32_t shift[8];
  int16_t multiplier[8];
  uint32_t rest[4];
};

// What all channels share from acc to the output.
struct Epilogue8 {
  RequantizeRange range;
  bool f32;

  explicit Epilogue8(const ConvS8& c)
      : range(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

struct Gemm8 : SignedInputs {
  using Epilogue = Epilogue8;
  static constexpr size_t kPanel = 8;

  static size_t panel_width(size_t) { return kPanel; }
  static size_t header_bytes(size_t) { return sizeof(PanelHeader8); }
};

template <size_t kStep>
void pack_panel8(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  const PanelHeader8 header = make_panel_header<PanelHeader8>(c, panel);
  std::memcpy(to, &header, sizeof(header));
  pack_columns<kStep>(
      c, plan, panel, [](size_t i) { return i; }, reinterpret_cast<int8_t*>(to + sizeof(header)));
}

// The tile that finish_tile writes: `columns` channels of each pixel, at output + outputs[i].
struct TileOutput {
  void* output;
  const size_t* outputs;
  size_t columns;
};

// f32 output, or fewer channels than the panel is wide: out of the way, so that it takes no registers from
// the others.
template <size_t kRows>
__attribute__((noinline)) void finish_rare_tile(const TileOutput& t, const PanelHeader8& header,
                                                const int32x4_t (&acc)[kRows][2], const Epilogue8& e) {
  const RequantizeEight r = RequantizeEight::load(header.shift, header.multiplier);
  for (size_t i = 0; i < kRows; ++i) {
    if (!e.f32) {
      int8_t* to = static_cast<int8_t*>(t.output) + t.outputs[i];
      store_part(to, requantize_8(acc[i][0], acc[i][1], r, e.range), t.columns);
      continue;
    }
    float scale[8];
    std::memcpy(scale, header.shift, sizeof(scale));
    float* to = static_cast<float*>(t.output) + t.outputs[i];
    store_part_f32(to, scale_to_f32(acc[i][0], scale), min_size(t.columns, 4));
    if (t.columns > 4) store_part_f32(to + 4, scale_to_f32(acc[i][1], scale + 4), t.columns - 4);
  }
}

// From finished accumulators to the output, two pixels to a vector; the last of an odd number is its own
// neighbour. Step by step for all pixels, as in-order cores like it.
template <size_t kRows>
__attribute__((always_inline)) inline void finish_tile(const TileOutput& t, const PanelHeader8& header,
                                                       const int32x4_t (&acc)[kRows][2], const Epilogue8& e) {
  constexpr size_t kPairs = (kRows + 1) / 2;
  if (__builtin_expect(e.f32 || t.columns != 8, 0)) {
    int32x4_t copy[kRows][2];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      copy[i][0] = acc[i][0];
      copy[i][1] = acc[i][1];
    }
    return finish_rare_tile(t, header, copy, e);
  }
  const RequantizeEight r = RequantizeEight::load(header.shift, header.multiplier);
  int16x8_t s16[2 * kPairs];
#pragma GCC unroll 8
  for (size_t i = 0; i < 2 * kPairs; ++i) {
    const size_t row = i < kRows ? i : kRows - 1;
    s16[i] = requantize_to_s16(acc[row][0], acc[row][1], r, e.range);
  }
  auto* output = static_cast<int8_t*>(t.output);
#pragma GCC unroll 4
  for (size_t j = 0; j < kPairs; ++j) {
    const int8x16_t q = e.range.clamp(narrow_to_s8(s16[2 * j], s16[2 * j + 1]));
    vst1_s8(output + t.outputs[2 * j], vget_low_s8(q));
    if (2 * j + 1 < kRows) vst1_s8(output + t.outputs[2 * j + 1], vget_high_s8(q));
  }
}

}  // namespace
}  // namespace octet::kernels
