// SPDX-License-Identifier: Apache-2.0
//
// The transforms of Winograd F(4x4, 3x3) on NEON: G W G^T of weights, B^T X B of windows, A^T M A of a tile
// and its way to s8. conv_s8_winograd_plan.h has the matrices. Multiples by 2 and 4 are one
// multiply-accumulate.
//
// Windows overlap by two pixels. So the tiles of a row are taken together, eight channels at a time: first
// all columns of pixels are transformed, each once, then the lines of the tiles. The first sums are taken
// from s8, widening (ssubl, smlsl).
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/conv_s8_winograd.h"

namespace octet::kernels {
namespace {

// ---- weights ----

// ARMv7 has too few registers to keep weights for the next rows: they are loaded again.
inline void forget_weights() {
#if !defined(__aarch64__)
  asm volatile("" : : : "memory");
#endif
}

// Where the six points of a line stand, so that each store is one instruction: from an offset on AArch64, one
// after another on ARMv7. gcc would add up, or keep, 36 addresses.
struct PointOffsets {
  size_t one, two, three, four, five;

  explicit PointOffsets(size_t bytes)
      : one(bytes), two(2 * bytes), three(3 * bytes), four(4 * bytes), five(5 * bytes) {
#if defined(__aarch64__)
    asm("" : "+r"(two), "+r"(three), "+r"(four), "+r"(five));
#endif
  }
  size_t line() const { return 2 * three; }
};

inline void store_points(uint8_t* to, const PointOffsets& offsets, int16x8_t a, int16x8_t b, int16x8_t c,
                         int16x8_t d, int16x8_t e, int16x8_t f) {
  const auto store = [](uint8_t* at, int16x8_t v) { vst1q_s16(reinterpret_cast<int16_t*>(at), v); };
  asm volatile("" : "+r"(to));
#if defined(__aarch64__)
  store(to, a);
  store(to + offsets.one, b);
  store(to + offsets.two, c);
  store(to + offsets.three, d);
  store(to + offsets.four, e);
  store(to + offsets.five, f);
#else
  store(to, a);
  store(to += offsets.one, b);
  store(to += offsets.one, c);
  store(to += offsets.one, d);
  store(to += offsets.one, e);
  store(to += offsets.one, f);
#endif
}

// Six points of U from a row of G W.
inline void store_weight_row(const int16x8_t (&w)[3], uint8_t* u, const PointOffsets& offsets) {
  const int16x8_t even = vaddq_s16(w[0], w[2]), far = vaddq_s16(w[0], vshlq_n_s16(w[2], 2));
  const int16x8_t twice = vaddq_s16(w[1], w[1]);
  store_points(u, offsets, vmulq_n_s16(w[0], 6), vaddq_s16(even, w[1]), vsubq_s16(even, w[1]),
               vaddq_s16(far, twice), vsubq_s16(far, twice), vmulq_n_s16(w[2], 6));
}

// U of `lines` lines from their s8: rows 1 and 2 of G W, 3 and 4, 0 and 5.
inline void transform_weights(const int8_t* weights, size_t lines, uint8_t* u, size_t u_bytes) {
  const PointOffsets offsets(u_bytes);
  constexpr size_t kTapBytes = 8, kLineBytes = kTaps * kTapBytes;
  const int8_t* next = weights + lines * kLineBytes;  // of the next part, which comes while this one is used
  const auto load = [&](size_t y, size_t x) { return vld1_s8(weights + (3 * y + x) * kTapBytes); };
  for (; lines > 0; --lines, weights += kLineBytes, next += kLineBytes, u += 16) {
    __builtin_prefetch(next, 0, 2);
    int16x8_t sum[3], difference[3];
    for (size_t x = 0; x < 3; ++x) {
      const int16x8_t even = vaddl_s8(load(0, x), load(2, x));
      sum[x] = vaddw_s8(even, load(1, x));
      difference[x] = vsubw_s8(even, load(1, x));
    }
    store_weight_row(sum, u + offsets.line(), offsets);
    store_weight_row(difference, u + 2 * offsets.line(), offsets);
    forget_weights();
    for (size_t x = 0; x < 3; ++x) {
      const int16x8_t far = vaddw_s8(vshll_n_s8(load(2, x), 2), load(0, x)),
                      twice = vshll_n_s8(load(1, x), 1);
      sum[x] = vaddq_s16(far, twice);
      difference[x] = vsubq_s16(far, twice);
    }
    store_weight_row(sum, u + 3 * offsets.line(), offsets);
    store_weight_row(difference, u + 4 * offsets.line(), offsets);
    forget_weights();
    for (size_t x = 0; x < 3; ++x) {
      sum[x] = vmull_s8(load(0, x), vdup_n_s8(6));
      difference[x] = vmull_s8(load(2, x), vdup_n_s8(6));
    }
    store_weight_row(sum, u, offsets);
    store_weight_row(difference, u + 5 * offsets.line(), offsets);
  }
}

// ---- inputs ----

constexpr size_t kRowTiles = 16;  // tiles of a row that are taken together
constexpr size_t kRowColumns = kTile * kRowTiles + kWindow - kTile;

// 4 in every lane, as the compiler cannot look into: clang would make shifts and additions of it.
struct Fours {
  int8x8_t s8 = vdup_n_s8(4);
  int16x8_t s16 = vdupq_n_s16(4);

