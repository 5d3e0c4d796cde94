// SPDX-License-Identifier: Apache-2.0
//
// The steps of Winograd F(4x4, 3x3); conv_s8_winograd_plan.h has the formula and the layouts. A block of
// tiles by a panel of output channels is worked on at once; an item is a share of its tiles, so a thread's
// range of items cuts its first and its last block only:
//
//   inputs   windows of the block -> V (once for all panels of the block in a range of items)
//   weights  s8 -> U, a part of the input channels at a time, unless U is stored
//   product  M = V U, for every point
//   outputs  M -> 64 * acc -> requantize -> output
//
// Isa is a struct of the including file with the constants that conv_s8_winograd_plan.h and pays() want, and
//   channel_at(i), and transform_weights(s8, lines, u, u_bytes)   U of some lines
//   transform_inputs(conv, plan, block, input, scratch)           the block's V
//   multiply_tiles(count, product)                                M = V U (+ M) of one point
//   transform_outputs(m, m_bytes, header, epilogue, target)       a tile's outputs; Epilogue(conv, header)
//   OutputTable                                                   looks up what has been requantized
#pragma once

#include "kernels/conv_s8_winograd_pack.h"

namespace octet::kernels {
namespace {

struct WinogradScratch {
  uint8_t *v, *u, *m;
  int8_t* pad;

