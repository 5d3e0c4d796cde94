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
// Isa is a struct of the including file with the constants that conv_s8_winograd_plan.h and pays() want, and
//   Vec with its arithmetic on s16 and s32 lanes, loads and stores of parts
//   multiply_tiles(count, product)  M = V U (+ M) of one point; multiply_in_micro_tiles() below may serve
//   Finish, Epilogue                from 9 f_y f_x * sum to s8
//   OutputTable                     looks up what has been requantized
#pragma once

#include "kernels/conv_s8_winograd_transforms.h"

namespace octet::kernels {
namespace {

template <class Isa>
struct WinogradScratch {
  uint8_t *v, *u, *m;
  int8_t* pad;

  static size_t u_bytes(const WinogradPlan& p) { return p.stored ? 0 : kPoints * p.u_bytes; }
  static size_t bytes(const WinogradPlan& p) {
    return kPoints * (p.v_bytes + p.m_bytes) + u_bytes(p) + p.chunks * Isa::kChunk;
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

// The 36 pixels of the tile's window; `pad` where they are outside the input.
inline void find_pixels(const ConvS8& c, const WinogradTile& t, const int8_t* input, const int8_t* pad,
                        const int8_t** pixels) {
  const size_t top = kTile * t.y - c.pad_top, left = kTile * t.x - c.pad_left;  // wrap, if they are negative
  const int8_t* image = input + t.n * c.input_height * c.input_width * c.input_channels;
  const size_t last_top = top + kWindow - 1, last_left = left + kWindow - 1;
  const bool inside =
      top < c.input_height && left < c.input_width && last_top < c.input_height && last_left < c.input_width;
  for (size_t y = 0; y < kWindow; ++y, pixels += kWindow) {
    if (inside) {
      const int8_t* pixel = image + ((top + y) * c.input_width + left) * c.input_channels;
      for (size_t x = 0; x < kWindow; ++x, pixel += c.input_channels) {
        asm("" : "+r"(pixel));  // no vectors: their stores would stall the loads of single pointers
        pixels[x] = pixel;
      }
      continue;
    }
    for (size_t x = 0; x < kWindow; ++x) {
      const size_t in_y = top + y, in_x = left + x;
      const bool in = in_y < c.input_height && in_x < c.input_width;
      const int8_t* pixel = in ? image + (in_y * c.input_width + in_x) * c.input_channels : pad;
      asm("" : "+r"(pixel));
      pixels[x] = pixel;
    }
  }
}

template <class Isa>
void transform_inputs(const ConvS8& c, const WinogradPlan& p, size_t block, const int8_t* input,
                      const WinogradScratch<Isa>& s) {
  constexpr size_t kLanes = sizeof(typename Isa::Vec) / 2;
  const size_t first = first_tile(p, block), count = first_tile(p, block + 1) - first;
  WinogradTile tile = find_tile(p, first);
  for (size_t i = 0; i < count; ++i, next_tile(c, p, &tile)) {
    const int8_t* pixels[kPoints];
    find_pixels(c, tile, input, s.pad, pixels);
    for (size_t k = 0; k < c.input_channels; k += kLanes) {
      uint8_t* v = s.v + ((k / Isa::kChunk * p.block + i) * Isa::kChunk + k % Isa::kChunk) * 2;
      if (k + kLanes <= c.input_channels) {
        transform_window<Isa, false>(pixels, k, kLanes, v, p.v_bytes);
      } else {
        transform_window<Isa, true>(pixels, k, c.input_channels - k, v, p.v_bytes);
      }
    }
  }
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

// All tiles of the block, in micro-tiles that differ by at most one row.
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

template <class Isa>
void multiply_panel(const WinogradPlan& p, size_t tiles, const uint8_t* weights,
                    const WinogradScratch<Isa>& s) {
  for (size_t line = 0; line < p.lines; line += p.part_lines) {
    WinogradProduct t = {};
    t.lines = min_size(p.part_lines, p.lines - line);
    t.chunk_bytes = p.block * 2 * Isa::kChunk;
    t.add = line > 0;
    t.u_bytes = p.u_bytes;
    const uint8_t* u = weights;
    if (!p.stored) {
      transform_weights<Isa>(reinterpret_cast<const int8_t*>(weights) + line * kTaps * line_elements<Isa>(),
                             t.lines, s.u, p.u_bytes);
      u = s.u;
    }
    for (size_t point = 0; point < kPoints; ++point) {
      t.v = s.v + point * p.v_bytes + line * Isa::kInterleave / Isa::kChunk * t.chunk_bytes;
      t.u = u + point * p.u_bytes;
      t.m = s.m + point * p.m_bytes;
      Isa::multiply_tiles(tiles, t);
    }
  }
}

// ---- outputs ----

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
inline void store_tile(const typename Isa::Vec (*t)[2], const WinogradTarget to,
                       const typename Isa::Epilogue e) {
  const bool whole = to.columns == Isa::kPanel;
  for (size_t y = 0; y < to.height; ++y) {
    int8_t* row = to.output + y * to.row;
    for (size_t x = 0; x < to.width; x += 2, row += 2 * to.pixel) {
      const auto q = Isa::requantize_two(t[4 * y + x], t[4 * y + x + 1], e);
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

template <class Isa>
void transform_outputs(const ConvS8& c, const WinogradPlan& p, size_t block, size_t panel, const void* header,
                       const WinogradScratch<Isa>& s, int8_t* output) {
  const auto& h = *static_cast<const PanelHeader<Isa>*>(header);
  const typename Isa::Epilogue epilogue(c, h);
  const size_t first = first_tile(p, block), count = first_tile(p, block + 1) - first;
  WinogradTile tile = find_tile(p, first);
  for (size_t i = 0; i < count; ++i, next_tile(c, p, &tile)) {
    const WinogradTarget to = make_target<Isa>(c, p, tile, panel, output);
    typename Isa::Vec t[kTile * kTile][2];
    const uint8_t* m = s.m + i * 4 * Isa::kPanel;
#pragma GCC unroll 1
    for (size_t vector = 0; vector < 2; ++vector, m += sizeof(typename Isa::Vec))
      transform_tile<Isa>(m, p.m_bytes, h, vector, &t[0][vector]);
    store_tile<Isa>(t, to, epilogue);
  }
}

// What transform_outputs() has written, through the output table.
template <class Isa>
void look_up_outputs(const ConvS8& c, const WinogradPlan& p, size_t block, size_t panel, int8_t* output) {
  const typename Isa::OutputTable table(c.output_table);
  const size_t first = first_tile(p, block), count = first_tile(p, block + 1) - first;
  WinogradTile tile = find_tile(p, first);
  for (size_t i = 0; i < count; ++i, next_tile(c, p, &tile)) {
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
  const WinogradScratch<Isa> s(p, scratch);
  std::memset(s.pad, c.input_zero_point, p.chunks * Isa::kChunk);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t block = item / p.panels, panel = item % p.panels;
    const uint8_t* packed_panel = panels + panel * p.panel_bytes;
    if (item == first_item || panel == 0) transform_inputs<Isa>(c, p, block, input, s);
    multiply_panel<Isa>(p, first_tile(p, block + 1) - first_tile(p, block), packed_panel + p.header_bytes, s);
    transform_outputs<Isa>(c, p, block, panel, packed_panel, s, static_cast<int8_t*>(output));
    if (c.output_table) look_up_outputs<Isa>(c, p, block, panel, static_cast<int8_t*>(output));
  }
}

}  // namespace
}  // namespace octet::kernels
