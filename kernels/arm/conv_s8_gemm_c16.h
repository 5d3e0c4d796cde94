// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels for cores without dot product share, on AArch64 and ARMv7: sums of 16
// consecutive k at a time (c16), panels of output channels in quads, and the way from accumulators to the
// output.
//
//   acc[lane] += sum over neighbours (a[k] * w[k] + a[k + 8] * w[k + 8])     smull, smlal, sadalp
//
// Two products fit in s16, as |w| <= 127 (validated at load): 2 * 127 * 128 = 32512.
//
// A panel is up to 16 channels: quads of four, one after another. A quad:
//   QuadHeader
//   s8 weights: for each run of k, blocks [4 channels][16 k], at its end [4 channels][8 k] if 8 are enough
//
// The last block of a run ends where the run ends and has zeros for what the block before it has already:
// 1x1 convolutions read their pixels in place and nothing beyond them. Only runs shorter than one block read
// on; those stand in a strip.
//
// Isa is the struct of the including file, derived from GemmC16. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/table_neon.h"
#include "kernels/conv_s8_strip.h"

namespace octet::kernels {
namespace {

constexpr size_t kQuad = 4, kBlock = 16, kHalfBlock = 8;

struct QuadHeader {
  int32_t bias[kQuad];            // zero point and rounding term folded in
  int32_t shift[kQuad];           // stored_shift(), or the bits of f32 scale
  int16_t multiplier[2 * kQuad];  // the four twice
  uint32_t last_at;               // where the last block of a run starts
  uint32_t rest[3];               // to 64 bytes
};

// What all channels share from acc to the output.
struct EpilogueC16 {
  RequantizeRange range;
  bool f32;

  explicit EpilogueC16(const ConvS8& c)
      : range(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

// How a run of k is cut.
struct RunBlocks {
  size_t blocks;   // of 16, the last perhaps over the one before
  bool half;       // and one of 8 behind them
  size_t last_at;  // where the last of all starts

  explicit RunBlocks(size_t elements) {
    const size_t steps = divide_up(elements, kHalfBlock), size = steps % 2 ? kHalfBlock : kBlock;
    blocks = steps / 2;
    half = steps % 2 != 0;
    last_at = elements < size ? 0 : elements - size;
  }
};

struct GemmC16 {
  using Element = int8_t;
  using Epilogue = EpilogueC16;
  static constexpr size_t kStep = kHalfBlock, kPanel = 16;

  static size_t panel_width(size_t columns) { return divide_up(columns, kQuad) * kQuad; }
  static size_t header_bytes(size_t width) { return width / kQuad * sizeof(QuadHeader); }
  static int8_t pad_element(int32_t input_zero_point) { return static_cast<int8_t>(input_zero_point); }
  static void fill(int8_t* to, size_t count, int8_t value) { std::memset(to, value, count); }
  static void convert(const int8_t* from, size_t count, int8_t* to) { std::memcpy(to, from, count); }
  static bool reads_in_place(const ConvS8& c) {
    const size_t k = c.input_channels / c.groups;
    return k >= kBlock || k == kHalfBlock;
  }
  static void look_up_outputs(const int8_t* table, const TableArea& a) {
    const TableParts parts(table);
    const bool dense = a.channels == a.pixel_stride;  // then the pixels of a row are one
    for (size_t y = 0; y < a.rows; ++y)
      for (size_t x = 0; x < (dense ? 1 : a.pixels); ++x) {
        int8_t* q = a.first + y * a.row_stride + x * a.pixel_stride;
        apply_table(parts, q, q, dense ? a.pixels * a.channels : a.channels);
      }
  }
};

// The header of the quad that starts with column `first` of the panel; zeros for columns that do not exist.
inline QuadHeader make_quad_header(const ConvS8& c, const StripPlan& plan, const Panel& panel, size_t first) {
  QuadHeader header = {};
  header.last_at = static_cast<uint32_t>(RunBlocks(plan.run_elements).last_at);
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

// One channel's weights of a run in blocks `stride` bytes apart, the half one kHalfBlock for each channel.
// `to` holds zeros.
inline void pack_run_column(const int8_t* weights, size_t elements, size_t column, int8_t* to) {
  const RunBlocks run(elements);
  size_t done = 0;
  for (size_t block = 0; block < run.blocks; ++block, to += kQuad * kBlock) {
    const size_t at = block + 1 < run.blocks || run.half ? block * kBlock : run.last_at;
    std::memcpy(to + column * kBlock + done - at, weights + done, min_size(elements, at + kBlock) - done);
    done = min_size(elements, at + kBlock);
  }
  if (run.half) std::memcpy(to + column * kHalfBlock + done - run.last_at, weights + done, elements - done);
}

inline void pack_quads(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  const size_t run_bytes = plan.run_steps * kHalfBlock * kQuad;
  for (size_t first = 0; first < panel.width; first += kQuad) {
    const QuadHeader header = make_quad_header(c, plan, panel, first);
    std::memcpy(to, &header, sizeof(header));
    to += sizeof(header);
    std::memset(to, 0, plan.runs * run_bytes);
    for (size_t run = 0; run < plan.runs; ++run, to += run_bytes)
      for (size_t i = 0; i < kQuad && first + i < panel.columns; ++i)
        pack_run_column(run_weights(c, plan, panel.first + first + i, run), plan.run_elements, i,
                        reinterpret_cast<int8_t*>(to));
  }
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

// Sums by channel, then pixel: acc[j][i] += one block of pixel i times channel j's.
template <size_t kRows>
inline void multiply_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                           int32x4_t (&acc)[kQuad][kRows]) {
  int8x16_t pixel[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) pixel[i] = vld1q_s8(a[i] + k);
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; ++j) {
    const int8x16_t w = vld1q_s8(weights + kBlock * j);
    int16x8_t pairs[kRows];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) pairs[i] = vmull_s8(vget_low_s8(pixel[i]), vget_low_s8(w));
    finish_first(pairs);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) pairs[i] = multiply_add_high(pairs[i], pixel[i], w);
    finish_first(pairs);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) acc[j][i] = vpadalq_s16(acc[j][i], pairs[i]);
    finish_first(acc[j]);
  }
}

template <size_t kRows>
inline void multiply_half_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                                int32x4_t (&acc)[kQuad][kRows]) {
  int8x8_t pixel[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) pixel[i] = vld1_s8(a[i] + k);
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; ++j) {
    const int8x8_t w = vld1_s8(weights + kHalfBlock * j);
    int16x8_t products[kRows];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) products[i] = vmull_s8(pixel[i], w);
    finish_first(products);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) acc[j][i] = vpadalq_s16(acc[j][i], products[i]);
    finish_first(acc[j]);
  }
}

