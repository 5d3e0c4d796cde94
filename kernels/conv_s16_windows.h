// SPDX-License-Identifier: Apache-2.0
//
// The frame of the conv_s16 GEMM kernels. Work is cut into tiles of output pixels, counted through all rows
// of all images. The window of each pixel of a tile and group is gathered into scratch as one run of s16 less
// the zero point, zeros outside the input and up to an even number:
//
//   window[(ky * kernel_width + kx) * group_channels + c]
//
// so that the products are those of a matrix. A 1x1 convolution of s16 with an even number of channels is
// multiplied where it lies. An item is a tile.
//
// Where a kernel row has 16 elements or fewer (first layers), the input rows of a part of an output row are
// copied with their padding first; windows are then copied from there 16 elements at a time, which run over
// the end of a kernel row into what is written next.
//
// Packed memory: panels of Isa::kPanel output channels of one group each, one behind the other; the last of a
// group is moved back so that it is whole, if the group has as many.
//
// A file that includes this compiles its own copy; Isa is a struct of that file with
//   kPanel, kRows (pixels that it likes best), panel_bytes(c, steps), pack_panel(c, panel, to),
//   run_panel(c, panel, tile, packed, output)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/conv_s16.h"

namespace octet::kernels {
namespace {

constexpr size_t kShortRow = 16;  // elements

// What the tiles are cut from.
struct WindowsPlan {
  size_t group_channels, group_outputs;
  size_t elements, steps;  // of a window; pairs of them
  size_t pixels, tile;     // of all outputs; of a tile, at most
  size_t panels_per_group;
  bool in_place;
  bool short_rows;   // of kernels, copied from rows of
  size_t row_pitch;  // elements
};

// Output channels [first, first + columns), all of one group.
struct ChannelPanel {
  size_t first, columns, group;
};

// `pixels` windows, `stride` elements apart; the first is that of output pixel `first`.
struct WindowsTile {
  const int16_t* windows;
  size_t stride, steps;
  size_t first, pixels;
};

template <class Isa>
WindowsPlan windows_plan(const ConvS16& c) {
  constexpr size_t kTileBytes = 32 * 1024, kMostPixels = 96;
  WindowsPlan p = {};
  p.group_channels = c.input_channels / c.groups;
  p.group_outputs = c.output_channels / c.groups;
  p.elements = c.kernel_height * c.kernel_width * p.group_channels;
  p.steps = (p.elements + 1) / 2;
  p.pixels = c.batch * c.output_height * c.output_width;
  p.panels_per_group = (p.group_outputs + Isa::kPanel - 1) / Isa::kPanel;
  const size_t fit = kTileBytes / (4 * p.steps) / Isa::kRows * Isa::kRows;
  p.tile = fit < Isa::kRows ? Isa::kRows : fit > kMostPixels ? kMostPixels : fit;
  const bool own_pixels = c.kernel_height == 1 && c.kernel_width == 1 && c.stride_height == 1 &&
                          c.stride_width == 1 && c.pad_top == 0 && c.pad_left == 0 &&
                          c.output_height == c.input_height && c.output_width == c.input_width;
  p.in_place = c.input_s16 && own_pixels && p.elements % 2 == 0;
  p.short_rows = !p.in_place && c.groups == 1 && c.dilation_width == 1 && c.kernel_height > 1 &&
                 c.stride_width <= c.kernel_width && c.kernel_width * c.input_channels <= kShortRow;
  const size_t outputs = p.tile < c.output_width ? p.tile : c.output_width;
  p.row_pitch = p.short_rows ? ((outputs - 1) * c.stride_width + c.kernel_width) * c.input_channels : 0;
  return p;
}

template <class Isa>
ChannelPanel channel_panel(const WindowsPlan& p, size_t index) {
  const size_t group = index / p.panels_per_group;
  size_t start = index % p.panels_per_group * Isa::kPanel;
  if (start + Isa::kPanel > p.group_outputs && p.group_outputs >= Isa::kPanel)
    start = p.group_outputs - Isa::kPanel;
  const size_t left = p.group_outputs - start;
  return {group * p.group_outputs + start, left < Isa::kPanel ? left : Isa::kPanel, group};
}

// Element i of the window of output channel o, as its weights stand in the file; 0 behind the last.
inline int16_t window_weight(const ConvS16& c, const WindowsPlan& p, size_t o, size_t i) {
  return i < p.elements ? c.weights[o * p.elements + i] : int16_t{0};
}

// Copies n elements less the zero point.
inline void copy_elements(const int16_t* from, size_t n, int32_t, int16_t* to) {
  if (n > 16) {
    std::memcpy(to, from, n * sizeof(int16_t));
    return;
  }
  size_t i = 0;
  for (; i + 4 <= n; i += 4) std::memcpy(to + i, from + i, 8);
  for (; i < n; ++i) to[i] = from[i];
}
inline void copy_elements(const int8_t* from, size_t n, int32_t zero_point, int16_t* to) {
  for (size_t i = 0; i < n; ++i) to[i] = static_cast<int16_t>(from[i] - zero_point);
}

// The window of output pixel (y, x) of `image`, which begins at the group's first channel. Neighbouring taps
// of a row are one run where a group has all channels.
template <class T>
inline void gather_window(const ConvS16& c, const WindowsPlan& p, const T* image, size_t y, size_t x,
                          int16_t* to) {
  const bool merged = c.groups == 1 && c.dilation_width == 1;
  const size_t runs = merged ? 1 : c.kernel_width, taps = merged ? c.kernel_width : 1;
  int16_t* const window = to;
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    for (size_t kx = 0; kx < runs; ++kx, to += taps * p.group_channels) {
      const auto start = static_cast<ptrdiff_t>(x * c.stride_width + kx * c.dilation_width) -
                         static_cast<ptrdiff_t>(c.pad_left);
      const auto end = start + static_cast<ptrdiff_t>(taps), width = static_cast<ptrdiff_t>(c.input_width);
      const ptrdiff_t first = start < 0 ? 0 : start, last = end > width ? width : end;
      if (in_y >= c.input_height || first >= last) {
        std::memset(to, 0, taps * p.group_channels * sizeof(int16_t));
        continue;
      }
      const size_t before = static_cast<size_t>(first - start) * p.group_channels;
      const size_t inside = static_cast<size_t>(last - first) * p.group_channels;
      const size_t behind = static_cast<size_t>(end - last) * p.group_channels;
      if (before > 0) std::memset(to, 0, before * sizeof(int16_t));
      copy_elements(image + (in_y * c.input_width + static_cast<size_t>(first)) * c.input_channels, inside,
                    c.input_zero_point, to + before);
      if (behind > 0) std::memset(to + before + inside, 0, behind * sizeof(int16_t));
    }
  }
  if (p.elements % 2 != 0) window[p.elements] = 0;
}

// Input pixels [x, x + count) of a row, with zeros outside of it; the whole row is outside if `row` is null.
template <class T>
inline void copy_row(const ConvS16& c, const T* row, ptrdiff_t x, size_t count, int16_t* to) {
  const auto end = x + static_cast<ptrdiff_t>(count), width = static_cast<ptrdiff_t>(c.input_width);
  const ptrdiff_t first = x < 0 ? 0 : x, last = end > width ? width : end;
  if (!row || first >= last) {
    std::memset(to, 0, count * c.input_channels * sizeof(int16_t));
    return;
  }
  const size_t before = static_cast<size_t>(first - x) * c.input_channels;
  const size_t inside = static_cast<size_t>(last - first) * c.input_channels;
  std::memset(to, 0, before * sizeof(int16_t));
  copy_elements(row + static_cast<size_t>(first) * c.input_channels, inside, c.input_zero_point, to + before);
  std::memset(to + before + inside, 0, static_cast<size_t>(end - last) * c.input_channels * sizeof(int16_t));
}

// The windows of output pixels [x, x + count) of row y.
template <class T>
void gather_short_rows(const ConvS16& c, const WindowsPlan& p, const T* image, size_t y, size_t x,
                       size_t count, int16_t* rows, int16_t* to) {
  const size_t row_elements = c.kernel_width * c.input_channels, step = c.stride_width * c.input_channels;
  const auto in_x = static_cast<ptrdiff_t>(x * c.stride_width) - static_cast<ptrdiff_t>(c.pad_left);
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    copy_row(c, in_y < c.input_height ? image + in_y * c.input_width * c.input_channels : nullptr, in_x,
             (count - 1) * c.stride_width + c.kernel_width, rows + ky * p.row_pitch);
  }
  for (const int16_t* from = rows; count > 0; --count, from += step, to += 2 * p.steps) {
    for (size_t ky = 0; ky < c.kernel_height; ++ky)
      std::memcpy(to + ky * row_elements, from + ky * p.row_pitch, kShortRow * sizeof(int16_t));
    if (p.elements % 2 != 0) to[p.elements] = 0;
  }
}

