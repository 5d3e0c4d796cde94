// SPDX-License-Identifier: Apache-2.0
//
// The steps of Winograd F(4x4, 3x3); conv_s8_winograd_plan.h has the formula and the layouts. An item is a
// block of tiles by a panel of output channels:
//
//   inputs   windows of the block -> V (once for all panels of the block in a range of items)
//   weights  s8 -> U, a part of the input channels at a time, unless U is stored
//   product  M = V U, for every point
//   outputs  M -> 64 * acc -> requantize -> output
//
// A file that includes this compiles its own copy: everything is in an anonymous namespace, and Isa is a
// struct of that file with Vec and its arithmetic on s16 and s32 lanes, kRows (tiles of a micro-tile),
// kPanel (output channels, the s32 of two vectors), Epilogue, and loads and stores of parts.
#pragma once

#include "kernels/x86/conv_s8_winograd_pack.h"

namespace octet::kernels {
namespace {

template <class Isa>
struct WinogradScratch {
  uint8_t *v, *u, *m;
  int8_t* pad;

  static size_t u_bytes(const WinogradPlan& p) { return p.stored ? 0 : kPoints * p.u_bytes; }
  static size_t bytes(const WinogradPlan& p) {
    return kPoints * (p.v_bytes + p.m_bytes) + u_bytes(p) + p.chunks * kChunk;
  }
  WinogradScratch(const WinogradPlan& p, void* scratch) {
    v = static_cast<uint8_t*>(scratch);
    u = v + kPoints * p.v_bytes;
    m = u + u_bytes(p);
    pad = reinterpret_cast<int8_t*>(m + kPoints * p.m_bytes);
  }
};

template <class Isa>
size_t scratch_bytes(const ConvS8& c) {
  return WinogradScratch<Isa>::bytes(make_plan<Isa>(c));
}

// ---- inputs ----

// One line of B^T X.
template <class Isa>
inline void transform_input_line(const typename Isa::Vec (&x)[6], typename Isa::Vec (&v)[6]) {
  const auto c = Isa::sub16(x[4], x[2]), f = Isa::sub16(x[3], x[1]), e = Isa::add16(f, f);
  const auto a = Isa::sub16(x[4], Isa::shift16(x[2], 2)), b = Isa::sub16(x[3], Isa::shift16(x[1], 2));
  v[0] = Isa::add16(Isa::shift16(Isa::sub16(x[0], x[2]), 2), c);
  v[1] = Isa::add16(a, b);
  v[2] = Isa::sub16(a, b);
  v[3] = Isa::add16(c, e);
  v[4] = Isa::sub16(c, e);
  v[5] = Isa::sub16(Isa::sub16(x[5], x[3]), Isa::add16(e, e));
}

// One vector of channels, from channel c on, of one window; `count` of them if kPart.
template <class Isa, bool kPart>
inline void transform_window(const int8_t* const* pixels, size_t c, size_t count, uint8_t* v,
                             size_t v_bytes) {
  using Vec = typename Isa::Vec;
  Vec t[6][6];
#pragma GCC unroll 6
  for (size_t x = 0; x < 6; ++x) {
    Vec column[6], r[6];
#pragma GCC unroll 6
    for (size_t y = 0; y < 6; ++y) {
      const int8_t* from = pixels[6 * y + x] + c;
      column[y] = kPart ? Isa::widen_part(from, count) : Isa::widen(from);
    }
    transform_input_line<Isa>(column, r);
#pragma GCC unroll 6
    for (size_t y = 0; y < 6; ++y) t[y][x] = r[y];
  }
#pragma GCC unroll 6
  for (size_t y = 0; y < 6; ++y) {
    Vec r[6];
    transform_input_line<Isa>(t[y], r);
#pragma GCC unroll 6
    for (size_t x = 0; x < 6; ++x) Isa::store(v + (6 * y + x) * v_bytes, r[x]);
  }
}

// A tile: its first output is (4 y, 4 x) of image n.
struct WinogradTile {
  size_t n, y, x;
};

inline WinogradTile find_tile(const WinogradPlan& p, size_t index) {
  return {index / p.image_tiles, index % p.image_tiles / p.tiles_x, index % p.tiles_x};
}

// The 36 pixels of the tile's window; `pad` where they are outside the input.
inline void find_pixels(const ConvS8& c, const WinogradTile& t, const int8_t* input, const int8_t* pad,
                        const int8_t** pixels) {
  const size_t left = kTile * t.x - c.pad_left;  // may wrap, and is then beyond the width
  for (size_t y = 0; y < kWindow; ++y) {
    const size_t in_y = kTile * t.y + y - c.pad_top;
    const bool inside = in_y < c.input_height;
    const size_t row = inside ? (t.n * c.input_height + in_y) * c.input_width : 0;
    for (size_t x = 0; x < kWindow; ++x)
      pixels[kWindow * y + x] =
          inside && left + x < c.input_width ? input + (row + left + x) * c.input_channels : pad;
  }
}

template <class Isa>
void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                      const WinogradScratch<Isa>& s) {
  constexpr size_t kStep = sizeof(typename Isa::Vec) / 2;
  const size_t first = block * p.block, count = min_size(p.block, p.tiles - first);
  for (size_t i = 0; i < count; ++i) {
    const int8_t* pixels[kPoints];
    find_pixels(c, find_tile(p, first + i), input, s.pad, pixels);
    for (size_t k = 0; k < c.input_channels; k += kStep) {
      uint8_t* v = s.v + ((k / kChunk * p.block + i) * kChunk + k % kChunk) * 2;
      if (k + kStep <= c.input_channels) {
        transform_window<Isa, false>(pixels, k, kStep, v, p.v_bytes);
      } else {
        transform_window<Isa, true>(pixels, k, c.input_channels - k, v, p.v_bytes);
      }
    }
  }
}

// ---- product ----

// Rows of M for one point: kRows tiles by a panel, over `pairs` pairs of input channels.
struct WinogradProduct {
  const uint8_t *v, *u;
  uint8_t* m;
  size_t chunk_bytes;  // of V, from one chunk to the next
  size_t pairs;
  bool add;  // to what stands in M
};

template <class Isa, size_t kRows>
void multiply_rows(const WinogradProduct& t) {
  using Vec = typename Isa::Vec;
  constexpr size_t kBytes = sizeof(Vec);
  Vec acc[kRows][2];
#pragma GCC unroll 14
  for (size_t i = 0; i < kRows; ++i) {
    acc[i][0] = t.add ? Isa::load(t.m + 2 * i * kBytes) : Isa::zero();
    acc[i][1] = t.add ? Isa::load(t.m + (2 * i + 1) * kBytes) : Isa::zero();
  }
  const uint8_t *u = t.u, *v = t.v;
  for (size_t left = t.pairs; left > 0; v += t.chunk_bytes) {
    const size_t pairs = min_size(left, kChunk / 2);
    left -= pairs;
    for (const uint8_t *a = v, *end = v + 4 * pairs; a < end; a += 4, u += 2 * kBytes) {
      const Vec u0 = Isa::load(u), u1 = Isa::load(u + kBytes);
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

template <class Isa, size_t kRows = Isa::kRows>
void multiply(size_t rows, const WinogradProduct& t) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return multiply<Isa, kRows - 1>(rows, t);
  }
  multiply_rows<Isa, kRows>(t);
}

// All tiles of the block, in micro-tiles that differ by at most one row.
template <class Isa>
void multiply_point(size_t tiles, WinogradProduct t) {
  const size_t portions = divide_up(tiles, Isa::kRows), rows = tiles / portions, longer = tiles % portions;
  for (size_t i = 0; i < portions; ++i) {
    const size_t count = rows + (i < longer ? 1 : 0);
    multiply<Isa>(count, t);
    t.v += count * 2 * kChunk;
    t.m += count * 4 * Isa::kPanel;
  }
}

template <class Isa>
void multiply_panel(const WinogradPlan& p, size_t tiles, const uint8_t* weights,
                    const WinogradScratch<Isa>& s) {
  for (size_t pair = 0; pair < p.pairs; pair += p.part_pairs) {
    WinogradProduct t = {};
    t.pairs = min_size(p.part_pairs, p.pairs - pair);
    t.chunk_bytes = p.block * 2 * kChunk;
    t.add = pair > 0;
    const uint8_t* u = weights;
    if (!p.stored) {
      transform_weights<Isa>(reinterpret_cast<const int8_t*>(weights) + pair * kTaps * 2 * Isa::kPanel,
                             t.pairs, s.u, p.u_bytes);
      u = s.u;
    }
    for (size_t point = 0; point < kPoints; ++point) {
      t.v = s.v + point * p.v_bytes + pair / (kChunk / 2) * t.chunk_bytes;
      t.u = u + point * p.u_bytes;
      t.m = s.m + point * p.m_bytes;
      multiply_point<Isa>(tiles, t);
    }
  }
}

// ---- outputs ----

// One line of A^T M, rows divided by 1, 2, 4, 4.
template <class Isa>
inline void transform_output_line(const typename Isa::Vec (&m)[6], typename Isa::Vec (&y)[4]) {
  const auto s = Isa::add32(m[1], m[2]), d = Isa::sub32(m[1], m[2]);
  const auto far_s = Isa::add32(m[3], m[4]), far_d = Isa::sub32(m[3], m[4]);
  y[0] = Isa::sub32(Isa::add32(m[0], far_s), Isa::shift32(s, 2));
  y[1] = Isa::sub32(far_d, Isa::add32(d, d));
  y[2] = Isa::sub32(far_s, s);
  y[3] = Isa::add32(Isa::sub32(Isa::add32(far_d, far_d), d), m[5]);
}

// The inverse of 9 times 64 / (f_y f_x).
constexpr uint32_t output_factor(size_t y, size_t x) {
  constexpr uint32_t kFactors[4] = {8, 4, 2, 2};
  return 0x38e38e39u * (64 / (kFactors[y] * kFactors[x]));
}

// x >> p of the 16 outputs of a tile, for one of the panel's two vectors.
template <class Isa>
inline void transform_tile(const uint8_t* m, size_t m_bytes, const PanelHeader<Isa>& h, size_t vector,
                           typename Isa::Vec (*t)[2]) {
  using Vec = typename Isa::Vec;
  Vec a[4][6];
#pragma GCC unroll 6
  for (size_t x = 0; x < 6; ++x) {
    Vec column[6], r[4];
#pragma GCC unroll 6
    for (size_t y = 0; y < 6; ++y) column[y] = Isa::load(m + (6 * y + x) * m_bytes);
    transform_output_line<Isa>(column, r);
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; ++y) a[y][x] = r[y];
  }
  const size_t first = vector * Isa::kPanel / 2;
  const Vec bias = Isa::load(h.bias + first), shift = Isa::load(h.right_shift + first);
#pragma GCC unroll 4
  for (size_t y = 0; y < 4; ++y) {
    Vec r[4];
    transform_output_line<Isa>(a[y], r);
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; ++x)
      t[4 * y + x][vector] = Isa::shift_right32(
          Isa::add32(Isa::multiply32(r[x], static_cast<int32_t>(output_factor(y, x))), bias), shift);
  }
  if (!h.has_left_shift) return;
  for (size_t i = 0; i < kTile * kTile; ++i)
    t[i][vector] = Isa::shift_left32(t[i][vector], Isa::load(h.left_shift + first));
}

