// SPDX-License-Identifier: Apache-2.0
//
// Sums of 16 consecutive k at a time (c16), for the conv_s8 GEMM kernels of out-of-order cores without dot
// product, AArch64 and ARMv7:
//
//   acc[lane] += sum over neighbours (a[k] * w[k] + a[k + 8] * w[k + 8])     smull, smlal, sadalp
//
// Two products fit in s16, as |w| <= 127 (validated at load): 2 * 127 * 128 = 32512.
//
// A panel: QuadsHeader (conv_s8_gemm_quads.h), whose layout[0] is where the last block of a run starts; then
//   s8 weights: for each quad and each run of k, blocks [4 channels][16 k], at its end [4 channels][8 k] if 8
//   are enough
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

// One channel's weights of a run, where the quad's blocks hold them. `to` holds zeros.
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
  QuadsHeader header = make_panel_header<QuadsHeader>(c, panel);
  header.layout[0] = static_cast<uint32_t>(RunBlocks(plan.run_elements).last_at);
  std::memcpy(to, &header, sizeof(header));
  auto* weights = reinterpret_cast<int8_t*>(to + sizeof(header));
  const size_t run_bytes = plan.run_steps * kHalfBlock * kQuad;
  std::memset(weights, 0, panel.width / kQuad * plan.runs * run_bytes);
  for (size_t first = 0; first < panel.width; first += kQuad)
    for (size_t run = 0; run < plan.runs; ++run, weights += run_bytes)
      for (size_t i = 0; i < kQuad && first + i < panel.columns; ++i)
        pack_run_column(run_weights(c, plan, panel.first + first + i, run), plan.run_elements, i, weights);
}

// Of each pixel, for one channel of the quad after another.
template <size_t kRows>
using Accumulators = int32x4_t[kQuad * kRows];

// So many channels are multiplied side by side that in-order cores do not wait for the product before.
constexpr size_t channels_together(size_t rows) { return rows > 2 ? 1 : kQuad / rows; }

// Where the order of operations has to be fixed: not while registers are left. A single pixel's accumulators
// would only be copied.
template <bool kFirst>
constexpr bool in_order(size_t rows) {
  return !kFirst && rows > 1;
}

// acc[n] (+)= sums of neighbours: the first block sets it.
template <bool kFirst, size_t kRows, size_t kCount>
inline void add_neighbours(const int16x8_t (&products)[kCount], int32x4_t* acc) {
#pragma GCC unroll 4
  for (size_t n = 0; n < kCount; ++n)
    acc[n] = kFirst ? vpaddlq_s16(products[n]) : vpadalq_s16(acc[n], products[n]);
  if constexpr (in_order<kFirst>(kRows)) finish_first<kCount>(acc);
}

// acc (+)= one block of each pixel times each channel's.
template <bool kFirst, size_t kRows>
inline void multiply_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                           Accumulators<kRows>& acc) {
  constexpr size_t kChannels = channels_together(kRows), kCount = kChannels * kRows;
  int8x16_t pixel[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) pixel[i] = vld1q_s8(a[i] + k);
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; j += kChannels) {
    int8x16_t w[kChannels];
#pragma GCC unroll 4
    for (size_t n = 0; n < kChannels; ++n) w[n] = vld1q_s8(weights + kBlock * (j + n));
    int16x8_t pairs[kCount];
#pragma GCC unroll 4
    for (size_t n = 0; n < kCount; ++n)
      pairs[n] = vmull_s8(vget_low_s8(pixel[n % kRows]), vget_low_s8(w[n / kRows]));
    if constexpr (in_order<kFirst>(kRows)) finish_first<kCount>(pairs);
#pragma GCC unroll 4
    for (size_t n = 0; n < kCount; ++n)
      pairs[n] = multiply_add_high(pairs[n], pixel[n % kRows], w[n / kRows]);
    if constexpr (in_order<kFirst>(kRows)) finish_first<kCount>(pairs);
    add_neighbours<kFirst, kRows>(pairs, acc + j * kRows);
  }
}

