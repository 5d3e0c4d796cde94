// SPDX-License-Identifier: Apache-2.0
//
// What the ARM Winograd kernels share: all steps but the product, on vectors of eight s16 or four s32. Isa
// derives from WinogradNeon and adds multiply_tiles() and the constants of its costs.
//
// smlal by a lane multiplies one tile's V of one input channel by the U of four output channels. So a line of
// U is eight output channels of one input channel, and V has eight input channels of a tile side by side, of
// the next tile behind them: 128 bytes of either are what 8 tiles by 8 output channels take at a time.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/table_neon.h"
#include "kernels/conv_s8_winograd.h"

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
  static constexpr size_t kRows = 8, kPanel = 8, kInterleave = 1, kStep = 8, kChunk = 8;

  // To 64 * x; the shift is part of requantize.
  struct Finish {
    Vec bias;

    template <class Header>
    Finish(const Header& h, size_t vector) : bias(vld1q_s32(h.bias + 4 * vector)) {}
    Vec finish(Vec sum, int32_t factor) const { return vmlaq_n_s32(bias, sum, factor); }
    void finish_tile(Vec*) const {}
  };

  struct Epilogue {
    RequantizeRange range;
    RequantizeEight eight;

    template <class Header>
    Epilogue(const ConvS8& c, const Header& h)
        : range(c.output_zero_point, c.output_min, c.output_max),
          eight(RequantizeEight::load(h.shift, h.multiplier)) {
      eight.shift[0] = vsubq_s32(vdupq_n_s32(stored_shift(0)), eight.shift[0]);
      eight.shift[1] = vsubq_s32(vdupq_n_s32(stored_shift(0)), eight.shift[1]);
    }
  };

  static size_t channel_at(size_t i) { return i; }
  static int16x8_t s16(Vec v) { return vreinterpretq_s16_s32(v); }
  static Vec vec(int16x8_t v) { return vreinterpretq_s32_s16(v); }

  static Vec load(const void* from) {
    return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(from)));
  }
  static void store(void* to, Vec v) { vst1q_u8(static_cast<uint8_t*>(to), vreinterpretq_u8_s32(v)); }
  static Vec pinned(Vec v) { return v; }
  static Vec zero() { return vdupq_n_s32(0); }

  static Vec widen(const int8_t* from) { return vec(vmovl_s8(vld1_s8(from))); }
  static Vec widen_part(const int8_t* from, size_t count) { return vec(vmovl_s8(load_part(from, count))); }
  static Vec add16(Vec a, Vec b) { return vec(vaddq_s16(s16(a), s16(b))); }
  static Vec sub16(Vec a, Vec b) { return vec(vsubq_s16(s16(a), s16(b))); }
  static Vec shift16(Vec a, int bits) { return vec(s16(a) << bits); }
  static Vec six16(Vec a) { return vec(vmulq_n_s16(s16(a), 6)); }

  static Vec add32(Vec a, Vec b) { return vaddq_s32(a, b); }
  static Vec sub32(Vec a, Vec b) { return vsubq_s32(a, b); }
  static Vec shift32(Vec a, int bits) { return a << bits; }

  // The s8 of two pixels, one in each half.
  static int8x16_t requantize_two(const Vec (&a)[2], const Vec (&b)[2], const Epilogue& e) {
    return requantize_16(a[0], a[1], b[0], b[1], e.eight, e.eight, e.range);
  }
  static void store_low(int8_t* to, int8x16_t q) { vst1_s8(to, vget_low_s8(q)); }
  static void store_high(int8_t* to, int8x16_t q) { vst1_s8(to, vget_high_s8(q)); }
  static void store_low_part(int8_t* to, int8x16_t q, size_t count) { store_part(to, vget_low_s8(q), count); }
  static void store_high_part(int8_t* to, int8x16_t q, size_t count) {
    store_part(to, vget_high_s8(q), count);
  }
};

}  // namespace
}  // namespace octet::kernels
