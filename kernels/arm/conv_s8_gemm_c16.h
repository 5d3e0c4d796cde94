// SPDX-License-Identifier: Apache-2.0
//
// Sums of 16 consecutive k at a time (c16), for the conv_s8 GEMM kernels of out-of-order cores without dot
// product, AArch64 and ARMv7:
//
//   acc[lane] += sum over neighbours (a[k] * w[k] + a[k + 8] * w[k + 8])     smull, smlal, sadalp
//
// Two products fit in s16, as |w| <= 127 (validated at load): 2 * 127 * 128 = 32512.
//
// A quad (conv_s8_gemm_quads.h) is
//   C16Quad
//   s8 weights: for each run of k, blocks [4 channels][16 k], at its end [4 channels][8 k] if 8 are enough
//
// The last block of a run ends where the run ends and has zeros for what the block before it has already:
// 1x1 convolutions read their pixels in place and nothing beyond them. Only runs shorter than one block read
// on; those stand in a strip.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/conv_s8_gemm_quads.h"

namespace octet::kernels {
namespace {

struct C16Quad {
  QuadHeader quad;
  uint32_t last_at;  // where the last block of a run starts
  uint32_t rest[3];  // to 64 bytes
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
    const auto last_at = static_cast<uint32_t>(RunBlocks(plan.run_elements).last_at);
    const C16Quad header = {make_quad_header(c, panel, first), last_at, {}};
    std::memcpy(to, &header, sizeof(header));
    to += sizeof(header);
    std::memset(to, 0, plan.runs * run_bytes);
    for (size_t run = 0; run < plan.runs; ++run, to += run_bytes)
      for (size_t i = 0; i < kQuad && first + i < panel.columns; ++i)
        pack_run_column(run_weights(c, plan, panel.first + first + i, run), plan.run_elements, i,
                        reinterpret_cast<int8_t*>(to));
  }
}

// Where sums are: for each channel of the quad, of each pixel.
template <size_t kRows>
using QuadSums = int32x4_t[kQuad][kRows];

// acc (+)= sums of neighbours: the first block sets it.
template <bool kFirst, size_t kRows>
inline void add_neighbours(const int16x8_t (&products)[kRows], int32x4_t (&acc)[kRows]) {
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i)
    acc[i] = kFirst ? vpaddlq_s16(products[i]) : vpadalq_s16(acc[i], products[i]);
  finish_first(acc);
}

// acc[j][i] (+)= one block of pixel i times channel j's.
template <bool kFirst, size_t kRows>
inline void multiply_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                           QuadSums<kRows>& acc) {
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
    add_neighbours<kFirst>(pairs, acc[j]);
  }
}

template <bool kFirst, size_t kRows>
inline void multiply_half_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                                QuadSums<kRows>& acc) {
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
    add_neighbours<kFirst>(products, acc[j]);
  }
}

// All runs. The first block of all stands apart: short sums would not be worth setting accumulators to zero.
template <size_t kRows, class Isa>
inline void multiply_runs(const MicroTile<Isa>& t, const int8_t* const* pixels, size_t last_at,
                          const int8_t* weights, QuadSums<kRows>& acc) {
  const size_t steps = t.steps, before_last = (steps - 1) / 2 * kBlock;
  const bool half = steps % 2 != 0;
  const int8_t* a[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[0];
  steps == 1 ? multiply_half_block<true>(a, last_at, weights, acc)
             : multiply_block<true>(a, before_last == 0 ? last_at : 0, weights, acc);
  weights += steps == 1 ? kQuad * kHalfBlock : kQuad * kBlock;
  size_t k = kBlock;
  for (size_t run = 0;; k = 0) {
    for (size_t left = before_last > k ? (before_last - k) / kBlock : 0; left > 0; --left) {
      multiply_block<false>(a, k, weights, acc);
      k += kBlock;
      weights += kQuad * kBlock;
    }
    if (run > 0 || before_last > 0) {
      half ? multiply_half_block<false>(a, last_at, weights, acc)
           : multiply_block<false>(a, last_at, weights, acc);
      weights += half ? kQuad * kHalfBlock : kQuad * kBlock;
    }
    if (++run == t.runs) return;
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[run];
  }
}

struct GemmC16 : GemmQuads {
  static constexpr size_t kStep = kHalfBlock;

  static size_t header_bytes(size_t width) { return width / kQuad * sizeof(C16Quad); }
  static bool reads_in_place(const ConvS8& c) {
    const size_t k = c.input_channels / c.groups;
    return k >= kBlock || k == kHalfBlock;
  }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_quads(c, plan, panel, to);
  }
  template <class Isa>
  static size_t quad_bytes(const MicroTile<Isa>& t) {
    return sizeof(C16Quad) + t.runs * t.steps * kHalfBlock * kQuad;
  }
  template <size_t kRows, class Isa>
  static void multiply(const MicroTile<Isa>& t, const int8_t* const* pixels, const uint8_t* quad,
                       int32x4_t (&sums)[kRows]) {
    const auto& header = *reinterpret_cast<const C16Quad*>(quad);
    QuadSums<kRows> acc;
    multiply_runs<kRows>(t, pixels, header.last_at, reinterpret_cast<const int8_t*>(quad + sizeof(C16Quad)),
                         acc);
    const int32x4_t bias = vld1q_s32(header.quad.bias);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i)
      sums[i] = vaddq_s32(add_lanes(acc[0][i], acc[1][i], acc[2][i], acc[3][i]), bias);
  }
};

}  // namespace
}  // namespace octet::kernels
