// SPDX-License-Identifier: Apache-2.0
//
// How the conv_s8 GEMM kernels cut their work and lay out packed memory;
// conv_s8_strip.h runs it. Nothing here depends on the instruction set.
//
// Work is cut into tiles of output pixels. For one tile, the input pixels that it
// reads are copied once into a strip in scratch, converted to what the
// multiply instruction wants, with padding written out. In the strip, the input
// of one output pixel is a few runs of consecutive elements, at the same offsets
// from the pixel's own place for every output pixel:
//
//   place(y, x)      = (y * place_y * strip_width + x * place_x) * channels
//   run of (ky, kx)  = (ky * tap_y * strip_width + kx * tap_x) * channels + group's first channel
//
// Along an axis with dilation 1 neighbouring outputs share strip pixels
// (place = stride, tap = 1), and along x the taps of a row then form one run.
// Otherwise each tap has its own segment of the strip (place = 1, tap = tile
// length), which also skips what a strided 1x1 convolution never reads.
//
// Where that is shorter, each output pixel has a strip place of its own that holds its whole window as one
// run (conv_s8_strip_windows.h), if the Isa can do with that: the strip of a 1x1 convolution of as many
// channels.
//
// A 1x1 kernel whose taps all lie inside the image may be read in place, without a strip, where the Isa
// can and wants to.
//
// Where the multiply instruction wants several pixels side by side, the Isa gathers what a tile's pixels
// read, run after run, once for all panels of a group.
//
// The micro-kernel multiplies a few output pixels by a panel of output channels.
// Panels are packed one after another, behind the plan and the tables.
//
// Items are equal shares of the work, at most kMostItems: of the output pixels, for all panels; or, where one
// tile holds all pixels, of the panels' columns, so that each thread reads its own weights. A thread's range
// of items is cut into tiles of equal size, so a thread alone works with the largest.
//
// A file that includes this compiles its own copy: everything is in an anonymous
// namespace, and Isa is a struct of that file with
//   Element, kStep (elements of k per multiply), kRows or rows(width) (pixels of a micro-tile), kPanel
//   (channels), Epilogue, panel_width(), header_bytes(), pad_element(), convert(), fill(), pack_panel(),
//   run_tiles(); and, if it can, reads_in_place(conv); kWholeTiles where micro-tiles of fewer pixels than
//   kRows take as long as those of kRows; kGathers and gather() (implies kWholeTiles);
//   kWindows, with an Element of one byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/conv_s8.h"

namespace octet::kernels {
namespace {

constexpr size_t kStripBytes = 128 * 1024;  // of the 256 KiB or more of L2
constexpr size_t kGatheredBytes = 256 * 1024;
constexpr size_t kTilePixels = 96;      // enough that a panel's way from L2 or memory does not show
constexpr size_t kTileElements = 8192;  // of one channel's products: short sums take more pixels
constexpr size_t kMostItems = 240;      // equal shares: 2 to 6 and 8 threads get the same number
constexpr size_t kSlackElements = 64;   // vector stores may run over the strip's end

inline size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }
inline size_t round_up(size_t a, size_t multiple) { return divide_up(a, multiple) * multiple; }
inline size_t align_64(size_t bytes) { return (bytes + 63) & ~size_t{63}; }

// One axis of the tile and its strip.
struct StripAxis {
  size_t input, output, kernel, stride, dilation, pad;
  size_t tile;        // outputs of a tile
  bool shared;        // neighbouring outputs share strip pixels
  size_t place, tap;  // distance in the strip of outputs and of taps

