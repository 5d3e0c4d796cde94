// SPDX-License-Identifier: Apache-2.0
//
// The frame of the conv_s8 GEMM kernels: fills strips and passes them to
// the micro-kernel of Isa. conv_s8_strip_plan.h explains strips, panels and Isa.
#pragma once

#include "kernels/conv_s8_strip_plan.h"

namespace octet::kernels {
namespace {

// Scratch: the strip, then the tile's pixel places and output offsets.
template <class Isa>
struct StripScratch {
  typename Isa::Element* strip;
  const typename Isa::Element** pixels;
  size_t* outputs;

  static size_t strip_bytes(const StripPlan& p) {
    return align_64((strip_elements(p) + kSlackElements) * sizeof(typename Isa::Element));
  }
  static size_t bytes(const StripPlan& p) {
    return strip_bytes(p) + p.y.tile * p.x.tile * (sizeof(void*) + sizeof(size_t));
  }
  StripScratch(const StripPlan& p, void* scratch) {
    auto* base = static_cast<uint8_t*>(scratch);
    strip = reinterpret_cast<typename Isa::Element*>(base);
    pixels = reinterpret_cast<const typename Isa::Element**>(base + strip_bytes(p));
    outputs = reinterpret_cast<size_t*>(base + strip_bytes(p) + p.y.tile * p.x.tile * sizeof(void*));
  }
};

// A tile: outputs [y, y + height) x [x, x + width) of image n.
struct StripTile {
  size_t n, y, x, height, width;
};

inline StripTile find_tile(const StripPlan& p, size_t index) {
  StripTile t;
  t.x = index % p.x.tiles() * p.x.tile;
  t.y = index / p.x.tiles() % p.y.tiles() * p.y.tile;
  t.n = index / p.x.tiles() / p.y.tiles();
  t.height = min_size(p.y.tile, p.y.output - t.y);
  t.width = min_size(p.x.tile, p.x.output - t.x);
  return t;
}

// Writes `count` strip pixels: input pixels x, x + step, ... of `row`; padding outside the row.
template <class Isa>
void copy_pixels(const StripPlan& p, const int8_t* row, ptrdiff_t x, size_t step, size_t count,
                 typename Isa::Element pad, typename Isa::Element* to) {
  const auto size = static_cast<ptrdiff_t>(p.x.input);
  if (step == 1) {
    const size_t left = x < 0 ? min_size(count, static_cast<size_t>(-x)) : 0;
    const ptrdiff_t begin = x + static_cast<ptrdiff_t>(left);
    const size_t inside = begin < size ? min_size(count - left, static_cast<size_t>(size - begin)) : 0;
    Isa::fill(to, left * p.channels, pad);
    if (inside > 0)
      Isa::convert(row + begin * static_cast<ptrdiff_t>(p.channels), inside * p.channels,
                   to + left * p.channels);
    Isa::fill(to + (left + inside) * p.channels, (count - left - inside) * p.channels, pad);
    return;
  }
  for (size_t i = 0; i < count; ++i, x += static_cast<ptrdiff_t>(step), to += p.channels) {
    if (x < 0 || x >= size) {
      Isa::fill(to, p.channels, pad);
    } else {
      Isa::convert(row + x * static_cast<ptrdiff_t>(p.channels), p.channels, to);
    }
  }
}

// Fills one strip row from input row y (padding if outside).
template <class Isa>
void fill_strip_row(const ConvS8& c, const StripPlan& p, const StripTile& tile, const int8_t* input,
                    ptrdiff_t y, typename Isa::Element* to) {
  const auto pad = Isa::pad_element(c.input_zero_point);
  if (y < 0 || y >= static_cast<ptrdiff_t>(p.y.input)) {
    Isa::fill(to, p.x.length() * p.channels, pad);
    return;
  }
  const int8_t* row = input + (tile.n * p.y.input + static_cast<size_t>(y)) * p.x.input * p.channels;
  const auto first = static_cast<ptrdiff_t>(tile.x * p.x.stride) - static_cast<ptrdiff_t>(p.x.pad);
  if (p.x.shared) {
    copy_pixels<Isa>(p, row, first, 1, (tile.width - 1) * p.x.stride + p.x.kernel, pad, to);
    return;
  }
  for (size_t k = 0; k < p.x.kernel; ++k)
    copy_pixels<Isa>(p, row, first + static_cast<ptrdiff_t>(k * p.x.dilation), p.x.stride, tile.width, pad,
                     to + k * p.x.tile * p.channels);
}

template <class Isa>
void fill_strip(const ConvS8& c, const StripPlan& p, const StripTile& tile, const int8_t* input,
                typename Isa::Element* strip) {
  const size_t row_elements = p.x.length() * p.channels;
  const auto first = static_cast<ptrdiff_t>(tile.y * p.y.stride) - static_cast<ptrdiff_t>(p.y.pad);
  if (p.y.shared) {
    const size_t rows = (tile.height - 1) * p.y.stride + p.y.kernel;
    for (size_t r = 0; r < rows; ++r)
      fill_strip_row<Isa>(c, p, tile, input, first + static_cast<ptrdiff_t>(r), strip + r * row_elements);
    return;
  }
  for (size_t k = 0; k < p.y.kernel; ++k)
    for (size_t r = 0; r < tile.height; ++r)
      fill_strip_row<Isa>(c, p, tile, input,
                          first + static_cast<ptrdiff_t>(k * p.y.dilation + r * p.y.stride),
                          strip + (k * p.y.tile + r) * row_elements);
}

// The tile's pixels from `first` on, at these distances.
template <class Isa>
void place_pixels(const StripPlan& p, const StripTile& tile, const typename Isa::Element* first, size_t row,
                  size_t pixel, const StripScratch<Isa>& scratch) {
  size_t m = 0;
  for (size_t y = 0; y < tile.height; ++y) {
    const size_t output = tile.n * p.output.batch + (tile.y + y) * p.output.row + tile.x * p.output.pixel;
    for (size_t x = 0; x < tile.width; ++x, ++m) {
      scratch.pixels[m] = first + y * row + x * pixel;
      scratch.outputs[m] = output + x * p.output.pixel;
    }
  }
}

// Makes the tile's pixels ready to be multiplied: in a strip, or in place.
template <class Isa>
void prepare_tile(const ConvS8& c, const StripPlan& p, const StripTile& tile, const int8_t* input,
                  const StripScratch<Isa>& scratch) {
  using Element = typename Isa::Element;
  if (!p.in_place) {
    fill_strip<Isa>(c, p, tile, input, scratch.strip);
    place_pixels<Isa>(p, tile, scratch.strip, p.y.place * p.x.length() * p.channels, p.x.place * p.channels,
                      scratch);
    return;
  }
  const size_t row = p.x.input * p.channels;
  const size_t first = (tile.n * p.y.input + tile.y * p.y.stride) * row + tile.x * p.x.stride * p.channels;
  place_pixels<Isa>(p, tile, reinterpret_cast<const Element*>(input) + first, p.y.stride * row,
                    p.x.stride * p.channels, scratch);
}

// What run_tiles(micro, first, rows, tiles, epilogue) multiplies: `tiles` times `rows` consecutive
// pixels, from the one at `first` on, by one panel.
template <class Isa>
struct MicroTile {
  const typename Isa::Element* const* pixels;
  const size_t* outputs;  // element offset of each pixel's first output channel
  const uint32_t* run_offsets;
  size_t runs, steps;  // steps of kStep elements in each run
  const uint8_t* panel;
  void* output;  // the panel's first channel at offset 0
  size_t columns, width;
  bool in_place;  // the pixels are the input's bytes
};

// All pixels of the tile by one panel: as a rows + b (rows - 1), so that no pixel is left over;
// where there are too few for that, a last tile of fewer rows.
template <class Isa>
void run_panel(const ConvS8& c, size_t pixels, const MicroTile<Isa>& micro,
               const typename Isa::Epilogue& epilogue) {
  const size_t rows = rows_of<Isa>(micro.width, 0), portions = divide_up(pixels, rows);
  const size_t missing = portions * rows - pixels;
  const bool even = missing <= portions;
  const size_t whole = even ? portions - missing : portions - 1;
  const size_t rest_rows = even ? rows - 1 : rows - missing, rest = even ? missing : 1;
  if (whole > 0) Isa::run_tiles(micro, 0, rows, whole, epilogue);
  if (rest > 0) Isa::run_tiles(micro, whole * rows, rest_rows, rest, epilogue);
  if (!c.output_table || c.accumulator_scale) return;
  for (size_t m = 0; m < pixels; ++m) {
    int8_t* q = static_cast<int8_t*>(micro.output) + micro.outputs[m];
    for (size_t o = 0; o < micro.columns; ++o) q[o] = c.output_table[q[o] + 128];
  }
}

struct PanelRange {
  size_t first, last;
};

template <class Isa>
void run_panels(const ConvS8& c, const PackedStrip& packed, const PanelRange& range, const StripTile& tile,
                const StripScratch<Isa>& scratch, void* output) {
  const StripPlan& p = *packed.plan;
  const typename Isa::Epilogue epilogue(c);
  MicroTile<Isa> micro = {};
  micro.runs = p.runs;
  micro.steps = p.run_steps;
  micro.pixels = scratch.pixels;
  micro.outputs = scratch.outputs;
  micro.run_offsets = packed.run_offsets;
  micro.in_place = p.in_place;
  const size_t pixels = tile.height * tile.width, element_bytes = c.accumulator_scale ? sizeof(float) : 1;
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    const size_t group_channel = panel.group * p.group_channels;
    micro.panel = packed.base + panel.offset;
    micro.output = static_cast<uint8_t*>(output) + panel.first * element_bytes;
    micro.columns = panel.columns;
    micro.width = panel.width;
    // Pixels move to the group's channels, and back behind it.
    for (size_t m = 0; group_channel != 0 && m < pixels; ++m) scratch.pixels[m] += group_channel;
    run_panel<Isa>(c, pixels, micro, epilogue);
    for (size_t m = 0; group_channel != 0 && m < pixels; ++m) scratch.pixels[m] -= group_channel;
  }
}

template <class Isa>
size_t scratch_bytes(const ConvS8& c) {
  return StripScratch<Isa>::bytes(make_plan<Isa>(c));
}

template <class Isa>
size_t items(const ConvS8& c) {
  const StripPlan p = make_plan<Isa>(c);
  return p.tiles * p.panels;
}

// Items are the panels of a tile after another; a tile is prepared once for all its panels in the range.
template <class Isa>
void run(const ConvS8& c, const void* packed_memory, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch_memory) {
  const StripPlan& p = *static_cast<const StripPlan*>(packed_memory);
  const PackedStrip packed(p, const_cast<void*>(packed_memory));  // only read here
  const StripScratch<Isa> scratch(p, scratch_memory);
  for (size_t item = first_item; item < last_item;) {
    const StripTile tile = find_tile(p, item / p.panels);
    const size_t first = item % p.panels, last = min_size(p.panels, first + (last_item - item));
    prepare_tile<Isa>(c, p, tile, input, scratch);
    run_panels<Isa>(c, packed, {first, last}, tile, scratch, output);
    item += last - first;
  }
}

}  // namespace
}  // namespace octet::kernels
