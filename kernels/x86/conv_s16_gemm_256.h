// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product on 256-bit vectors: 6 output pixels by 16 output channels, any geometry and
// groups. conv_s16_windows.h cuts the work.
//
// Exact: inputs and weights meet as s16 in pmaddwd (or vpdpwssd), whose s32 sums of two products cannot saturate
// with weights in [-127, 127], and s32 additions wrap as the reference's do. Twelve accumulators, two vectors of
// weights and one broadcast pair of inputs fill 15 registers.
//
// A packed panel of 16 channels: the header of conv_s16_output_256.h, then s16 weights[step][16][2], consecutive
// elements of a window together.
//
// Dot has multiply_add(a, b, acc): acc + the sum of two products s16 * s16 in each s32 lane.
#pragma once

#include "kernels/conv_s16_windows.h"
#include "kernels/x86/conv_s16_output_256.h"

namespace octet::kernels {
namespace {

template <class Dot>
struct WideGemm {
  using Element = int16_t;
  static constexpr size_t kPanel = Gemm256::kPanel, kRows = 6;

  static size_t panel_bytes(size_t steps) { return kWideHeaderBytes + steps * 64; }

  static void pack_panel(const ConvS16& c, const WindowsPlan& p, const ChannelPanel& panel, uint8_t* to) {
    pack_wide_header(c, panel.first, panel.columns, to);
    auto* weights = reinterpret_cast<int16_t*>(to + kWideHeaderBytes);
    for (size_t step = 0; step < p.steps; ++step)
      for (size_t i = 0; i < kPanel; ++i)
        for (size_t k = 2 * step; k < 2 * step + 2; ++k) {
          const size_t column = channel_at(kPanel, i);
          *weights++ = column < panel.columns ? window_weight(c, p, panel.first + column, k) : int16_t{0};
        }
  }

  // `kCount` windows from `window` on.
  template <size_t kCount>
  static __attribute__((always_inline)) inline void multiply(const WindowsTile& tile, const int16_t* window,
                                                             const uint8_t* packed,
                                                             __m256i (&acc)[kCount][2]) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kCount; ++i) {
      acc[i][0] = load(packed);
      acc[i][1] = load(packed + 32);
    }
    const uint8_t* weights = packed + kWideHeaderBytes;
    const int16_t* a[kCount];
#pragma GCC unroll 6
    for (size_t i = 0; i < kCount; ++i) a[i] = window + i * tile.stride;
    for (size_t k = 0; k < 2 * tile.steps; k += 2, weights += 64) {
      const __m256i b0 = load(weights), b1 = load(weights + 32);
#pragma GCC unroll 6
      for (size_t i = 0; i < kCount; ++i) {
        const __m256i pair = broadcast_four(a[i] + k);
        Dot::multiply_add(pair, b0, &acc[i][0]);
        Dot::multiply_add(pair, b1, &acc[i][1]);
      }
    }
  }

  template <size_t kCount>
  static void run_pixels(const ConvS16& c, const ChannelPanel& panel, const WindowsTile& tile, size_t m,
                         const uint8_t* packed, void* output, const WideEpilogue& e) {
    __m256i acc[kCount][2];
    multiply<kCount>(tile, tile.windows + m * tile.stride, packed, acc);
    finish_wide<WideGemm>(packed, panel.columns, output, (tile.first + m) * c.output_channels + panel.first,
                          c.output_channels, acc, e);
  }

  static void run_panel(const ConvS16& c, const ChannelPanel& panel, const WindowsTile& tile,
                        const uint8_t* packed, void* output) {
    const WideEpilogue e(c);
    size_t m = 0;
    for (; m + kRows <= tile.pixels; m += kRows) run_pixels<kRows>(c, panel, tile, m, packed, output, e);
    for (; m + 2 <= tile.pixels; m += 2) run_pixels<2>(c, panel, tile, m, packed, output, e);
    if (m < tile.pixels) run_pixels<1>(c, panel, tile, m, packed, output, e);
  }

  static bool supports(const ConvS16&) { return true; }
};

}  // namespace
}  // namespace octet::kernels