// The windows of output pixels [first, first + count) of one group, 2 * steps elements apart; `rows` is
// memory for short rows.
template <class T>
void gather_windows(const ConvS16& c, const WindowsPlan& p, size_t group, const T* input, size_t first,
                    size_t count, int16_t* rows, int16_t* to) {
  size_t x = first % c.output_width, y = first / c.output_width % c.output_height;
  size_t n = first / c.output_width / c.output_height;
  while (p.short_rows && count > 0) {
    const size_t left = c.output_width - x, here = left < count ? left : count;
    gather_short_rows(c, p, input + n * c.input_height * c.input_width * c.input_channels, y, x, here, rows,
                      to);
    to += here * 2 * p.steps;
    count -= here;
    x = 0;
    y = (y + 1) % c.output_height;
    n += y == 0;
  }
  for (; count > 0; --count, to += 2 * p.steps) {
    const T* image = input + n * c.input_height * c.input_width * c.input_channels;
    gather_window(c, p, image + group * p.group_channels, y, x, to);
    if (++x < c.output_width) continue;
    x = 0;
    if (++y < c.output_height) continue;
    y = 0;
    ++n;
  }
}

template <class Isa>
size_t packed_bytes(const ConvS16& c) {
  const WindowsPlan p = windows_plan<Isa>(c);
  return c.groups * p.panels_per_group * Isa::panel_bytes(p.steps);
}