// Where a tile's outputs go: `height` x `width` of the 4x4, and `columns` of the panel.
struct WinogradTarget {
  int8_t* output;
  size_t row, pixel, height, width, columns;
};

template <class Isa>
inline void store_tile(const typename Isa::Vec (*t)[2], const WinogradTarget& to, const PanelHeader<Isa>& h,
                       const typename Isa::Epilogue& e) {
  const auto multiplier = Isa::load(h.multiplier);
  const bool whole = to.columns == Isa::kPanel;
  for (size_t y = 0; y < to.height; ++y) {
    int8_t* row = to.output + y * to.row;
    for (size_t x = 0; x < to.width; x += 2, row += 2 * to.pixel) {
      const auto q = Isa::requantize_two(t[4 * y + x], t[4 * y + x + 1], multiplier, e);
      if (whole) {
        Isa::store_low(row, q);
        if (x + 1 < to.width) Isa::store_high(row + to.pixel, q);
      } else {
        Isa::store_low_part(row, q, to.columns);
        if (x + 1 < to.width) Isa::store_high_part(row + to.pixel, q, to.columns);
      }
    }
  }
}

inline void look_up(const int8_t* table, const WinogradTarget& to) {
  for (size_t y = 0; y < to.height; ++y)
    for (size_t x = 0; x < to.width; ++x) {
      int8_t* q = to.output + y * to.row + x * to.pixel;
      for (size_t o = 0; o < to.columns; ++o) q[o] = table[q[o] + 128];
    }
}

