// SPDX-License-Identifier: Apache-2.0
//
// What the ARM Winograd kernels share: all steps but the product, on vectors of eight s16 or four s32. Isa
// derives from WinogradNeon and adds multiply_tiles() and the constants of its costs.
//
// smlal by a lane multiplies one tile's V of one input channel by the U of four output channels. So a line of
// U is eight output channels of one input channel, and V has eight input channels of a tile side by side, of
// the next tile behind them: 128 bytes of either are what 8 tiles by 8 output channels take at a time.
#pragma once

#include "kernels/arm/conv_s8_winograd_transforms_neon.h"
#include "kernels/arm/table_neon.h"

namespace octet::kernels {
namespace {

struct WinogradTable {
  TableParts parts;

  explicit WinogradTable(const int8_t* table) : parts(table) {}
  void look_up(int8_t* row, size_t pixels, size_t stride, size_t channels) const {
    for (size_t x = 0; x < pixels; ++x, row += stride) apply_table(parts, row, row, channels);
  }
};

struct WinogradNeon {
  using Vec = int32x4_t;
  using OutputTable = WinogradTable;
  static constexpr size_t kPanel = 8, kInterleave = 1, kStep = 8, kChunk = 8;

  struct Epilogue : RequantizeRange {
    template <class Header>
    Epilogue(const ConvS8& c, const Header&)
        : RequantizeRange(c.output_zero_point, c.output_min, c.output_max) {}
  };

  // These cores share L2 among two to four, which have U in common, and have no L3: caches.l2 is one core's
  // share. U from memory would come slower than it is made from s8, and boards are short of memory.
  static WinogradLimits limits(const CacheSizes& caches) {
    return {caches.l2 * 5 / 2, 64, caches.l2 / 2, caches.l2, 8};
  }
  static size_t channel_at(size_t i) { return i; }
  static int16x8_t s16(Vec v) { return vreinterpretq_s16_s32(v); }

  static Vec load(const void* from) {
    return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(from)));
  }
  static void store(void* to, Vec v) { vst1q_u8(static_cast<uint8_t*>(to), vreinterpretq_u8_s32(v)); }
  static Vec zero() { return vdupq_n_s32(0); }

  static void transform_weights(const int8_t* weights, size_t lines, uint8_t* u, size_t u_bytes) {
    kernels::transform_weights(weights, lines, u, u_bytes);
  }
  static void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                               const WinogradScratch& s) {
    kernels::transform_inputs(c, p, block, input, s);
  }
  template <class Header>
  static void transform_outputs(const uint8_t* m, size_t m_bytes, const Header& h, const Epilogue& e,
                                const WinogradTarget& to) {
    transform_outputs_of_tile(m, m_bytes, h, e, to);
  }
};

}  // namespace
}  // namespace octet::kernels