  static size_t u_bytes(const WinogradPlan& p) { return p.stored ? 0 : kPoints * p.u_bytes; }
  static size_t bytes(const WinogradPlan& p) {
    return kPoints * (p.v_bytes + p.m_bytes) + u_bytes(p) + p.chunk_channels;
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
  return WinogradScratch::bytes(make_plan<Isa>(c));
}

// ---- tiles ----

// A tile: its first output is (4 y, 4 x) of image n.
struct WinogradTile {
  size_t n, y, x;
};

inline WinogradTile find_tile(const WinogradPlan& p, size_t index) {
  return {index / p.image_tiles, index % p.image_tiles / p.tiles_x, index % p.tiles_x};
}

inline void next_tile(const ConvS8& c, const WinogradPlan& p, WinogradTile* t) {
  if (++t->x < p.tiles_x) return;
  t->x = 0;
  if (kTile * ++t->y < c.output_height) return;
  t->y = 0;
  ++t->n;
}

// Tiles [first, first + count), which stand at `place` and behind in their block's V and M.
struct WinogradTiles {
  size_t first, count, place;
};

// Of a block: shares [share, end) of it, which are none where it is smaller than others and they are too.
inline WinogradTiles find_tiles(const WinogradPlan& p, size_t block, size_t share, size_t end) {
  const size_t first = first_tile(p, block), count = first_tile(p, block + 1) - first;
  if (end - share == p.shares) return {first, count, 0};
  const size_t groups = divide_up(count, p.together);
  const size_t from = groups * share / p.shares * p.together;
  const size_t to = min_size(groups * end / p.shares * p.together, count);
  return {first + from, to - from, from};
}

// ---- product ----

// M of one point: tiles by a panel, over `lines` lines of U.
struct WinogradProduct {
  const uint8_t *v, *u;
  uint8_t* m;
  size_t chunk_bytes;  // of V, from one chunk to the next
  size_t lines;
  size_t u_bytes;  // from one point's U to the next
  bool add;        // to what stands in M
};

// multiply_rows<n>(product): n tiles, at most kRows.
template <class Isa, size_t kRows = Isa::kRows>
void multiply(size_t rows, const WinogradProduct& t) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return multiply<Isa, kRows - 1>(rows, t);
  }
  Isa::template multiply_rows<kRows>(t);
}

// All tiles, in micro-tiles that differ by at most one row.
template <class Isa>
void multiply_in_micro_tiles(size_t tiles, WinogradProduct t) {
  const size_t portions = divide_up(tiles, Isa::kRows), rows = tiles / portions, longer = tiles % portions;
  for (size_t i = 0; i < portions; ++i) {
    const size_t count = rows + (i < longer ? 1 : 0);
    multiply<Isa>(count, t);
    t.v += count * 2 * Isa::kChunk;
    t.m += count * 4 * Isa::kPanel;
  }
}

// A function of its own, in which registers are enough.
template <class Isa>
__attribute__((noinline)) void multiply_panel(const WinogradPlan& p, WinogradTiles tiles,
                                              const uint8_t* weights, const WinogradScratch& s) {
  for (size_t line = 0; line < p.lines; line += p.part_lines) {
    WinogradProduct t = {};
    t.lines = min_size(p.part_lines, p.lines - line);
    t.chunk_bytes = p.block * 2 * Isa::kChunk;
    t.add = line > 0;
    t.u_bytes = p.u_bytes;
    const uint8_t* u = weights;
    if (!p.stored) {
      Isa::transform_weights(reinterpret_cast<const int8_t*>(weights) + line * kTaps * line_elements<Isa>(),
                             t.lines, s.u, p.u_bytes);
      u = s.u;
    }
    for (size_t point = 0; point < kPoints; ++point) {
      t.v = s.v + point * p.v_bytes + line * Isa::kInterleave / Isa::kChunk * t.chunk_bytes +
            tiles.place * 2 * Isa::kChunk;
      t.u = u + point * p.u_bytes;
      t.m = s.m + point * p.m_bytes + tiles.place * 4 * Isa::kPanel;
      Isa::multiply_tiles(tiles.count, t);
    }
  }
}

// ---- outputs ----

// A^T M A gives 9 f_y f_x * sum: the inverse of 9 times 64 / (f_y f_x).
constexpr int32_t output_factor(size_t y, size_t x) {
  constexpr uint32_t kFactors[4] = {8, 4, 2, 2};
  return static_cast<int32_t>(0x38e38e39u * (64 / (kFactors[y] * kFactors[x])));
}

// Where a tile's outputs go: `height` x `width` of the 4x4, and `columns` of the panel.
struct WinogradTarget {
  int8_t* output;
  size_t row, pixel, height, width, columns;
};

template <class Isa>
inline WinogradTarget make_target(const ConvS8& c, const WinogradPlan& p, const WinogradTile& tile,
                                  size_t panel, int8_t* output) {
  const size_t y = kTile * tile.y, x = kTile * tile.x, channel = panel * Isa::kPanel;
  WinogradTarget to;
  to.row = p.output.row;
  to.pixel = p.output.pixel;
  to.output = output + tile.n * p.output.batch + y * to.row + x * to.pixel + channel;
  to.height = min_size(kTile, c.output_height - y);
  to.width = min_size(kTile, c.output_width - x);
  to.columns = min_size(Isa::kPanel, c.output_channels - channel);
  return to;
}

template <class Isa>
void transform_outputs(const ConvS8& c, const WinogradPlan& p, WinogradTiles tiles, size_t panel,
                       const void* header, const WinogradScratch& s, int8_t* output) {
  const auto& h = *static_cast<const PanelHeader<Isa>*>(header);
  const typename Isa::Epilogue epilogue(c, h);
  const size_t count = tiles.count;
  const uint8_t* m = s.m + tiles.place * 4 * Isa::kPanel;
  WinogradTile tile = find_tile(p, tiles.first);
  for (size_t i = 0; i < count; ++i, next_tile(c, p, &tile)) {
    const WinogradTarget to = make_target<Isa>(c, p, tile, panel, output);
    Isa::transform_outputs(m + i * 4 * Isa::kPanel, p.m_bytes, h, epilogue, to);
  }
}

// What transform_outputs() has written, through the output table.
template <class Isa>
void look_up_outputs(const ConvS8& c, const WinogradPlan& p, WinogradTiles tiles, size_t panel,
                     int8_t* output) {
  const typename Isa::OutputTable table(c.output_table);
  WinogradTile tile = find_tile(p, tiles.first);
  for (size_t i = 0; i < tiles.count; ++i, next_tile(c, p, &tile)) {
    const WinogradTarget to = make_target<Isa>(c, p, tile, panel, output);
    for (size_t y = 0; y < to.height; ++y)
      table.look_up(to.output + y * to.row, to.width, to.pixel, to.columns);
  }
}

template <class Isa>
void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const auto& p = *static_cast<const WinogradPlan*>(packed);
  const auto* panels = static_cast<const uint8_t*>(packed) + align_64(sizeof(WinogradPlan));
  const WinogradScratch s(p, scratch);
  std::memset(s.pad, c.input_zero_point, p.chunk_channels);
  size_t share = first_item % p.shares, panel = first_item / p.shares % p.panels;
  size_t block = first_item / p.shares / p.panels;
  bool has_inputs = false;
  for (size_t item = first_item; item < last_item;) {
    if (!has_inputs) Isa::transform_inputs(c, p, block, input, s);
    const size_t shares = min_size(p.shares - share, last_item - item);
    const WinogradTiles tiles = find_tiles(p, block, share, share + shares);
    const uint8_t* packed_panel = panels + panel * p.panel_bytes;
    if (tiles.count > 0) multiply_panel<Isa>(p, tiles, packed_panel + p.header_bytes, s);
    transform_outputs<Isa>(c, p, tiles, panel, packed_panel, s, static_cast<int8_t*>(output));
    if (c.output_table) look_up_outputs<Isa>(c, p, tiles, panel, static_cast<int8_t*>(output));
    item += shares;
    share = 0;
    has_inputs = ++panel < p.panels;
    if (has_inputs) continue;
    panel = 0;
    ++block;
  }
}

}  // namespace
}  // namespace octet::kernels