template <bool kFirst, size_t kRows>
inline void multiply_half_block(const int8_t* const (&a)[kRows], size_t k, const int8_t* weights,
                                Accumulators<kRows>& acc) {
  constexpr size_t kChannels = channels_together(kRows), kCount = kChannels * kRows;
  int8x8_t pixel[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) pixel[i] = vld1_s8(a[i] + k);
#pragma GCC unroll 4
  for (size_t j = 0; j < kQuad; j += kChannels) {
    int16x8_t products[kCount];
#pragma GCC unroll 4
    for (size_t n = 0; n < kCount; ++n)
      products[n] = vmull_s8(pixel[n % kRows], vld1_s8(weights + kHalfBlock * (j + n / kRows)));
    if constexpr (in_order<kFirst>(kRows)) finish_first<kCount>(products);
    add_neighbours<kFirst, kRows>(products, acc + j * kRows);
  }
}

// The runs of a micro-tile.
struct RunShape {
  size_t runs, steps, last_at;
  const uint32_t* offsets;

  size_t before_last() const { return (steps - 1) / 2 * kBlock; }
  bool half() const { return steps % 2 != 0; }
};

// All runs by one quad, whose weights stand at `weights`; returns what is behind them. The first block of all
// stands apart: short sums would not be worth setting accumulators to zero. `pixels` is the place of run 0.
template <size_t kRows>
inline const int8_t* multiply_runs(const RunShape& s, const int8_t* const (&pixels)[kRows],
                                   const int8_t* weights, Accumulators<kRows>& acc) {
  const int8_t* a[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
  const size_t before_last = s.before_last();
  s.steps == 1 ? multiply_half_block<true>(a, s.last_at, weights, acc)
               : multiply_block<true>(a, before_last == 0 ? s.last_at : 0, weights, acc);
  weights += s.steps == 1 ? kQuad * kHalfBlock : kQuad * kBlock;
  size_t k = kBlock;
  for (size_t run = 0;; k = 0) {
    for (size_t left = before_last > k ? (before_last - k) / kBlock : 0; left > 0; --left) {
      multiply_block<false>(a, k, weights, acc);
      k += kBlock;
      weights += kQuad * kBlock;
    }
    if (run > 0 || before_last > 0) {
      s.half() ? multiply_half_block<false>(a, s.last_at, weights, acc)
               : multiply_block<false>(a, s.last_at, weights, acc);
      weights += s.half() ? kQuad * kHalfBlock : kQuad * kBlock;
    }
    if (++run == s.runs) return weights;
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + s.offsets[run];
  }
}

struct GemmC16 : GemmQuads {
  static constexpr size_t kStep = kHalfBlock;

  static bool reads_in_place(const ConvS8& c) {
    const size_t k = c.input_channels / c.groups;
    return k >= kBlock || k == kHalfBlock;
  }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_quads(c, plan, panel, to);
  }
  template <size_t kRows, class Isa>
  static void multiply_panel(const MicroTile<Isa>& t, const int8_t* const* pixels, QuadSums<kRows>* sums) {
    const auto& header = *reinterpret_cast<const QuadsHeader*>(t.panel);
    const RunShape shape = {t.runs, t.steps, header.layout[0], t.run_offsets};
    const auto* weights = reinterpret_cast<const int8_t*>(t.panel + sizeof(header));
    const int8_t* a[kRows];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
    for (const QuadSums<kRows>* end = sums + t.width / kQuad; sums != end; ++sums) {
      Accumulators<kRows> acc;
      weights = multiply_runs<kRows>(shape, a, weights, acc);
#pragma GCC unroll 4
      for (size_t i = 0; i < kRows; ++i)
        vst1q_s32((*sums)[i], add_lanes(acc[i], acc[kRows + i], acc[2 * kRows + i], acc[3 * kRows + i]));
    }
  }
};

}  // namespace
}  // namespace octet::kernels
