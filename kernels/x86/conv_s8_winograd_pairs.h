// SPDX-License-Identifier: Apache-2.0
//
// What the x86 Winograd kernels share on vectors of any width: the product, two input channels at a time
// (pmaddwd, vpdpwssd), the order of channels that packs wants, and 64 * x -> x >> p. Isa::broadcast_pair()
// and Isa::multiply_add() are the instructions; Isa derives from WinogradPairs.
#pragma once

#include "kernels/x86/conv_s8_winograd_transforms.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {
namespace {

// The channel in position `i` of the panel's two s32 vectors: packs, which works on 128-bit lanes, then
// puts eight consecutive channels into each lane.
template <size_t kPanel>
size_t packs_channel_at(size_t i) {
  constexpr size_t kLanes = kPanel / 2;
  return i % kLanes / 4 * 8 + i / kLanes * 4 + i % 4;
}

// Rows of M for one point: kRows tiles by a panel.
template <class Isa, size_t kRows>
void multiply_pairs(const WinogradProduct& t) {
  using Vec = typename Isa::Vec;
  constexpr size_t kBytes = sizeof(Vec);
  Vec acc[kRows][2];
#pragma GCC unroll 14
  for (size_t i = 0; i < kRows; ++i) {
    acc[i][0] = t.add ? Isa::load(t.m + 2 * i * kBytes) : Isa::zero();
    acc[i][1] = t.add ? Isa::load(t.m + (2 * i + 1) * kBytes) : Isa::zero();
  }
  constexpr size_t kChunk = Isa::kChunk;
  const uint8_t *u = t.u, *v = t.v;
  for (size_t left = t.lines; left > 0; v += t.chunk_bytes) {
    const size_t lines = min_size(left, kChunk / 2);
    left -= lines;
    for (const uint8_t *a = v, *end = v + 4 * lines; a < end; a += 4, u += 2 * kBytes) {
      const Vec u0 = Isa::load(u), u1 = Isa::load(u + kBytes);
      // The next point's U, into L2: the hardware sees its stream too late, and waits where U is in L3.
      for (size_t i = 0; i < 2 * kBytes; i += 64) __builtin_prefetch(u + t.u_bytes + i, 0, 2);
#pragma GCC unroll 14
      for (size_t i = 0; i < kRows; ++i) {
        const Vec pair = Isa::broadcast_pair(a + 2 * kChunk * i);
        Isa::multiply_add(pair, u0, &acc[i][0]);
        Isa::multiply_add(pair, u1, &acc[i][1]);
      }
    }
  }
#pragma GCC unroll 14
  for (size_t i = 0; i < kRows; ++i) {
    Isa::store(t.m + 2 * i * kBytes, acc[i][0]);
    Isa::store(t.m + (2 * i + 1) * kBytes, acc[i][1]);
  }
}

// What turns 9 f_y f_x * sum into x >> p, for one of the panel's two vectors.
template <class Isa>
struct ShiftFinish {
  using Vec = typename Isa::Vec;
  Vec bias, right, left;
  bool has_left;

  template <class Header>
  ShiftFinish(const Header& h, size_t vector)
      : bias(Isa::load(h.bias + vector * Isa::kPanel / 2)), has_left(h.has_left_shift) {
    const Vec shift = Isa::load(h.shift + vector * Isa::kPanel / 2);
    right = Isa::positive32(shift);
    left = Isa::sub32(right, shift);
  }
  Vec finish(Vec sum, int32_t factor) const {
    return Isa::shift_right32(Isa::multiply32(sum, factor), right);
  }
  // The tile's outputs, two vectors apart.
  void finish_tile(Vec* t) const {
    if (!has_left) return;
    for (size_t i = 0; i < kTile * kTile; ++i) t[2 * i] = Isa::shift_left32(t[2 * i], left);
  }
};

struct WinogradTable {
  TableParts parts;

  explicit WinogradTable(const int8_t* table) { make_table_parts(table, &parts); }
  void look_up(int8_t* row, size_t pixels, size_t stride, size_t channels) const {
    apply_table_to_pixels(parts, row, pixels, stride, channels);
  }
};

// The steps, for Isa to derive from.
template <class Isa>
struct WinogradPairs {
  using Finish = ShiftFinish<Isa>;
  using OutputTable = WinogradTable;
  static constexpr size_t kInterleave = 2, kStep = 2, kChunk = 32, kTogether = 1, kSlack = 0;

  // U that is stored costs nothing to pass through, so that blocks may be smaller. It may take a part of L3,
  // and a bounded one: a network has many layers, and L3 other users.
  static WinogradLimits limits(const CacheSizes& caches) {
    constexpr size_t kMostStored = 8 << 20;
    return {max_size(caches.l2 / 2, min_size(caches.l3 / 4, kMostStored)), 64, caches.l2 / 4, caches.l2 / 2,
            4};
  }
  static void transform_weights(const int8_t* weights, size_t lines, uint8_t* u, size_t u_bytes) {
    kernels::transform_weights<Isa>(weights, lines, u, u_bytes);
  }
  static void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                               const WinogradScratch& s) {
    kernels::transform_inputs<Isa>(c, p, block, input, s);
  }
  template <size_t kRows>
  static void multiply_rows(const WinogradProduct& t) {
    multiply_pairs<Isa, kRows>(t);
  }
  static void multiply_tiles(size_t count, const WinogradProduct& t) {
    multiply_in_micro_tiles<Isa>(count, t);
  }
  template <class Header, class Epilogue>
  static void transform_outputs(const uint8_t* m, size_t m_bytes, const Header& h, const Epilogue& e,
                                const WinogradTarget& to) {
    transform_outputs_of_tile<Isa>(m, m_bytes, h, e, to);
  }
};

}  // namespace
}  // namespace octet::kernels
