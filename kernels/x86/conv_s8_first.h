// SPDX-License-Identifier: Apache-2.0
//
// The frame of the conv_s8 kernels for first layers: few input channels, small
// kernels. Several input rows are copied into scratch, converted to
// what the multiply instruction wants and with padding written out. There the
// window of an output pixel is, for each kernel row, n = kernel width * channels
// consecutive elements, at the same offsets from the pixel's own place
//
//   place(y, x) = y * group_rows * pitch + x * step         step = stride * channels
//
// so a multiply takes kStep of them by an unaligned broadcast. n is rarely a
// multiple of kStep (9 = 2 * 4 + 1 for 3x3x3): the n % kStep elements left over of all
// kernel rows are gathered into planes, more rows of the same step, element k
// of output x at x * step + k. A plane is a blend of moved input rows:
//
//   plane[i] = row[ky(k)][i - k + source(k)]  with k = i mod step
//
// which turns 9 multiplies of 3x3x3 into 7. Rows stand in groups: stride_height
// input rows and the planes of the output row that begins there.
//
// A file that includes this compiles its own copy: everything is in an anonymous
// namespace, and Isa is a struct of that file with
//   Element, Weight, kStep, kVectorElements, kPanel (channels), kMaxRows, Epilogue, rows(), panel_width(),
//   header_bytes(), channel_of(), pad_element(), convert(), fill(), blend(), pack_panel(), run_tiles().
#pragma once

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/table_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kFirstChannels = 4;       // more go to the matrix product
constexpr size_t kFirstPixels = 192;       // of a chunk: a few rows of output
constexpr size_t kFirstBytes = 24 * 1024;  // of a chunk's input rows, unless one output row needs more
constexpr size_t kFirstPlaneWorth = 24;    // a plane pays for itself by as many multiplies times channels
constexpr size_t kFirstMasks = 4, kFirstMaskBytes = 64;
constexpr size_t kFirstSlack = 64;  // elements that stores may run over a row's end

struct FirstPlan {
  size_t window;     // n, consecutive elements of a kernel row
  size_t step;       // elements between neighbouring outputs
  size_t row_steps;  // multiplies of a kernel row in place
  size_t left_over;  // elements of a kernel row that go to planes
  size_t planes, plane_elements;
  size_t steps;         // all multiplies of a pixel
  size_t row_elements;  // that outputs read, padding included
  size_t lead;          // elements in front of a row, so that its input begins at a multiple of 64
  size_t pitch, group_rows;
  size_t chunk_rows;  // output rows at once
  size_t groups;      // of rows, for a chunk
  size_t panels, panel_channels, panel_bytes;
};

template <class Isa>
bool supports_first(const ConvS8& c) {
  return c.groups == 1 && c.input_channels <= kFirstChannels && c.kernel_width > 1 && c.kernel_width <= 16 &&
         c.kernel_height <= 16 && c.stride_height <= 16 && c.stride_width <= 16 && c.dilation_height == 1 &&
         c.dilation_width == 1 && !c.accumulator_scale;
}

// Planes are used where the multiplies that they save cost more than filling them.
template <class Isa>
void plan_steps(const ConvS8& c, FirstPlan* p) {
  p->window = c.kernel_width * c.input_channels;
  p->step = c.stride_width * c.input_channels;
  p->row_steps = divide_up(p->window, Isa::kStep);
  p->steps = c.kernel_height * p->row_steps;
  p->plane_elements = min_size(p->step, Isa::kStep);
  const size_t whole = p->window / Isa::kStep, left_over = p->window % Isa::kStep;
  const size_t planes = divide_up(c.kernel_height * left_over, p->plane_elements);
  const size_t steps = c.kernel_height * whole + planes;
  if (whole == 0 || p->step > Isa::kVectorElements) return;
  if (steps >= p->steps || (p->steps - steps) * c.output_channels < kFirstPlaneWorth * planes) return;
  p->row_steps = whole;
  p->left_over = left_over;
  p->planes = planes;
  p->steps = steps;
}

