// SPDX-License-Identifier: Apache-2.0
//
// The frame of the conv_s8 GEMM kernels: fills strips and passes them to
// the micro-kernel of Isa. conv_s8_strip_plan.h explains strips, panels and Isa.
#pragma once

#include "kernels/conv_s8_strip_windows.h"

namespace octet::kernels {
namespace {

// The bytes of an Isa's notes on a tile, a multiple of 8.
template <class Isa>
inline auto notes_bytes(const StripPlan& p, int) -> decltype(Isa::notes_bytes(p)) {
  return Isa::notes_bytes(p);
}
template <class Isa>
inline size_t notes_bytes(const StripPlan&, long) {
  return 0;
}

// Scratch: the strip, what is gathered, then the tile's pixel places and output offsets, then notes.
template <class Isa>
struct StripScratch {
  typename Isa::Element* strip;
  typename Isa::Element* gathered;
  const typename Isa::Element** pixels;
  size_t* outputs;
  uint8_t* notes;

  static size_t strip_bytes(const StripPlan& p) {
    return align_64((strip_elements(p) + kSlackElements + p.window_elements) * sizeof(typename Isa::Element));
  }
  static size_t pixels_at(const StripPlan& p) { return strip_bytes(p) + align_64(gathered_tile_bytes(p)); }
  static size_t notes_at(const StripPlan& p) {
    return pixels_at(p) + p.y.tile * p.x.tile * (sizeof(void*) + sizeof(size_t));
  }
  static size_t bytes(const StripPlan& p) { return notes_at(p) + notes_bytes<Isa>(p, 0); }
  StripScratch(const StripPlan& p, void* scratch) {
    auto* base = static_cast<uint8_t*>(scratch);
    strip = reinterpret_cast<typename Isa::Element*>(base);
    gathered = reinterpret_cast<typename Isa::Element*>(base + strip_bytes(p));
    pixels = reinterpret_cast<const typename Isa::Element**>(base + pixels_at(p));
    outputs = reinterpret_cast<size_t*>(base + pixels_at(p) + p.y.tile * p.x.tile * sizeof(void*));
    notes = base + notes_at(p);
  }
};

// An Isa may look at the pixels of a tile before they are multiplied: change the strip, order them anew, and
// take notes.
template <class Isa>
inline auto take_notes(const ConvS8& c, const StripPlan& p, size_t pixels, const StripScratch<Isa>& scratch,
                       int) -> decltype(Isa::take_notes(c, p, pixels, scratch)) {
  Isa::take_notes(c, p, pixels, scratch);
}
template <class Isa>
inline void take_notes(const ConvS8&, const StripPlan&, size_t, const StripScratch<Isa>&, long) {}

// A tile: outputs [y, y + height) x [x, x + width) of image n.
struct StripTile {
  size_t n, y, x, height, width;
};

// The size of the first of equal parts of n, each at most `most`; or of nearly equal ones, where multiples of
// something are better.
inline size_t even_part(size_t n, size_t most, size_t multiple = 1) {
  const size_t part = divide_up(n, divide_up(n, most));
  return multiple == 1 ? part : min_size(min_size(round_up(part, multiple), most), n);
}

// The tile that starts at pixel `first`, counted through all rows of all images, and ends before `last`: a
// part of a row, or whole rows.
inline StripTile find_tile(const StripPlan& p, size_t first, size_t last) {
  const size_t width = p.x.output, line = first / width, left = last - first;
  StripTile t = {line / p.y.output, line % p.y.output, first % width, 1, width};
  if (t.x == 0 && left >= width && p.x.tile >= width)
    t.height = even_part(min_size(p.y.output - t.y, left / width), p.y.tile);
  else
    t.width = even_part(min_size(width - t.x, left), p.x.tile, p.tile_multiple);
  return t;
}

// Writes `count` strip pixels: input pixels x, x + step, ... of `row`; padding outside the row.
template <class Isa>
void copy_pixels(const StripPlan& p, const int8_t* row, ptrdiff_t x, size_t step, size_t count,
                 typename Isa::Element pad, typename Isa::Element* to) {
  const auto size = static_cast<ptrdiff_t>(p.x.input);
  if (step == 1) return copy_neighbours<Isa>(row, p.x.input, p.channels, x, count, pad, to);
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

// The tile's pixels from `first` on, at these distances, and its outputs, counted from the tile's first.
template <class Isa>
void place_pixels(const StripPlan& p, const StripTile& tile, const typename Isa::Element* first, size_t row,
                  size_t pixel, const StripScratch<Isa>& scratch) {
  const typename Isa::Element** pixels = scratch.pixels;
  size_t* outputs = scratch.outputs;
  const size_t output_row = p.output.row, output_pixel = p.output.pixel, width = tile.width;
  for (size_t y = 0; y < tile.height; ++y, first += row) {
    const typename Isa::Element* at = first;
    size_t output = y * output_row;
    for (size_t x = 0; x < width; ++x, at += pixel, output += output_pixel) {
      *pixels++ = at;
      *outputs++ = output;
    }
  }
}

// Makes the tile's pixels ready to be multiplied: in a strip, or in place. In a strip, tiles of the
// shape of the one `before` have the same places.
template <class Isa>
void prepare_tile(const ConvS8& c, const StripPlan& p, const StripTile& tile, const StripTile& before,
                  const int8_t* input, const StripScratch<Isa>& scratch) {
  using Element = typename Isa::Element;
  if (!p.in_place) {
    if constexpr (can_take_windows<Isa>(0)) {
      const size_t first = (tile.n * p.y.output + tile.y) * p.x.output + tile.x;
      if (p.windows) fill_windows<Isa>(c, p, first, tile.height * tile.width, input, scratch.strip);
    }
    if (!p.windows) fill_strip<Isa>(c, p, tile, input, scratch.strip);
    if (tile.height == before.height && tile.width == before.width) return;
    return place_pixels<Isa>(p, tile, scratch.strip, p.y.place * p.x.length() * p.channels,
                             p.x.place * p.channels, scratch);
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
  const typename Isa::Element* gathered;
  const size_t* outputs;  // element offset of each pixel's first output channel, from `output` on
  const uint32_t* run_offsets;
  size_t runs, steps;  // steps of kStep elements in each run
  const uint8_t* panel;
  void* output;  // the panel's first channel of the tile's first pixel
  size_t columns, width;
  bool in_place;                // the pixels are the input's bytes
  const uint8_t* notes;         // on the tile
  const uint8_t* next_panel;    // which is multiplied then
  size_t next_bytes_per_pixel;  // its share of a pixel
};

// A tile's pixels as micro-tiles: as a rows + b (rows - 1), so that no pixel is left over;
// where there are too few for that, or the Isa prefers it, a last one of fewer rows.
struct TileCut {
  size_t whole, rest, rest_rows;
};
inline TileCut cut_tile(size_t pixels, size_t rows, bool prefers_whole) {
  const size_t portions = divide_up(pixels, rows), missing = portions * rows - pixels;
  if (missing <= portions && !(prefers_whole && missing > 0)) return {portions - missing, missing, rows - 1};
  return {portions - 1, 1, rows - missing};
}

// All pixels of the tile by one panel.
template <class Isa>
void run_panel(size_t pixels, const MicroTile<Isa>& micro, const typename Isa::Epilogue& epilogue) {
  const size_t rows = rows_of<Isa>(micro.width, 0);
  const TileCut cut = cut_tile(pixels, rows, prefers_whole_tiles<Isa>(0));
  if (cut.whole > 0) Isa::run_tiles(micro, 0, rows, cut.whole, epilogue);
  if (cut.rest > 0) Isa::run_tiles(micro, cut.whole * rows, cut.rest_rows, cut.rest, epilogue);
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
  micro.gathered = scratch.gathered;
  micro.outputs = scratch.outputs;
  micro.run_offsets = packed.run_offsets;
  micro.in_place = p.in_place;
  micro.notes = scratch.notes;
  const size_t pixels = tile.height * tile.width, element_bytes = c.accumulator_scale ? sizeof(float) : 1;
  const size_t tile_output = tile.n * p.output.batch + tile.y * p.output.row + tile.x * p.output.pixel;
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    const size_t group_channel = panel.group * p.group_channels;
    micro.panel = packed.base + panel.offset;
    micro.output = static_cast<uint8_t*>(output) + (tile_output + panel.first) * element_bytes;
    micro.columns = panel.columns;
    micro.width = panel.width;
    const Panel& next = packed.panels[i + 1 < p.panels ? i + 1 : 0];
    micro.next_panel = packed.base + next.offset;
    micro.next_bytes_per_pixel = next.bytes / pixels;
    // Pixels move to the group's channels, and back behind it.
    for (size_t m = 0; group_channel != 0 && m < pixels; ++m) scratch.pixels[m] += group_channel;
    if constexpr (gathers<Isa>(0)) {
      if (i == range.first || packed.panels[i - 1].group != panel.group)
        Isa::gather(p, micro, pixels, scratch.gathered);
    }
    run_panel<Isa>(pixels, micro, epilogue);
    for (size_t m = 0; group_channel != 0 && m < pixels; ++m) scratch.pixels[m] -= group_channel;
  }
}

// Outputs that go through the output table: `channels` of each pixel, s8.
struct TableArea {
  int8_t* first;
  size_t rows, row_stride, pixels, pixel_stride, channels;
};

// An Isa may have its own way of looking up.
template <class Isa>
inline auto look_up_outputs(const int8_t* table, const TableArea& a, int)
    -> decltype(Isa::look_up_outputs(table, a)) {
  Isa::look_up_outputs(table, a);
}
template <class Isa>
inline void look_up_outputs(const int8_t* table, const TableArea& a, long) {
  for (size_t y = 0; y < a.rows; ++y)
    for (size_t x = 0; x < a.pixels; ++x) {
      int8_t* q = a.first + y * a.row_stride + x * a.pixel_stride;
      for (size_t o = 0; o < a.channels; ++o) q[o] = table[q[o] + 128];
    }
}

// The tile's outputs of these panels, which are neighbouring channels, become entries of the table.
template <class Isa>
void look_up_tile(const ConvS8& c, const PackedStrip& packed, const PanelRange& range, const StripTile& t,
                  void* output) {
  if (c.accumulator_scale || range.first == range.last) return;
  const StripPlan& p = *packed.plan;
  const size_t channel = packed.panels[range.first].first;
  const Panel& last = packed.panels[range.last - 1];
  int8_t* first = static_cast<int8_t*>(output) + t.n * p.output.batch + t.y * p.output.row +
                  t.x * p.output.pixel + channel;
  look_up_outputs<Isa>(
      c.output_table,
      {first, t.height, p.output.row, t.width, p.output.pixel, last.first + last.columns - channel}, 0);
}

template <class Isa>
size_t scratch_bytes(const ConvS8& c) {
  return StripScratch<Isa>::bytes(make_plan<Isa>(c));
}

template <class Isa>
size_t items(const ConvS8& c) {
  return min_size(make_plan<Isa>(c).positions, kMostItems);
}

// Pixels [first, last) by a range of panels.
template <class Isa>
void run_pixels(const ConvS8& c, const PackedStrip& packed, size_t first, size_t last,
                const PanelRange& range, const int8_t* input, void* output,
                const StripScratch<Isa>& scratch) {
  StripTile before = {};
  while (first < last) {
    const StripTile tile = find_tile(*packed.plan, first, last);
    prepare_tile<Isa>(c, *packed.plan, tile, before, input, scratch);
    take_notes<Isa>(c, *packed.plan, tile.height * tile.width, scratch, 0);
    run_panels<Isa>(c, packed, range, tile, scratch, output);
    if (c.output_table) look_up_tile<Isa>(c, packed, range, tile, output);
    first += tile.height * tile.width;
    before = tile;
  }
}

// Where the share of all panels' columns ends that is `position`: in a panel, before a pixel.
struct PanelPosition {
  size_t panel, pixel;
};
inline PanelPosition find_position(const PackedStrip& packed, size_t position) {
  PanelPosition at = {0, 0};
  if (position == 0) return at;
  if (position == packed.plan->positions) return {packed.plan->panels, 0};
  for (; at.panel < packed.plan->panels; ++at.panel) {
    const size_t width = packed.panels[at.panel].width;
    if (position < width * packed.plan->pixels) {
      at.pixel = position / width;
      break;
    }
    position -= width * packed.plan->pixels;
  }
  return at;
}

// A single pixel that is read in place. An Isa may have run_single() for that: there the frame takes as long
// as the products.
template <class Isa>
inline auto run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                       const int8_t* input, void* output, int)
    -> decltype(Isa::run_single(c, packed, range, input, output), bool()) {
  if (packed.plan->pixels != 1 || !packed.plan->in_place || c.groups != 1) return false;
  Isa::run_single(c, packed, range, input, output);
  if (c.output_table) look_up_tile<Isa>(c, packed, range, {0, 0, 0, 1, 1}, output);
  return true;
}
template <class Isa>
inline bool run_single(const ConvS8&, const PackedStrip&, const PanelRange&, const int8_t*, void*, long) {
  return false;
}

template <class Isa>
void run(const ConvS8& c, const void* packed_memory, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch_memory) {
  const StripPlan& p = *static_cast<const StripPlan*>(packed_memory);
  const PackedStrip packed(p, const_cast<void*>(packed_memory));  // only read here
  const StripScratch<Isa> scratch(p, scratch_memory);
  const size_t items = min_size(p.positions, kMostItems);
  const size_t first = first_item == 0 ? 0 : p.positions * first_item / items;
  const size_t last = last_item == items ? p.positions : p.positions * last_item / items;
  if (!p.by_panels) return run_pixels<Isa>(c, packed, first, last, {0, p.panels}, input, output, scratch);
  PanelPosition begin = find_position(packed, first);
  const PanelPosition end = find_position(packed, last);
  if (run_single<Isa>(c, packed, {begin.panel, end.panel}, input, output, 0)) return;
  if (begin.panel < end.panel && begin.pixel > 0) {  // the rest of a panel
    run_pixels<Isa>(c, packed, begin.pixel, p.pixels, {begin.panel, begin.panel + 1}, input, output, scratch);
    begin = {begin.panel + 1, 0};
  }
  if (begin.panel < end.panel)
    run_pixels<Isa>(c, packed, 0, p.pixels, {begin.panel, end.panel}, input, output, scratch);
  const size_t from = begin.panel == end.panel ? begin.pixel : 0;
  run_pixels<Isa>(c, packed, from, end.pixel, {end.panel, end.panel + 1}, input, output, scratch);
}

}  // namespace
}  // namespace octet::kernels