// sums[i] = the four accumulators of pixel i, bias included.
template <size_t kRows, class Isa>
inline void multiply_quad(const MicroTile<Isa>& t, const int8_t* const* pixels, const uint8_t* quad,
                          int32x4_t (&sums)[kRows]) {
  const auto& header = *reinterpret_cast<const QuadHeader*>(quad);
  const auto* weights = reinterpret_cast<const int8_t*>(quad + sizeof(QuadHeader));
  const size_t last_at = header.last_at, steps = t.steps;
  int32x4_t acc[kQuad][kRows];
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; ++j)
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) acc[j][i] = vdupq_n_s32(0);
  for (size_t run = 0; run < t.runs; ++run) {
    const int8_t* a[kRows];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[run];
    const size_t whole = (steps - 1) / 2 * kBlock;
    for (size_t k = 0; k < whole; k += kBlock, weights += kQuad * kBlock) multiply_block(a, k, weights, acc);
    if (steps % 2 == 0) {
      multiply_block(a, last_at, weights, acc);
      weights += kQuad * kBlock;
    } else {
      multiply_half_block(a, last_at, weights, acc);
      weights += kQuad * kHalfBlock;
    }
  }
  const int32x4_t bias = vld1q_s32(header.bias);
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i)
    sums[i] = vaddq_s32(add_lanes(acc[0][i], acc[1][i], acc[2][i], acc[3][i]), bias);
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
                        const size_t* outputs, size_t columns, const EpilogueC16& e) {
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
void run_micro_tiles(const MicroTile<Isa>& t, size_t first, size_t tiles, const EpilogueC16& e) {
  const size_t quad_bytes = sizeof(QuadHeader) + t.runs * t.steps * kHalfBlock * kQuad;
  const size_t output_bytes = e.f32 ? sizeof(float) : 1;
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    const uint8_t* quad = t.panel;
    auto* output = static_cast<uint8_t*>(t.output);
    for (size_t column = 0; column < t.columns; column += kQuad, quad += quad_bytes) {
      int32x4_t sums[kRows];
      multiply_quad<kRows>(t, t.pixels + m, quad, sums);
      finish_quad<kRows>(sums, *reinterpret_cast<const QuadHeader*>(quad), output + column * output_bytes,
                         t.outputs + m, t.columns - column, e);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
