// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 2 with dot products, from pairs k of
// columns, 2 k and 2 k + 1, of five input rows:
//
//   E(k)  [r0 r1 r2 r3] of the even column       pairs 0, 1 and 2
//   O(k)  [r0 r1 r2 r3] of the odd column        pairs 0 and 1
//   R(k)  r4 of the four columns of pairs k and k + 1      pairs 0 and 1, the latter for the last tap
//
// conv_s8_depthwise.h is the frame.
#include "kernels/arm/conv_s8_depthwise_quads.h"

namespace octet::kernels {
namespace {

// Two columns.
struct Pair5x5 {
  Quads even, odd, rest;  // E, O, R
  int16x8_t last_row;     // r4 of both
};

struct Depthwise5x5s2 {
  static constexpr size_t kKernel = 5, kStride = 2, kInputRows = 5, kOutputRows = 1;
  static constexpr size_t kOutputs = 1, kReach = 6, kRing = 3, kShared = 2, kAdvance = 1, kQuads = 7;
  static constexpr size_t kWeightBytes = kQuads * 4 * kEight;
  // The tap behind each weight of a quad: E(0), E(1), E(2), O(0), O(1), R(0), R(1).
  static constexpr uint8_t kTaps[kQuads][4] = {{0, 5, 10, 15},
                                               {2, 7, 12, 17},
                                               {4, 9, 14, 19},
                                               {1, 6, 11, 16},
                                               {3, 8, 13, 18},
                                               {20, 21, 22, 23},
                                               {kNoTap, kNoTap, 24, kNoTap}};
  using Column = Pair5x5;
  using Fast = Depthwise5x5s2;
  static bool is_fast(const uint8_t*) { return true; }

  EightBias bias;
  RequantizeEight requantize;
  RequantizeRange range;
  const uint8_t* weights;

  Depthwise5x5s2(const uint8_t* packed, const RequantizeRange& output_range)
      : bias(packed),
        requantize(load_requantize(packed)),
        range(output_range),
        weights(packed + kEightHeader) {}

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
    pack_quads(c, block, kTaps, to);
  }

  template <class Pixels>
  static inline void load_pair(const Pixels& pixels, size_t k, Pair5x5* pair) {
    pair->even = interleave(pixels(0, k), pixels(1, k), pixels(2, k), pixels(3, k));
    pair->odd = interleave(pixels(0, k + 1), pixels(1, k + 1), pixels(2, k + 1), pixels(3, k + 1));
    pair->last_row = zip_bytes(pixels(4, k), pixels(4, k + 1));
  }

  template <class Pixels>
  static void begin(const Pixels& pixels, Pair5x5* ring) {
    load_pair(pixels, 0, &ring[0]);
    load_pair(pixels, 2, &ring[1]);
    ring[0].rest = interleave_pairs(ring[0].last_row, ring[1].last_row);
  }

  inline int8x16_t weight(size_t quad, size_t half) {
    asm("" : "+r"(weights));  // or the compiler keeps weights in registers that it lacks
    return load_weights(weights, 2 * quad + half);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, Pair5x5* ring, int8_t* const (&out)[2]) {
    const Pair5x5& a = ring[kBegin];
    Pair5x5 &b = ring[(kBegin + 1) % kRing], &d = ring[(kBegin + 2) % kRing];
    load_pair(pixels, 2, &d);  // columns are counted from the second on: kShared of them are skipped
    b.rest = interleave_pairs(b.last_row, d.last_row);
    int32x4_t acc[2];
#pragma GCC unroll 2
    for (size_t h = 0; h < 2; ++h) {
      int32x4_t sum = vdotq_s32(bias.load(h), a.even.half[h], weight(0, h));
      sum = vdotq_s32(sum, b.even.half[h], weight(1, h));
      sum = vdotq_s32(sum, a.odd.half[h], weight(3, h));
      sum = vdotq_s32(sum, b.odd.half[h], weight(4, h));
      sum = vdotq_s32(sum, a.rest.half[h], weight(5, h));
      sum = vdotq_s32(sum, b.rest.half[h], weight(6, h));
      acc[h] = vdotq_s32(sum, d.even.half[h], weight(2, h));
    }
    vst1_s8(out[0], requantize_8(acc[0], acc[1], requantize, range));
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_5x5s2_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s2_dotprod_kernel =
    DepthwiseColumns<Depthwise5x5s2>::kernel("conv_s8_depthwise_5x5s2_dotprod", kDotprod);

}  // namespace octet::kernels
