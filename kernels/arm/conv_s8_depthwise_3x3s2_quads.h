// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 with dot products. Two outputs at once, from columns 0-4
// of three input rows:
//
//   E(k)  [r0 r1 r2 of even column k, r2 of column k + 1]    column 4 is column 0 of the next two
//   O     [r0 r1 of column 1, r0 r1 of column 3]
//
//   output 0:  [w00 w10 w20 w21] . E(0) + [w01 w11 0 0] . O + [w02 w12 w22 0] . E(2)
//   output 1:  [w00 w10 w20 w21] . E(2) + [0 0 w01 w11] . O + [w02 w12 w22 0] . E(4)
//
// conv_s8_depthwise.h is the frame. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/conv_s8_depthwise_quads.h"

namespace octet::kernels {
namespace {

struct Depthwise3x3s2 {
  static constexpr size_t kKernel = 3, kStride = 2, kInputRows = 3, kOutputRows = 1;
  static constexpr size_t kOutputs = 2, kReach = 6, kRing = 1, kShared = 1, kAdvance = 0, kQuads = 4;
  static constexpr size_t kWeightBytes = kQuads * 4 * kEight;
  // The tap behind each weight of a quad.
  static constexpr uint8_t kTaps[kQuads][4] = {
      {0, 3, 6, 7}, {1, 4, kNoTap, kNoTap}, {kNoTap, kNoTap, 1, 4}, {2, 5, 8, kNoTap}};

  using Column = Quads;  // E(0)
  using Fast = Depthwise3x3s2;
  static bool is_fast(const uint8_t*) { return true; }

  RequantizeEight requantize;
  RequantizeRange range;
  int32x4_t bias[2];
  int8x16_t weights[kQuads][2];  // [quad][half of the channels]

  Depthwise3x3s2(const uint8_t* packed, const RequantizeRange& output_range)
      : requantize(load_requantize(packed)), range(output_range) {
    EightBias from(packed);
    bias[0] = from.load(0);
    bias[1] = from.load(1);
#pragma GCC unroll 8
    for (size_t i = 0; i < 2 * kQuads; ++i) weights[i / 2][i % 2] = load_weights(packed + kEightHeader, i);
  }

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
    pack_quads(c, block, kTaps, to);
  }

  // Pixels are counted from column 1 on; in begin() from column 0 on.
  template <class Pixels>
  static inline Quads even(const Pixels& pixels, size_t k) {
    return interleave(pixels(0, k), pixels(1, k), pixels(2, k), pixels(2, k + 1));
  }
  template <class Pixels>
  static void begin(const Pixels& pixels, Quads* ring) {
    ring[0] = even(pixels, 0);
  }

  inline int16x8_t output(const Quads& a, const Quads& odd, const Quads& b, size_t odd_weights) const {
    int32x4_t acc[2];
#pragma GCC unroll 2
    for (size_t h = 0; h < 2; ++h) {
      acc[h] = vdotq_s32(bias[h], a.half[h], weights[0][h]);
      acc[h] = vdotq_s32(acc[h], odd.half[h], weights[odd_weights][h]);
      acc[h] = vdotq_s32(acc[h], b.half[h], weights[3][h]);
    }
    return requantize_to_s16(acc[0], acc[1], requantize, range);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, Quads* ring, int8_t* const (&out)[2]) {
    const Quads odd = interleave(pixels(0, 0), pixels(1, 0), pixels(0, 2), pixels(1, 2));
    const Quads middle = even(pixels, 1);
    const int16x8_t first = output(ring[0], odd, middle, 1);
    ring[0] = even(pixels, 3);
    const int16x8_t second = output(middle, odd, ring[0], 2);
    store_halves(range.clamp(narrow_to_s8(first, second)), out[0], out[1]);
  }
};

}  // namespace
}  // namespace octet::kernels