template <class Isa>
FirstPlan make_first_plan(const ConvS8& c) {
  FirstPlan p = {};
  plan_steps<Isa>(c, &p);
  p.row_elements = (c.output_width - 1) * p.step + p.window;
  p.lead = (64 - c.pad_left * c.input_channels % 64) % 64;
  p.pitch = (p.lead + p.row_elements + kFirstSlack + 63) / 64 * 64;
  p.group_rows = c.stride_height + p.planes;
  const size_t group_bytes = p.group_rows * p.pitch * sizeof(typename Isa::Element);
  p.chunk_rows = min_size(c.output_height, divide_up(kFirstPixels, c.output_width));
  p.chunk_rows = max_size(1, min_size(p.chunk_rows, kFirstBytes / group_bytes));
  p.groups = p.chunk_rows + c.kernel_height / c.stride_height;
  p.panels = divide_up(c.output_channels, Isa::kPanel);
  p.panel_channels = Isa::panel_width(divide_up(c.output_channels, p.panels));
  p.panels = divide_up(c.output_channels, p.panel_channels);
  p.panel_bytes = align_64(Isa::header_bytes(p.panel_channels) +
                           p.steps * Isa::kStep * p.panel_channels * sizeof(typename Isa::Weight));
  return p;
}

// Rows and planes by number, in elements of the chunk: input row `r`, plane `k` of output row `y`.
inline size_t first_row_at(const ConvS8& c, const FirstPlan& p, size_t r) {
  return (r / c.stride_height * p.group_rows + r % c.stride_height) * p.pitch + p.lead;
}
inline size_t first_plane_at(const ConvS8& c, const FirstPlan& p, size_t y, size_t k) {
  return (y * p.group_rows + c.stride_height + k) * p.pitch + p.lead;
}

// Element `s` of step `step` as an index into one channel's weights; -1: none, zero.
template <class Isa>
ptrdiff_t first_weight_index(const ConvS8& c, const FirstPlan& p, size_t step, size_t s) {
  const size_t in_place = c.kernel_height * p.row_steps;
  if (step < in_place) {
    const size_t element = step % p.row_steps * Isa::kStep + s;
    return element < p.window ? static_cast<ptrdiff_t>(step / p.row_steps * p.window + element) : -1;
  }
  const size_t left = (step - in_place) * p.plane_elements + s;
  if (s >= p.plane_elements || left >= c.kernel_height * p.left_over) return -1;
  return static_cast<ptrdiff_t>(left / p.left_over * p.window + p.row_steps * Isa::kStep +
                                left % p.left_over);
}

// A panel's weights, as Isa::Weight [step][width][kStep].
template <class Isa>
void pack_first_weights(const ConvS8& c, const FirstPlan& p, const Panel& panel, uint8_t* to) {
  const size_t terms = c.kernel_height * p.window;
  const int8_t* from = c.weights + panel.first * terms;
  auto* weights = reinterpret_cast<typename Isa::Weight*>(to);
  for (size_t t = 0; t < p.steps; ++t)
    for (size_t s = 0; s < Isa::kStep; ++s) {
      const ptrdiff_t index = first_weight_index<Isa>(c, p, t, s);
      for (size_t i = 0; i < panel.width; ++i) {
        const size_t column = Isa::channel_of(panel.width, i);
        const bool inside = index >= 0 && column < panel.columns;
        weights[(t * panel.width + i) * Isa::kStep + s] =
            inside ? from[column * terms + static_cast<size_t>(index)] : int8_t{0};
      }
    }
}

// Packed memory: the plan, the masks of blend(), the steps' offsets from a pixel's place, the panels.
struct PackedFirst {
  FirstPlan* plan;
  uint8_t* masks;
  uint32_t* offsets;
  uint8_t* panels;

  static size_t masks_at() { return align_64(sizeof(FirstPlan)); }
  static size_t offsets_at() { return masks_at() + kFirstMasks * kFirstMaskBytes; }
  static size_t panels_at(const FirstPlan& p) { return offsets_at() + align_64(p.steps * sizeof(uint32_t)); }
  PackedFirst(const FirstPlan& p, void* packed) {
    auto* base = static_cast<uint8_t*>(packed);
    plan = reinterpret_cast<FirstPlan*>(base);
    masks = base + masks_at();
    offsets = reinterpret_cast<uint32_t*>(base + offsets_at());
    panels = base + panels_at(p);
  }
};

template <class Isa>
size_t first_packed_bytes(const ConvS8& c) {
  const FirstPlan p = make_first_plan<Isa>(c);
  return PackedFirst::panels_at(p) + p.panels * p.panel_bytes;
}

template <class Isa>
Panel first_panel(const ConvS8& c, const FirstPlan& p, size_t index) {
  const size_t first = index * p.panel_channels;
  const size_t columns = min_size(p.panel_channels, c.output_channels - first);
  return {first, columns, Isa::panel_width(columns), 0, index * p.panel_bytes, p.panel_bytes};
}