template <class Isa>
void pack(const ConvS16& c, void* packed) {
  const WindowsPlan p = windows_plan<Isa>(c);
  auto* to = static_cast<uint8_t*>(packed);
  for (size_t i = 0; i < c.groups * p.panels_per_group; ++i, to += Isa::panel_bytes(p.steps))
    Isa::pack_panel(c, p, channel_panel<Isa>(p, i), to);
}

// Where the short rows begin in scratch.
inline size_t windows_elements(const WindowsPlan& p) { return p.tile * p.steps * 2 + kShortRow; }

template <class Isa>
size_t scratch_bytes(const ConvS16& c) {
  const WindowsPlan p = windows_plan<Isa>(c);
  const size_t rows = p.short_rows ? c.kernel_height * p.row_pitch + 2 * kShortRow : 0;
  return p.in_place ? 0 : (windows_elements(p) + rows) * sizeof(int16_t);
}

template <class Isa>
size_t items(const ConvS16& c) {
  const WindowsPlan p = windows_plan<Isa>(c);
  return (p.pixels + p.tile - 1) / p.tile;
}

template <class Isa>
void run(const ConvS16& c, const void* packed, const void* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const WindowsPlan p = windows_plan<Isa>(c);
  auto* const windows = static_cast<int16_t*>(scratch);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t first = item * p.tile, left = p.pixels - first;
    WindowsTile tile = {windows, 2 * p.steps, p.steps, first, left < p.tile ? left : p.tile};
    if (p.in_place) tile.stride = c.input_channels;
    const auto* panel = static_cast<const uint8_t*>(packed);
    for (size_t i = 0; i < c.groups * p.panels_per_group; ++i, panel += Isa::panel_bytes(p.steps)) {
      const ChannelPanel channels = channel_panel<Isa>(p, i);
      if (p.in_place)
        tile.windows =
            static_cast<const int16_t*>(input) + first * c.input_channels + channels.group * p.group_channels;
      else if (i % p.panels_per_group == 0 && c.input_s16)
        gather_windows(c, p, channels.group, static_cast<const int16_t*>(input), first, tile.pixels,
                       windows + windows_elements(p), windows);
      else if (i % p.panels_per_group == 0)
        gather_windows(c, p, channels.group, static_cast<const int8_t*>(input), first, tile.pixels,
                       windows + windows_elements(p), windows);
      Isa::run_panel(c, channels, tile, panel, output);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