  Fours() { asm("" : "+w"(s8), "+w"(s16)); }
};

// B^T of `columns` columns of pixels, eight channels.
template <bool kPart>
inline void transform_columns(const int8_t* const* pixels, size_t columns, size_t channel, size_t count,
                              const Fours& four, int16x8_t (*to)[kWindow]) {
  const auto load = [=](const int8_t* from) {
    return kPart ? load_part(from + channel, count) : vld1_s8(from + channel);
  };
  for (size_t i = 0; i < columns; ++i, pixels += kWindow, ++to) {
    const int8x8_t a = load(pixels[0]), b = load(pixels[1]), c = load(pixels[2]), d = load(pixels[3]),
                   e = load(pixels[4]), f = load(pixels[5]);
    const int16x8_t s = vsubl_s8(e, c), t = vsubl_s8(d, b), twice = vaddq_s16(t, t);
    const int16x8_t even = vmlsl_s8(vmovl_s8(e), c, four.s8), odd = vmlsl_s8(vmovl_s8(d), b, four.s8);
    (*to)[1] = vaddq_s16(even, odd);
    (*to)[2] = vsubq_s16(even, odd);
    (*to)[3] = vaddq_s16(s, twice);
    (*to)[4] = vsubq_s16(s, twice);
    (*to)[0] = vmlal_s8(vmlsl_s8(s, c, four.s8), a, four.s8);
    (*to)[5] = vmlsq_s16(vsubl_s8(f, d), t, four.s16);
  }
}

// The same of line `y` of the columns from `x` on: six points of V.
inline void transform_line(const int16x8_t (*x)[kWindow], size_t y, const Fours& four, uint8_t* v,
                           const PointOffsets& offsets) {
  const int16x8_t s = vsubq_s16(x[4][y], x[2][y]), t = vsubq_s16(x[3][y], x[1][y]), twice = vaddq_s16(t, t);
  const int16x8_t even = vsubq_s16(x[4][y], vshlq_n_s16(x[2][y], 2));
  const int16x8_t odd = vsubq_s16(x[3][y], vshlq_n_s16(x[1][y], 2));
  store_points(v, offsets, vmlaq_s16(s, vsubq_s16(x[0][y], x[2][y]), four.s16), vaddq_s16(even, odd),
               vsubq_s16(even, odd), vaddq_s16(s, twice), vsubq_s16(s, twice),
               vmlsq_s16(vsubq_s16(x[5][y], x[3][y]), t, four.s16));
}

// Eight channels of `tiles` neighbours, whose pixels are listed column by column.
template <bool kPart>
__attribute__((noinline)) void transform_windows(const int8_t* const* pixels, size_t tiles, size_t channel,
                                                 size_t count, uint8_t* v, size_t v_bytes) {
  const Fours four;
  const PointOffsets offsets(v_bytes);
  int16x8_t columns[kRowColumns][kWindow];
  transform_columns<kPart>(pixels, kTile * tiles + kWindow - kTile, channel, count, four, columns);
  for (size_t i = 0; i < tiles; ++i, v += 16) {
    uint8_t* line = v;
    for (size_t y = 0; y < kWindow; ++y, line += offsets.line())
      transform_line(columns + kTile * i, y, four, line, offsets);
  }
}

// The pixels under `tiles` tiles from `t` on, column by column; `pad` where they are outside the input.
inline void list_pixels(const ConvS8& c, const WinogradTile& t, size_t tiles, const int8_t* input,
                        const int8_t* pad, const int8_t** pixels) {
  const size_t top = kTile * t.y - c.pad_top, left = kTile * t.x - c.pad_left;  // wrap, if they are negative
  const size_t columns = kTile * tiles + kWindow - kTile;
  for (size_t y = 0; y < kWindow; ++y) {
    const bool inside = top + y < c.input_height;
    const int8_t* line =
        inside ? input + (t.n * c.input_height + top + y) * c.input_width * c.input_channels : pad;
    for (size_t x = 0; x < columns; ++x)
      pixels[kWindow * x + y] =
          inside && left + x < c.input_width ? line + (left + x) * c.input_channels : pad;
  }
}

inline void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                             const WinogradScratch& s) {
  const int8_t* pixels[kRowColumns * kWindow];
  const size_t first = first_tile(p, block), last = first_tile(p, block + 1);
  for (size_t i = first, tiles; i < last; i += tiles) {
    const WinogradTile tile = find_tile(p, i);
    tiles = min_size(min_size(last - i, p.tiles_x - tile.x), kRowTiles);
    list_pixels(c, tile, tiles, input, s.pad, pixels);
    uint8_t* v = s.v + (i - first) * 16;
    for (size_t k = 0; k < c.input_channels; k += 8, v += p.block * 16) {
      if (k + 8 <= c.input_channels) {
        transform_windows<false>(pixels, tiles, k, 8, v, p.v_bytes);
      } else {
        transform_windows<true>(pixels, tiles, k, c.input_channels - k, v, p.v_bytes);
      }
    }
  }
}

// ---- outputs ----

struct Four {
  int32x4_t a, b, c, d;
};

// What is multiplied with, as the compilers cannot look into.
struct TileFactors {
  // 1, 2, 4, 8 and 16 times the first; 2 and 4.
  int32x2_t once = {output_factor(0, 0), output_factor(0, 1)},
            four = {output_factor(1, 1), output_factor(1, 2)};
  int32x2_t most = {output_factor(2, 2), 0}, small = {2, 4};

