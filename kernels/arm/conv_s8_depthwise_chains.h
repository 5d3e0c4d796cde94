// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of the depthwise conv_s8 kernels without dot products: eight channels of
// one pixel times their weights, smull, is s16; a chain of such products is summed there (smlal)
// before it is added to the s32 accumulators. Two products always fit (|w| <= 127, |x| <= 128); chains of
// three where the sum of their |w| is at most 255, for 128 * 255 < 2^15.
//
// Chains of three are rare: of 1977 blocks in three MobileNets (3x3, weights scaled to 127 per channel) all
// three kernel rows fit in 6%. Three corners fit in 45%, but that order takes as long as pairs (model:
// A72 35.6 cycles for 16 outputs instead of 34.1, A53 87 instead of 88.5). Some three taps fit in 97%, some
// three times three in 70%: each block would need its own order of loads.
#pragma once

#include "kernels/arm/conv_s8_depthwise.h"

namespace octet::kernels {
namespace {

// s32 accumulators of eight channels.
struct EightSums {
  int32x4_t low, high;
};

inline void add_chain(int16x8_t chain, EightSums* acc) {
  acc->low = vaddw_s16(acc->low, vget_low_s16(chain));
#if defined(__aarch64__)
  acc->high = vaddw_high_s16(acc->high, chain);
#else
  acc->high = vaddw_s16(acc->high, vget_high_s16(chain));
#endif
}

// acc + pixels * weights, kChain products at a time, of kOutputs outputs with the same weights.
template <size_t kChain, size_t kOutputs, size_t kTaps>
__attribute__((always_inline)) inline void add_taps(const int8x8_t (&pixels)[kOutputs][kTaps],
                                                    const int8x8_t (&weights)[kTaps],
                                                    EightSums (&acc)[kOutputs]) {
  int16x8_t chain[kOutputs];
#pragma GCC unroll 9
  for (size_t t = 0; t < kTaps; ++t) {
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i)
      chain[i] =
          t % kChain == 0 ? vmull_s8(pixels[i][t], weights[t]) : vmlal_s8(chain[i], pixels[i][t], weights[t]);
    if (t % kChain != kChain - 1 && t + 1 != kTaps) continue;
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i) add_chain(chain[i], &acc[i]);
  }
}

// Weights as vectors of eight bytes, [tap]; then whether every three of them make a chain.
constexpr size_t chain_bytes(size_t taps) { return (taps + 1) * kEight; }

inline void pack_chains(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
  const size_t taps = c.kernel_height * c.kernel_width;
  bool chains = true;
  for (size_t i = 0; i < kEight; ++i)
    for (size_t t = 0, sum = 0; t < taps; ++t) {
      const int w = i < block.valid ? c.weights[(block.first + i) * taps + t] : 0;
      to[t * kEight + i] = static_cast<uint8_t>(w);
      sum = (t % 3 == 0 ? 0 : sum) + static_cast<size_t>(w < 0 ? -w : w);
      chains = chains && sum <= 255;
    }
  std::memset(to + taps * kEight, chains ? 1 : 0, kEight);
}

inline int8x8_t load_eight(const uint8_t* from) { return vreinterpret_s8_u8(vld1_u8(from)); }

// Three rows of a column.
struct ThreeRows {
  int8x8_t row[3];
};

// What kernels keep of a block that have its nine weights in registers.
template <size_t kChain>
struct ThreeByThree {
  static constexpr size_t kWeightBytes = chain_bytes(9);
  using Column = ThreeRows;

  EightBias bias;
  RequantizeEight requantize;
  RequantizeRange range;
  int8x8_t weights[9];

  ThreeByThree(const uint8_t* packed, const RequantizeRange& output_range)
      : bias(packed), requantize(load_requantize(packed)), range(output_range) {
#pragma GCC unroll 9
    for (size_t t = 0; t < 9; ++t) weights[t] = load_eight(packed + kEightHeader + t * kEight);
  }

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) { pack_chains(c, block, to); }
  static bool is_fast(const uint8_t* packed) { return packed[kEightHeader + 9 * kEight] != 0; }

  template <class Pixels>
  static inline ThreeRows column(const Pixels& pixels, size_t k) {
    return {{pixels(0, k), pixels(1, k), pixels(2, k)}};
  }

  // Six fractional bits, of the outputs whose columns are a b d and, if there are two, e f g.
  template <size_t kOutputs>
  inline void outputs(const ThreeRows* const (&columns)[kOutputs][3], int16x8_t (&q)[kOutputs]) {
    int8x8_t pixels[kOutputs][9];
    EightSums acc[kOutputs];
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i) {
#pragma GCC unroll 9
      for (size_t t = 0; t < 9; ++t) pixels[i][t] = columns[i][t % 3]->row[t / 3];
      acc[i] = {bias.load(0), bias.load(1)};
    }
    add_taps<kChain>(pixels, weights, acc);
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i)
      q[i] = requantize_to_s16(acc[i].low, acc[i].high, requantize, range);
  }

  // Two outputs next to each other.
  inline void two_outputs(const ThreeRows* const (&columns)[2][3], int8_t* const (&out)[2]) {
    int16x8_t q[2];
    outputs(columns, q);
    store_halves(range.clamp(narrow_to_s8(q[0], q[1])), out[0], out[1]);
  }

  inline int8x8_t one_output(const ThreeRows& a, const ThreeRows& b, const ThreeRows& d) {
    int16x8_t q[1];
    outputs({{&a, &b, &d}}, q);
    return range.clamp(vqshrn_n_s16(q[0], 6));
  }
};

}  // namespace
}  // namespace octet::kernels