  size_t length() const { return shared ? (tile - 1) * stride + kernel : kernel * tile; }
  void set_tile(size_t outputs) {
    tile = outputs;
    place = shared ? stride : 1;
    tap = shared ? 1 : tile;
  }
};

inline StripAxis make_axis(size_t input, size_t output, size_t kernel, size_t stride, size_t dilation,
                           size_t pad) {
  StripAxis a = {input, output, kernel, stride, dilation, pad, 1, false, 1, 1};
  a.shared = kernel > 1 && dilation == 1 && stride <= kernel;
  a.set_tile(1);
  return a;
}

struct StripPlan {
  StripAxis y, x;
  size_t batch, channels;
  size_t runs, run_elements;  // per output pixel and group
  size_t run_steps;           // multiplies of Isa::kStep elements in a run
  size_t group_channels;      // input channels of a group
  bool in_place;              // no strip: pixels are read where they stand
  size_t tile_multiple;       // of pixels, that tiles had better have
  size_t gathered_bytes;      // that gathering takes for a pixel; 0: no gathering
  size_t pixels;              // of all outputs
  bool by_panels;             // items are shares of panels after another, not of pixels
  size_t positions;           // what the items are shares of
  size_t panels_per_group, panels;
  ConvS8OutputStrides output;
  bool windows;                          // the strip's places are whole windows, copied from rows of
  size_t window_pitch, window_elements;  // so many elements, and of all rows
};

// Where rows do not matter, all pixels of all images are one row.
inline bool is_flat(const ConvS8& c) {
  return c.kernel_height == 1 && c.kernel_width == 1 && c.stride_height == 1 && c.stride_width == 1 &&
         c.pad_top == 0 && c.pad_left == 0 && c.output_height == c.input_height &&
         c.output_width == c.input_width && c.output_pixel_stride == 0 && c.output_row_stride == 0 &&
         c.output_batch_stride == 0;
}

inline size_t strip_elements(const StripPlan& p) {
  return p.in_place ? 0 : p.y.length() * p.x.length() * p.channels;
}

// What a tile keeps in scratch while panel after panel is multiplied.
inline size_t gathered_tile_bytes(const StripPlan& p) {
  return round_up(p.y.tile * p.x.tile, p.tile_multiple) * p.gathered_bytes;
}
inline bool is_too_large(const StripPlan& p, size_t element_bytes) {
  return strip_elements(p) * element_bytes > kStripBytes || gathered_tile_bytes(p) > kGatheredBytes;
}

// How many pixels a tile should have.
inline size_t pixels_wanted(const StripPlan& p) {
  return max_size(kTilePixels, kTileElements / (p.runs * p.run_elements));
}

// Tiles of about `pixels` that are not too large, all nearly equal.
inline void choose_tile(StripPlan* p, size_t pixels, size_t element_bytes) {
  const size_t wide = divide_up(p->x.output, divide_up(p->x.output, pixels));
  p->x.set_tile(wide < p->x.output ? round_up(wide, p->tile_multiple) : wide);
  while (p->x.tile > max_size(6, p->tile_multiple) && is_too_large(*p, element_bytes))
    p->x.set_tile(round_up(divide_up(p->x.tile, 2), p->tile_multiple));
  size_t rows = max_size(1, min_size(p->y.output, pixels / p->x.tile));
  rows = divide_up(p->y.output, divide_up(p->y.output, rows));
  p->y.set_tile(rows);
  while (p->y.tile > 1 && is_too_large(*p, element_bytes)) p->y.set_tile(p->y.tile - 1);
}

// Every output reads one pixel of the input, and no padding.
inline bool has_own_pixels(const ConvS8& c) {
  return c.kernel_height == 1 && c.kernel_width == 1 && c.pad_top == 0 && c.pad_left == 0 &&
         (c.output_height - 1) * c.stride_height < c.input_height &&
         (c.output_width - 1) * c.stride_width < c.input_width;
}

// What an Isa may say, and what holds where it does not.
template <class Isa>
inline auto reads_in_place(const ConvS8& c, int) -> decltype(Isa::reads_in_place(c)) {
  return Isa::reads_in_place(c);
}
template <class Isa>
inline bool reads_in_place(const ConvS8&, long) {
  return false;
}
template <class Isa>
inline auto rows_of(size_t width, int) -> decltype(Isa::rows(width)) {
  return Isa::rows(width);
}
template <class Isa>
inline size_t rows_of(size_t, long) {
  return Isa::kRows;
}
template <class Isa>
constexpr auto prefers_whole_tiles(int) -> decltype(Isa::kWholeTiles) {
  return Isa::kWholeTiles;
}
template <class Isa>
constexpr bool prefers_whole_tiles(long) {
  return false;
}
template <class Isa>
constexpr auto gathers(int) -> decltype(Isa::kGathers) {
  return Isa::kGathers;
}
template <class Isa>
constexpr bool gathers(long) {
  return false;
}

template <class Isa>
constexpr auto can_take_windows(int) -> decltype(Isa::kWindows) {
  return Isa::kWindows;
}
template <class Isa>
constexpr bool can_take_windows(long) {
  return false;
}

constexpr size_t kWindowWorth = 32;  // copying 16 elements costs as much as so many products by a channel

// Whether windows of their own save enough products: runs are padded to whole steps.
template <class Isa>
bool takes_windows(const ConvS8& c) {
  if (!can_take_windows<Isa>(0) || c.groups != 1 || c.dilation_height != 1 || c.dilation_width != 1)
    return false;
  const size_t row = c.kernel_width * c.input_channels, window = c.kernel_height * row;
  const bool merged = c.kernel_width > 1 && c.stride_width <= c.kernel_width;
  const size_t runs = merged ? c.kernel_height : c.kernel_height * c.kernel_width;
  const size_t steps = runs * divide_up(merged ? row : c.input_channels, Isa::kStep);
  const size_t saved = (steps - divide_up(window, Isa::kStep)) * Isa::kStep;
  return saved * c.output_channels >= kWindowWorth * c.kernel_height * divide_up(row, 16);
}

// The 1x1 convolution whose strip has a window as its pixel.
inline ConvS8 windows_conv(const ConvS8& c) {
  ConvS8 w = c;
  w.input_height = c.output_height;
  w.input_width = c.output_width;
  w.input_channels = c.kernel_height * c.kernel_width * c.input_channels;
  w.kernel_height = w.kernel_width = w.stride_height = w.stride_width = 1;
  w.pad_top = w.pad_left = 0;
  return w;
}

// A panel: output channels [first, first + columns) in `width` columns, packed in `bytes` at `offset`.
struct Panel {
  size_t first, columns, width, group, offset, bytes;
};

// Not packed yet.
template <class Isa>
Panel find_panel(const ConvS8& c, const StripPlan& p, size_t index) {
  const size_t group_outputs = c.output_channels / c.groups;
  Panel panel;
  panel.group = index / p.panels_per_group;
  const size_t start = index % p.panels_per_group * Isa::kPanel;
  panel.first = panel.group * group_outputs + start;
  panel.columns = min_size(Isa::kPanel, group_outputs - start);
  panel.width = Isa::panel_width(panel.columns);
  panel.offset = panel.bytes = 0;
  return panel;
}

// Of all panels together, with what they are padded to.
template <class Isa>
size_t columns_of(const ConvS8& c, const StripPlan& p) {
  size_t columns = 0;
  for (size_t i = 0; i < p.panels; ++i) columns += find_panel<Isa>(c, p, i).width;
  return columns;
}

template <class Isa>
StripPlan make_plan(const ConvS8& conv) {
  StripPlan p = {};
  p.windows = takes_windows<Isa>(conv);
  const ConvS8 c = p.windows ? windows_conv(conv) : conv;
  const size_t pixels = c.batch * c.input_height * c.input_width;
  const bool flat = is_flat(c);
  p.y = flat ? make_axis(1, 1, 1, 1, 1, 0)
             : make_axis(c.input_height, c.output_height, c.kernel_height, c.stride_height, c.dilation_height,
                         c.pad_top);
  p.x = flat ? make_axis(pixels, pixels, 1, 1, 1, 0)
             : make_axis(c.input_width, c.output_width, c.kernel_width, c.stride_width, c.dilation_width,
                         c.pad_left);
  p.batch = flat ? 1 : c.batch;
  p.channels = c.input_channels;
  p.output = conv_s8_output_strides(c);
  const bool merged = c.groups == 1 && p.x.shared;
  p.runs = merged ? c.kernel_height : c.kernel_height * c.kernel_width;
  p.run_elements = (merged ? c.kernel_width : 1) * (c.input_channels / c.groups);
  p.run_steps = divide_up(p.run_elements, Isa::kStep);
  p.group_channels = c.input_channels / c.groups;
  p.in_place = !p.windows && has_own_pixels(c) && reads_in_place<Isa>(c, 0);
  p.tile_multiple = prefers_whole_tiles<Isa>(0) ? rows_of<Isa>(Isa::kPanel, 0) : 1;
  p.gathered_bytes = gathers<Isa>(0) ? p.runs * p.run_steps * Isa::kStep * sizeof(typename Isa::Element) : 0;
  p.panels_per_group = divide_up(c.output_channels / c.groups, Isa::kPanel);
  p.panels = p.panels_per_group * c.groups;
  choose_tile(&p, pixels_wanted(p), sizeof(typename Isa::Element));
  if (p.windows) {
    const size_t outputs = min_size(p.x.tile, conv.output_width);
    const size_t row = (outputs - 1) * conv.stride_width + conv.kernel_width;
    p.window_pitch = row * conv.input_channels;
    p.window_elements = conv.kernel_height * p.window_pitch + kSlackElements;
  }
  p.pixels = p.batch * p.y.output * p.x.output;
  p.by_panels = p.pixels <= p.y.tile * p.x.tile;
  p.positions = p.pixels * (p.by_panels ? columns_of<Isa>(c, p) : 1);
  return p;
}

// Packed memory: the plan, the panels, the offsets of the runs in the strip, the packed panels.
struct PackedStrip {
  StripPlan* plan;
  Panel* panels;
  uint32_t* run_offsets;
  uint8_t* base;