template <class Isa>
void pack_first(const ConvS8& c, void* memory) {
  const FirstPlan p = make_first_plan<Isa>(c);
  const PackedFirst packed(p, memory);
  *packed.plan = p;
  constexpr size_t kBytes = sizeof(typename Isa::Element);
  for (size_t k = 0; k < Isa::kStep; ++k)
    for (size_t i = 0; i < Isa::kVectorElements * kBytes; ++i)
      packed.masks[k * kFirstMaskBytes + i] = i / kBytes % p.step == k ? 0xff : 0;
  const size_t in_place = c.kernel_height * p.row_steps;
  for (size_t t = 0; t < p.steps; ++t)
    packed.offsets[t] = static_cast<uint32_t>(t < in_place ? first_row_at(c, p, t / p.row_steps) +
                                                                 t % p.row_steps * Isa::kStep
                                                           : first_plane_at(c, p, 0, t - in_place));
  for (size_t i = 0; i < p.panels; ++i) {
    const Panel panel = first_panel<Isa>(c, p, i);
    Isa::pack_panel(c, p, panel, packed.panels + panel.offset);
  }
}

// Scratch: the chunk's rows, then its pixels' places and output offsets.
template <class Isa>
struct FirstScratch {
  typename Isa::Element* rows;
  const typename Isa::Element** pixels;
  size_t* outputs;

  static size_t rows_bytes(const FirstPlan& p) {
    return align_64((p.groups * p.group_rows * p.pitch + kFirstSlack) * sizeof(typename Isa::Element));
  }
  static size_t bytes(const ConvS8& c, const FirstPlan& p) {
    return rows_bytes(p) + p.chunk_rows * c.output_width * (sizeof(void*) + sizeof(size_t));
  }
  FirstScratch(const ConvS8& c, const FirstPlan& p, void* scratch) {
    auto* base = static_cast<uint8_t*>(scratch);
    rows = reinterpret_cast<typename Isa::Element*>(base);
    pixels = reinterpret_cast<const typename Isa::Element**>(base + rows_bytes(p));
    outputs = reinterpret_cast<size_t*>(base + rows_bytes(p) + p.chunk_rows * c.output_width * sizeof(void*));
  }
};

template <class Isa>
size_t first_scratch_bytes(const ConvS8& c) {
  return FirstScratch<Isa>::bytes(c, make_first_plan<Isa>(c));
}

// Rows of output, of all images.
inline size_t first_items(const ConvS8& c) { return c.batch * c.output_height; }

// One input row with its padding. Stores may run over its end by less than kFirstSlack.
template <class Isa>
void fill_first_row(const ConvS8& c, const FirstPlan& p, const int8_t* image, ptrdiff_t y,
                    typename Isa::Element* to) {
  const auto pad = Isa::pad_element(c.input_zero_point);
  const size_t left = min_size(c.pad_left * c.input_channels, p.row_elements);
  if (y < 0 || y >= static_cast<ptrdiff_t>(c.input_height)) return Isa::fill(to, p.row_elements, pad);
  const size_t input = c.input_width * c.input_channels;
  const size_t inside = min_size(input, p.row_elements - left);
  Isa::fill(to, left, pad);
  Isa::convert(image + static_cast<size_t>(y) * input, inside, to + left);
  Isa::fill(to + left + inside, p.row_elements - left - inside, pad);
}

// to[i] = from[k][i] with k = i mod step, for `count` elements; what stands where k >= sources is never read.
template <class Isa>
struct Blend {
  const typename Isa::Element* from[Isa::kStep];
  size_t sources;
  const uint8_t* masks;  // mask k, at k * kFirstMaskBytes: the elements i of a vector with i mod step = k
  size_t step, count;
};

// The planes of output row y of the chunk.
template <class Isa>
void fill_first_planes(const ConvS8& c, const FirstPlan& p, const uint8_t* masks, size_t y,
                       typename Isa::Element* rows) {
  const size_t left_over = c.kernel_height * p.left_over;
  for (size_t k = 0; k < p.planes; ++k) {
    Blend<Isa> blend = {};
    const size_t first = k * p.plane_elements;
    blend.sources = min_size(p.plane_elements, left_over - first);
    for (size_t i = 0; i < blend.sources; ++i)
      blend.from[i] = rows + first_row_at(c, p, y * c.stride_height + (first + i) / p.left_over) +
                      p.row_steps * Isa::kStep + (first + i) % p.left_over - i;
    blend.masks = masks;
    blend.step = p.step;
    blend.count = c.output_width * p.step;
    Isa::blend(blend, rows + first_plane_at(c, p, y, k));
  }
}