  TileFactors() { asm("" : "+w"(once), "+w"(four), "+w"(most), "+w"(small)); }
  // Times output_factor(y, x).
  template <size_t y, size_t x>
  int32x4_t finish(int32x4_t sum) const {
    constexpr int bits = (y < 3 ? y : 2) + (x < 3 ? x : 2);
    if constexpr (bits < 2) return vmulq_lane_s32(sum, once, bits);
    if constexpr (bits < 4) return vmulq_lane_s32(sum, four, bits % 2);
    return vmulq_lane_s32(sum, most, 0);
  }
};

// A^T of a column or a line, rows divided by 1, 2, 4, 4.
inline Four transform_sums(int32x4_t m0, int32x4_t m1, int32x4_t m2, int32x4_t m3, int32x4_t m4, int32x4_t m5,
                           const TileFactors& k) {
  const int32x4_t s = vaddq_s32(m1, m2), d = vsubq_s32(m1, m2);
  const int32x4_t far_s = vaddq_s32(m3, m4), far_d = vsubq_s32(m3, m4);
  return {vmlsq_lane_s32(vaddq_s32(m0, far_s), s, k.small, 1), vmlsq_lane_s32(far_d, d, k.small, 0),
          vsubq_s32(far_s, s), vmlaq_lane_s32(vsubq_s32(m5, d), far_d, k.small, 0)};
}

// A column of M, four channels, as PointOffsets says. kBias: of points (1, 1) and below.
template <bool kBias>
inline Four transform_column(const uint8_t* m, const PointOffsets& rows, int32x4_t bias,
                             const TileFactors& k) {
  const auto load = [](const uint8_t* from) { return vreinterpretq_s32_u8(vld1q_u8(from)); };
  asm volatile("" : "+r"(m));
  const int32x4_t m0 = load(m);
#if defined(__aarch64__)
  const int32x4_t m1 = load(m + rows.one), m2 = load(m + rows.two), m3 = load(m + rows.three);
  const int32x4_t m4 = load(m + rows.four), m5 = load(m + rows.five);
#else
  const int32x4_t m1 = load(m += rows.one), m2 = load(m += rows.one), m3 = load(m += rows.one);
  const int32x4_t m4 = load(m += rows.one), m5 = load(m += rows.one);
#endif
  return transform_sums(m0, kBias ? vaddq_s32(m1, bias) : m1, m2, m3, m4, m5, k);
}

template <size_t y>
inline int8x16_t finish_line(const Four& sums, const TileFactors& k, const RequantizeEight& eight,
                             const RequantizeRange& range) {
  return requantize_16(k.finish<y, 0>(sums.a), k.finish<y, 1>(sums.b), k.finish<y, 2>(sums.c),
                       k.finish<y, 3>(sums.d), eight, eight, range);
}

// The outputs of four channels: for each line of the tile, four pixels by four channels.
template <class Header>
__attribute__((noinline)) void transform_tile(const uint8_t* m, size_t m_bytes, const Header& h, size_t first,
                                              const RequantizeRange& range, int8x16_t* lines) {
  const TileFactors k;
  const PointOffsets rows(kWindow * m_bytes);
  const int32x4_t bias = vld1q_s32(h.bias + first);
  const Four c0 = transform_column<false>(m, rows, bias, k),
             c1 = transform_column<true>(m + m_bytes, rows, bias, k);
  const Four c2 = transform_column<false>(m + 2 * m_bytes, rows, bias, k);
  const Four c3 = transform_column<false>(m + 3 * m_bytes, rows, bias, k);
  const Four c4 = transform_column<false>(m + 4 * m_bytes, rows, bias, k);
  const Four c5 = transform_column<false>(m + 5 * m_bytes, rows, bias, k);
  const int16x4_t multiplier = vld1_s16(h.multiplier + first);
  const int32x4_t shift = vsubq_s32(vdupq_n_s32(stored_shift(0)), vld1q_s32(h.shift + first));
  const RequantizeEight eight = {{shift, shift}, vcombine_s16(multiplier, multiplier)};  // of two pixels
  lines[0] = finish_line<0>(transform_sums(c0.a, c1.a, c2.a, c3.a, c4.a, c5.a, k), k, eight, range);
  lines[1] = finish_line<1>(transform_sums(c0.b, c1.b, c2.b, c3.b, c4.b, c5.b, k), k, eight, range);
  lines[2] = finish_line<2>(transform_sums(c0.c, c1.c, c2.c, c3.c, c4.c, c5.c, k), k, eight, range);
  lines[3] = finish_line<3>(transform_sums(c0.d, c1.d, c2.d, c3.d, c4.d, c5.d, k), k, eight, range);
}

// Two pixels, or one, of eight channels or fewer.
inline void store_pixels(int8x16_t two, size_t pixels, const WinogradTarget& to, int8_t* at) {
  store_part(at, vget_low_s8(two), to.columns);
  if (pixels > 1) store_part(at + to.pixel, vget_high_s8(two), to.columns);
}

template <class Header>
inline void transform_outputs_of_tile(const uint8_t* m, size_t m_bytes, const Header& h,
                                      const RequantizeRange& range, const WinogradTarget& to) {
  int8x16_t low[kTile], high[kTile];
  transform_tile(m, m_bytes, h, 0, range, low);
  transform_tile(m + 16, m_bytes, h, 4, range, high);
  const bool whole = to.columns == 8 && to.width == kTile;
  int8_t* at = to.output;
  for (size_t y = 0; y < to.height; ++y, at += to.row) {
    const int32x4x2_t zipped = vzipq_s32(vreinterpretq_s32_s8(low[y]), vreinterpretq_s32_s8(high[y]));
    const int8x16_t first = vreinterpretq_s8_s32(zipped.val[0]), last = vreinterpretq_s8_s32(zipped.val[1]);
    if (whole) {
      vst1_s8(at, vget_low_s8(first));
      vst1_s8(at + to.pixel, vget_high_s8(first));
      vst1_s8(at + 2 * to.pixel, vget_low_s8(last));
      vst1_s8(at + 3 * to.pixel, vget_high_s8(last));
      continue;
    }
    store_pixels(first, to.width, to, at);
    if (to.width > 2) store_pixels(last, to.width - 2, to, at + 2 * to.pixel);
  }
}

}  // namespace
}  // namespace octet::kernels
