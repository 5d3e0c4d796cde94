// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels for ARM cores without dot product share, on AArch64 and ARMv7: panels of
// output channels in quads, and the way from accumulators to the output.
//
// A panel is up to 16 channels: quads of four, one after another. A quad begins with a QuadHeader; what
// follows is the Isa's. conv_s8_strip.h cuts the work.
//
// Isa is a struct derived from GemmQuads, with
//   quad_bytes(tile)                           of a packed quad
//   multiply<kRows>(tile, pixels, quad, sums)  sums[i] = the four accumulators of pixel i, bias included
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/signed_inputs.h"

namespace octet::kernels {
namespace {

constexpr size_t kQuad = 4, kBlock = 16, kHalfBlock = 8;

struct QuadHeader {
  int32_t bias[kQuad];            // zero point and rounding term folded in
  int32_t shift[kQuad];           // stored_shift(), or the bits of f32 scale
  int16_t multiplier[2 * kQuad];  // the four twice
};

// What all channels share from acc to the output.
struct EpilogueQuads {
  RequantizeRange range;
  bool f32;

  explicit EpilogueQuads(const ConvS8& c)
      : range(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

struct GemmQuads : SignedInputs {
  using Epilogue = EpilogueQuads;
  static constexpr size_t kPanel = 16;

  static size_t panel_width(size_t columns) { return divide_up(columns, kQuad) * kQuad; }
};

// The header of the quad that starts with column `first` of the panel; zeros for columns that do not exist.
inline QuadHeader make_quad_header(const ConvS8& c, const Panel& panel, size_t first) {
  QuadHeader header = {};
  for (size_t i = 0; i < kQuad && first + i < panel.columns; ++i) {
    const size_t o = panel.first + first + i;
    uint32_t bias = folded_bias(c, o, c.input_zero_point);
    if (c.accumulator_scale) {
      std::memcpy(header.shift + i, c.accumulator_scale + o, sizeof(float));
    } else {
      bias += rounding_term(c.right_shift[o]);
      header.shift[i] = stored_shift(c.right_shift[o]);
      header.multiplier[i] = header.multiplier[kQuad + i] = c.multiplier[o];
    }
    header.bias[i] = static_cast<int32_t>(bias);
  }
  return header;
}

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
template <class Vector>
inline void finish_first(Vector (&v)[1]) {
  asm volatile("" : "+w"(v[0]));
}
template <class Vector>
inline void finish_first(Vector (&v)[2]) {
  asm volatile("" : "+w"(v[0]), "+w"(v[1]));
}
template <class Vector>
inline void finish_first(Vector (&v)[3]) {
  asm volatile("" : "+w"(v[0]), "+w"(v[1]), "+w"(v[2]));
}
template <class Vector>
inline void finish_first(Vector (&v)[4]) {
  asm volatile("" : "+w"(v[0]), "+w"(v[1]), "+w"(v[2]), "+w"(v[3]));
}

// low + the products of the upper halves of a and b.
inline int16x8_t multiply_add_high(int16x8_t low, int8x16_t a, int8x16_t b) {
#if defined(__aarch64__)
  return vmlal_high_s8(low, a, b);
#else
  return vmlal_s8(low, vget_high_s8(a), vget_high_s8(b));
#endif
}

// `columns` of pixel i's four outputs.
inline void store_quad(int8_t* to, uint32_t four, size_t columns) {
  if (__builtin_expect(columns >= kQuad, 1)) {
    std::memcpy(to, &four, sizeof(four));
    return;
  }
  for (size_t j = 0; j < columns; ++j) to[j] = static_cast<int8_t>(four >> (8 * j));
}

template <size_t kRows>
inline void store_quads(int8_t* output, const size_t* outputs, uint32x4_t q, size_t columns) {
  store_quad(output + outputs[0], vgetq_lane_u32(q, 0), columns);
  if constexpr (kRows > 1) store_quad(output + outputs[1], vgetq_lane_u32(q, 1), columns);
  if constexpr (kRows > 2) store_quad(output + outputs[2], vgetq_lane_u32(q, 2), columns);
  if constexpr (kRows > 3) store_quad(output + outputs[3], vgetq_lane_u32(q, 3), columns);
}

// From sums to the output, the first of the quad's `columns` channels of each pixel at output + outputs[i].
template <size_t kRows>
inline void finish_quad(const int32x4_t (&sums)[kRows], const QuadHeader& header, void* output,
                        const size_t* outputs, size_t columns, const EpilogueQuads& e) {
  if (__builtin_expect(e.f32, 0)) {
    float scale[kQuad];
    std::memcpy(scale, header.shift, sizeof(scale));
    for (size_t i = 0; i < kRows; ++i)
      store_part_f32(static_cast<float*>(output) + outputs[i], scale_to_f32(sums[i], scale),
                     min_size(columns, kQuad));
    return;
  }
  const int32x4_t shift = vld1q_s32(header.shift);
  const RequantizeEight r = {{shift, shift}, vld1q_s16(header.multiplier)};
  const int32x4_t &second = sums[kRows > 1 ? 1 : 0], &third = sums[kRows > 2 ? 2 : 0],
                  &fourth = sums[kRows > 3 ? 3 : 0];
  const int8x16_t q = requantize_16(sums[0], second, third, fourth, r, r, e.range);
  store_quads<kRows>(static_cast<int8_t*>(output), outputs, vreinterpretq_u32_s8(q), columns);
}

// `tiles` times kRows pixels by all quads of the panel.
template <size_t kRows, class Isa>
void run_micro_tiles(const MicroTile<Isa>& t, size_t first, size_t tiles, const EpilogueQuads& e) {
  const size_t quad_bytes = Isa::quad_bytes(t), output_bytes = e.f32 ? sizeof(float) : 1;
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    const uint8_t* quad = t.panel;
    auto* output = static_cast<uint8_t*>(t.output);
    for (size_t column = 0; column < t.columns; column += kQuad, quad += quad_bytes) {
      int32x4_t sums[kRows];
      Isa::template multiply<kRows>(t, t.pixels + m, quad, sums);
      finish_quad<kRows>(sums, *reinterpret_cast<const QuadHeader*>(quad), output + column * output_bytes,
                         t.outputs + m, t.columns - column, e);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