// What `count` output rows from y on need.
template <class Isa>
void fill_first(const ConvS8& c, const PackedFirst& packed, const int8_t* image, size_t y, size_t count,
                typename Isa::Element* rows) {
  const FirstPlan& p = *packed.plan;
  const auto first = static_cast<ptrdiff_t>(y * c.stride_height) - static_cast<ptrdiff_t>(c.pad_top);
  const size_t input_rows = (count - 1) * c.stride_height + c.kernel_height;
  for (size_t r = 0; r < input_rows; ++r)
    fill_first_row<Isa>(c, p, image, first + static_cast<ptrdiff_t>(r), rows + first_row_at(c, p, r));
  for (size_t i = 0; i < count; ++i) fill_first_planes<Isa>(c, p, packed.masks, i, rows);
}

// All pixels by one panel, rows() at a time; the last tile moves back over pixels that are done. Fewer
// pixels than a tile: the last one repeats.
template <class Isa>
void run_first_panel(const MicroTile<Isa>& micro, size_t pixels, const typename Isa::Epilogue& epilogue) {
  const size_t rows = Isa::rows(micro.width), tiles = pixels / rows, rest = pixels % rows;
  if (tiles > 0) Isa::run_tiles(micro, 0, tiles, epilogue);
  if (rest == 0) return;
  if (tiles > 0) return Isa::run_tiles(micro, pixels - rows, 1, epilogue);
  const typename Isa::Element* places[Isa::kMaxRows];
  size_t outputs[Isa::kMaxRows];
  for (size_t i = 0; i < rows; ++i) {
    places[i] = micro.pixels[min_size(i, pixels - 1)];
    outputs[i] = micro.outputs[min_size(i, pixels - 1)];
  }
  MicroTile<Isa> padded = micro;
  padded.pixels = places;
  padded.outputs = outputs;
  Isa::run_tiles(padded, 0, 1, epilogue);
}

// Where the pixels of a chunk stand in it, and their outputs from its first output on.
template <class Isa>
void place_first_pixels(const ConvS8& c, const FirstPlan& p, size_t rows, const FirstScratch<Isa>& scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const size_t width = c.output_width, step = p.step, pixel = strides.pixel;
  const typename Isa::Element** pixels = scratch.pixels;
  size_t* outputs = scratch.outputs;
  for (size_t y = 0; y < rows; ++y, pixels += width, outputs += width) {
    const typename Isa::Element* place = scratch.rows + y * p.group_rows * p.pitch;
    size_t output = y * strides.row;
    for (size_t x = 0; x < width; ++x, place += step, output += pixel) {
      pixels[x] = place;
      outputs[x] = output;
    }
  }
}

template <class Isa>
void run_first(const ConvS8& c, const void* packed_memory, const int8_t* input, void* output,
               size_t first_item, size_t last_item, void* scratch_memory) {
  const FirstPlan& p = *static_cast<const FirstPlan*>(packed_memory);
  const PackedFirst packed(p, const_cast<void*>(packed_memory));  // only read here
  const FirstScratch<Isa> scratch(c, p, scratch_memory);
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const typename Isa::Epilogue epilogue(c);
  TableParts table;
  if (c.output_table) make_table_parts(c.output_table, &table);
  place_first_pixels<Isa>(c, p, min_size(p.chunk_rows, last_item - first_item), scratch);
  MicroTile<Isa> micro = {};
  micro.pixels = scratch.pixels;
  micro.outputs = scratch.outputs;
  micro.run_offsets = packed.offsets;
  micro.runs = p.steps;
  micro.steps = 1;
  for (size_t item = first_item; item < last_item;) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    const size_t rows = min_size(min_size(p.chunk_rows, c.output_height - y), last_item - item);
    const size_t pixels = rows * c.output_width;
    fill_first<Isa>(c, packed, input + n * c.input_height * c.input_width * c.input_channels, y, rows,
                    scratch.rows);
    int8_t* to = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    for (size_t i = 0; i < p.panels; ++i) {
      const Panel panel = first_panel<Isa>(c, p, i);
      micro.panel = packed.panels + panel.offset;
      micro.output = to + panel.first;
      micro.columns = panel.columns;
      micro.width = panel.width;
      run_first_panel<Isa>(micro, pixels, epilogue);
    }
    for (size_t r = 0; c.output_table && r < rows; ++r)
      apply_table_to_pixels(table, to + r * strides.row, c.output_width, strides.pixel, c.output_channels);
    item += rows;
  }
}

}  // namespace
}  // namespace octet::kernels
