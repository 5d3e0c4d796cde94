// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 kernels for NEON without dot products that keep no pixels in registers:
// every step loads the windows of its outputs. Weights are loaded where they are used too,
// but for the nine of a 3x3 kernel. conv_s8_depthwise.h is the frame,
// conv_s8_depthwise_chains.h the arithmetic.
#pragma once

#include "kernels/arm/conv_s8_depthwise_chains.h"

namespace octet::kernels {
namespace {

// 3x3 on ARMv7, where the weights fill a third of the registers: one output at a time.
template <size_t kStep, size_t kChain = 2>
struct DepthwiseWindow3x3 : ThreeByThree<kChain> {
  static constexpr size_t kKernel = 3, kStride = kStep, kInputRows = 3, kOutputRows = 1;
  static constexpr size_t kOutputs = 1, kReach = 3, kRing = 1, kShared = 0, kAdvance = 0;
  using Base = ThreeByThree<kChain>;
  using Base::Base;
  using Fast = DepthwiseWindow3x3<kStep, 3>;

  template <class Pixels>
  static void begin(const Pixels&, ThreeRows*) {}

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, ThreeRows*, int8_t* const (&out)[2]) {
    vst1_s8(out[0],
            this->one_output(Base::column(pixels, 0), Base::column(pixels, 1), Base::column(pixels, 2)));
  }
};

// 5x5: two outputs at a time, one on ARMv7.
template <size_t kStep, size_t kChain = 2>
struct DepthwiseWindow5x5 {
  static constexpr size_t kKernel = 5, kStride = kStep, kInputRows = 5, kOutputRows = 1;
#if defined(__aarch64__)
  static constexpr size_t kOutputs = 2;
#else
  static constexpr size_t kOutputs = 1;
#endif
  static constexpr size_t kReach = 5 + (kOutputs - 1) * kStep, kRing = 1, kShared = 0, kAdvance = 0;
  static constexpr size_t kTaps = kKernel * kKernel, kWeightBytes = chain_bytes(kTaps);
  using Column = ThreeRows;  // none is kept
  using Fast = DepthwiseWindow5x5<kStep, 3>;

  const uint8_t* packed;
  EightBias bias;
  RequantizeEight requantize;
  RequantizeRange range;

  DepthwiseWindow5x5(const uint8_t* from, const RequantizeRange& output_range)
      : packed(from), bias(from), requantize(load_requantize(from)), range(output_range) {}

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) { pack_chains(c, block, to); }
  static bool is_fast(const uint8_t* block) { return block[kEightHeader + kTaps * kEight] != 0; }

  template <class Pixels>
  static void begin(const Pixels&, ThreeRows*) {}

  template <class Pixels>
  __attribute__((always_inline)) inline void outputs(const Pixels& pixels, int16x8_t (&q)[kOutputs]) {
    EightSums acc[kOutputs];
    int16x8_t chain[kOutputs];
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i) acc[i] = {bias.load(0), bias.load(1)};
    const uint8_t* weights = packed + kEightHeader;
    asm("" : "+r"(weights));  // or the compiler keeps weights in registers that it lacks
#pragma GCC unroll 25
    for (size_t t = 0; t < kTaps; ++t) {
      const int8x8_t w = load_eight(weights + t * kEight);
#pragma GCC unroll 2
      for (size_t i = 0; i < kOutputs; ++i) {
        const int8x8_t pixel = pixels(t / kKernel, t % kKernel + i * kStep);
        chain[i] = t % kChain == 0 ? vmull_s8(pixel, w) : vmlal_s8(chain[i], pixel, w);
        if (t % kChain == kChain - 1 || t + 1 == kTaps) add_chain(chain[i], &acc[i]);
      }
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < kOutputs; ++i)
      q[i] = requantize_to_s16(acc[i].low, acc[i].high, requantize, range);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, ThreeRows*, int8_t* const (&out)[2]) {
    int16x8_t q[kOutputs];
    outputs(pixels, q);
    if constexpr (kOutputs == 2)
      store_halves(range.clamp(narrow_to_s8(q[0], q[1])), out[0], out[1]);
    else
      vst1_s8(out[0], range.clamp(vqshrn_n_s16(q[0], 6)));
  }
};

}  // namespace
}  // namespace octet::kernels
