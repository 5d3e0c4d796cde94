// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 1 with dot products. Two rows of output at
// once: a column of four input rows is interleaved into quads [r0 r1 r2 r3], which serve both
// and move on over three columns:
//
//   row y:     [w0 w1 w2 0]  . [r0 r1 r2 r3]      for each of three columns
//   row y + 1: [0 w0 w1 w2]  . [r0 r1 r2 r3]
//
// conv_s8_depthwise.h is the frame. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/conv_s8_depthwise_quads.h"

namespace octet::kernels {
namespace {

struct Depthwise3x3s1 {
  static constexpr size_t kKernel = 3, kStride = 1, kInputRows = 4, kOutputRows = 2;
  static constexpr size_t kOutputs = 1, kReach = 3, kRing = 3, kShared = 2, kAdvance = 1, kQuads = 6;
  static constexpr size_t kWeightBytes = kQuads * 4 * kEight;
  // The tap behind each weight of a quad: [output row][column][row of input].
  static constexpr uint8_t kTaps[kQuads][4] = {{0, 3, 6, kNoTap}, {1, 4, 7, kNoTap}, {2, 5, 8, kNoTap},
                                               {kNoTap, 0, 3, 6}, {kNoTap, 1, 4, 7}, {kNoTap, 2, 5, 8}};

  using Column = Quads;
  using Fast = Depthwise3x3s1;
  static bool is_fast(const uint8_t*) { return true; }

  EightBias bias;
  RequantizeEight requantize;
  RequantizeRange range;
  int8x16_t weights[2][3][2];  // [output row][column][half of the channels]

  Depthwise3x3s1(const uint8_t* packed, const RequantizeRange& output_range)
      : bias(packed), requantize(load_requantize(packed)), range(output_range) {
#pragma GCC unroll 12
    for (size_t i = 0; i < 2 * kQuads; ++i)
      weights[i / 6][i / 2 % 3][i % 2] = load_weights(packed + kEightHeader, i);
  }

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
    pack_quads(c, block, kTaps, to);
  }

  template <class Pixels>
  static inline Quads column(const Pixels& pixels, size_t k) {
    return interleave(pixels(0, k), pixels(1, k), pixels(2, k), pixels(3, k));
  }
  template <class Pixels>
  static void begin(const Pixels& pixels, Quads* ring) {
    ring[0] = column(pixels, 0);
    ring[1] = column(pixels, 1);
  }

  inline int32x4_t sum(size_t row, size_t half, const Quads& a, const Quads& b, const Quads& d) {
    const auto& w = weights[row];
    const int32x4_t acc = vdotq_s32(bias.load(half), a.half[half], w[0][half]);
    return vdotq_s32(vdotq_s32(acc, b.half[half], w[1][half]), d.half[half], w[2][half]);
  }

  // One output of both rows.
  inline int8x16_t output(const Quads& a, const Quads& b, const Quads& d) {
    const int32x4_t low0 = sum(0, 0, a, b, d), low1 = sum(0, 1, a, b, d);
    const int32x4_t high0 = sum(1, 0, a, b, d), high1 = sum(1, 1, a, b, d);
    return requantize_16(low0, low1, high0, high1, requantize, requantize, range);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, Quads* ring, int8_t* const (&out)[2]) {
    const Quads &a = ring[kBegin], &b = ring[(kBegin + 1) % 3];
    Quads& d = ring[(kBegin + 2) % 3];
    d = column(pixels, 0);
    store_halves(output(a, b, d), out[0], out[1]);
  }
};

}  // namespace
}  // namespace octet::kernels