template <class Isa>
void transform_outputs(const ConvS8& c, const WinogradPlan& p, size_t block, size_t panel, const void* header,
                       const WinogradScratch<Isa>& s, int8_t* output) {
  const auto& h = *static_cast<const PanelHeader<Isa>*>(header);
  const typename Isa::Epilogue epilogue(c.output_zero_point, c.output_min, c.output_max);
  const size_t first = block * p.block, count = min_size(p.block, p.tiles - first);
  for (size_t i = 0; i < count; ++i) {
    const WinogradTile tile = find_tile(p, first + i);
    const size_t y = kTile * tile.y, x = kTile * tile.x;
    WinogradTarget to;
    to.row = p.output.row;
    to.pixel = p.output.pixel;
    to.output = output + tile.n * p.output.batch + y * to.row + x * to.pixel + panel * Isa::kPanel;
    to.height = min_size(kTile, c.output_height - y);
    to.width = min_size(kTile, c.output_width - x);
    to.columns = min_size(Isa::kPanel, c.output_channels - panel * Isa::kPanel);
    typename Isa::Vec t[kTile * kTile][2];
    const uint8_t* m = s.m + i * 4 * Isa::kPanel;
    transform_tile<Isa>(m, p.m_bytes, h, 0, t);
    transform_tile<Isa>(m + sizeof(typename Isa::Vec), p.m_bytes, h, 1, t);
    store_tile<Isa>(t, to, h, epilogue);
    if (c.output_table) look_up(c.output_table, to);
  }
}

template <class Isa>
void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const auto& p = *static_cast<const WinogradPlan*>(packed);
  const auto* panels = static_cast<const uint8_t*>(packed) + align_64(sizeof(WinogradPlan));
  const WinogradScratch<Isa> s(p, scratch);
  std::memset(s.pad, c.input_zero_point, p.chunks * kChunk);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t block = item / p.panels, panel = item % p.panels;
    const uint8_t* packed_panel = panels + panel * p.panel_bytes;
    if (item == first_item || panel == 0) transform_inputs<Isa>(c, p, block, input, s);
    multiply_panel<Isa>(p, min_size(p.block, p.tiles - block * p.block), packed_panel + p.header_bytes, s);
    transform_outputs<Isa>(c, p, block, panel, packed_panel, s, static_cast<int8_t*>(output));
  }
}

}  // namespace
}  // namespace octet::kernels