  static size_t panels_at() { return align_64(sizeof(StripPlan)); }
  static size_t runs_at(const StripPlan& p) { return panels_at() + align_64(p.panels * sizeof(Panel)); }
  static size_t packed_panels_at(const StripPlan& p) {
    return runs_at(p) + align_64(p.runs * sizeof(uint32_t));
  }
  PackedStrip(const StripPlan& p, void* packed) {
    base = static_cast<uint8_t*>(packed);
    plan = reinterpret_cast<StripPlan*>(base);
    panels = reinterpret_cast<Panel*>(base + panels_at());
    run_offsets = reinterpret_cast<uint32_t*>(base + runs_at(p));
  }
};

// An Isa whose panels depend on the weights specializes this and written_bytes.
template <class Isa>
size_t panel_bytes(const ConvS8&, const StripPlan& p, const Panel& panel) {
  return Isa::header_bytes(panel.width) + p.runs * p.run_steps * Isa::kStep * panel.width;
}

// The same of a panel that is packed already.
template <class Isa>
size_t written_bytes(const ConvS8& c, const StripPlan& p, const Panel& panel, const uint8_t*) {
  return panel_bytes<Isa>(c, p, panel);
}

template <class Isa>
size_t packed_bytes(const ConvS8& c) {
  const StripPlan p = make_plan<Isa>(c);
  size_t bytes = PackedStrip::packed_panels_at(p);
  for (size_t i = 0; i < p.panels; ++i) bytes += panel_bytes<Isa>(c, p, find_panel<Isa>(c, p, i));
  return bytes;
}

// Where a run starts in the strip, from its pixel's place on.
inline uint32_t run_offset(const ConvS8& c, const StripPlan& p, size_t run) {
  const bool merged = c.groups == 1 && p.x.shared;
  const size_t ky = merged ? run : run / c.kernel_width, kx = merged ? 0 : run % c.kernel_width;
  return static_cast<uint32_t>((ky * p.y.tap * p.x.length() + kx * p.x.tap) * p.channels);
}

// The weights of one run of output channel o: `elements` of them. Merged runs are one kernel row.
inline const int8_t* run_weights(const ConvS8& c, const StripPlan& p, size_t o, size_t run) {
  return c.weights + (o * p.runs + run) * p.run_elements;
}

// Steps of kStep weights of eight columns side by side; `stride` bytes from step to step.
template <size_t kStep>
inline void interleave_eight(const int8_t* const (&columns)[8], size_t steps, size_t stride, int8_t* to) {
  const int8_t *c0 = columns[0], *c1 = columns[1], *c2 = columns[2], *c3 = columns[3];
  const int8_t *c4 = columns[4], *c5 = columns[5], *c6 = columns[6], *c7 = columns[7];
  for (size_t k = 0; k < steps * kStep; k += kStep, to += stride) {
    std::memcpy(to, c0 + k, kStep);
    std::memcpy(to + kStep, c1 + k, kStep);
    std::memcpy(to + 2 * kStep, c2 + k, kStep);
    std::memcpy(to + 3 * kStep, c3 + k, kStep);
    std::memcpy(to + 4 * kStep, c4 + k, kStep);
    std::memcpy(to + 5 * kStep, c5 + k, kStep);
    std::memcpy(to + 6 * kStep, c6 + k, kStep);
    std::memcpy(to + 7 * kStep, c7 + k, kStep);
  }
}

// One column that is alone, or too short for whole steps; what it does not fill is zero already.
template <size_t kStep>
inline void scatter_column(const int8_t* column, size_t elements, size_t stride, int8_t* to) {
  for (size_t k = 0; k < elements; k += kStep, to += stride)
    std::memcpy(to, column + k, min_size(kStep, elements - k));
}

// The panel's weights as [step][width][kStep], the runs one after another, zeros where there are none.
// Position i of the width, a multiple of 8, holds column column_at(i) of the panel.
template <size_t kStep, class ColumnAt>
void pack_columns(const ConvS8& c, const StripPlan& p, const Panel& panel, const ColumnAt& column_at,
                  int8_t* to) {
  const bool whole = p.run_elements % kStep == 0;  // then all runs are one
  const size_t runs = whole ? 1 : p.runs, elements = whole ? p.runs * p.run_elements : p.run_elements;
  const size_t steps = divide_up(elements, kStep), stride = panel.width * kStep;
  if (!whole || panel.columns < panel.width) std::memset(to, 0, runs * steps * stride);
  for (size_t run = 0; run < runs; ++run, to += steps * stride)
    for (size_t i = 0; i < panel.width; i += 8) {
      const int8_t* columns[8];
      bool all = whole;
      for (size_t j = 0; j < 8; ++j) {
        const size_t column = column_at(i + j);
        columns[j] = column < panel.columns ? run_weights(c, p, panel.first + column, run) : nullptr;
        all = all && columns[j];
      }
      if (all) interleave_eight<kStep>(columns, steps, stride, to + i * kStep);
      for (size_t j = 0; j < 8; ++j)
        if (!all && columns[j]) scatter_column<kStep>(columns[j], elements, stride, to + (i + j) * kStep);
    }
}

// bias - input_zero_point * sum of weights, modulo 2^32, so that raw inputs can be
// multiplied: sum (q - z) w = sum q w - z sum w. `zero_point` is that of the strip's elements.
inline uint32_t folded_bias(const ConvS8& c, size_t o, int32_t zero_point) {
  const size_t k = c.kernel_height * c.kernel_width * (c.input_channels / c.groups);
  const int8_t* weights = c.weights + o * k;
  uint32_t sum = 0;
  for (size_t i = 0; i < k; ++i) sum += static_cast<uint32_t>(weights[i]);
  return (c.bias ? static_cast<uint32_t>(c.bias[o]) : 0) - static_cast<uint32_t>(zero_point) * sum;
}

template <class Isa>
void pack(const ConvS8& c, void* memory) {
  const StripPlan p = make_plan<Isa>(c);
  const PackedStrip packed(p, memory);
  *packed.plan = p;
  for (size_t r = 0; r < p.runs; ++r) packed.run_offsets[r] = run_offset(c, p, r);
  size_t offset = PackedStrip::packed_panels_at(p);
  for (size_t i = 0; i < p.panels; ++i) {
    Panel& panel = packed.panels[i];
    panel = find_panel<Isa>(c, p, i);
    panel.offset = offset;
    Isa::pack_panel(c, p, panel, packed.base + offset);
    panel.bytes = written_bytes<Isa>(c, p, panel, packed.base + offset);
    offset += panel.bytes;
  }
}

}  // namespace
}  // namespace octet::kernels
