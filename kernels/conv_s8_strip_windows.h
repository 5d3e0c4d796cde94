// SPDX-License-Identifier: Apache-2.0
//
// Strips of whole windows, for convolutions of few input channels: every output pixel has a
// place of its own with all elements of its window one after another, kernel row after kernel
// row, so that they are one run. A kernel row of 3x3x3 has 9 elements, which multiplies of 4, 8 or 16 would
// fill badly three times.
//
// The input rows of a part of an output row are copied with their padding first; windows are copied from
// there in vectors that run over the end of a kernel row, into what is written next.
#pragma once

#include "kernels/conv_s8_strip_plan.h"

namespace octet::kernels {
namespace {

// Writes `count` pixels of a row of `width` pixels, from x on; padding outside.
template <class Isa>
void copy_neighbours(const int8_t* row, size_t width, size_t channels, ptrdiff_t x, size_t count,
                     typename Isa::Element pad, typename Isa::Element* to) {
  const auto size = static_cast<ptrdiff_t>(width);
  const size_t left = x < 0 ? min_size(count, static_cast<size_t>(-x)) : 0;
  const ptrdiff_t begin = x + static_cast<ptrdiff_t>(left);
  const size_t inside = begin < size ? min_size(count - left, static_cast<size_t>(size - begin)) : 0;
  Isa::fill(to, left * channels, pad);
  if (inside > 0)
    Isa::convert(row + begin * static_cast<ptrdiff_t>(channels), inside * channels, to + left * channels);
  Isa::fill(to + (left + inside) * channels, (count - left - inside) * channels, pad);
}

// Neighbouring outputs' windows in copied input rows, `pitch` apart.
struct WindowRows {
  const void* first;
  size_t rows, pitch;
  size_t elements;  // of a window's row
  size_t step;      // from one output to the next
};

// kRows and kVectors: of a window, or 0 for those of `w`.
template <size_t kRows, size_t kVectors>
void copy_windows(const WindowRows& w, size_t count, uint8_t* to) {
  const auto* from = static_cast<const uint8_t*>(w.first);
  const size_t rows = kRows ? kRows : w.rows, vectors = kVectors ? kVectors : divide_up(w.elements, 16);
  const size_t pitch = w.pitch, elements = w.elements, step = w.step;
  for (; count > 0; --count, from += step) {
    const uint8_t* row = from;
#pragma GCC unroll 3
    for (size_t r = 0; r < rows; ++r, row += pitch, to += elements)
      for (size_t v = 0; v < vectors; ++v) std::memcpy(to + 16 * v, row + 16 * v, 16);
  }
}

// The windows of `count` outputs from (n, y, x) on, all of one row.
template <class Isa>
void fill_row_windows(const ConvS8& c, const StripPlan& p, const int8_t* image, size_t y, size_t x,
                      size_t count, typename Isa::Element* rows, typename Isa::Element* to) {
  const auto pad = Isa::pad_element(c.input_zero_point);
  const size_t pixels = (count - 1) * c.stride_width + c.kernel_width, channels = c.input_channels;
  const auto in_x = static_cast<ptrdiff_t>(x * c.stride_width) - static_cast<ptrdiff_t>(c.pad_left);
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky - c.pad_top;  // above the input: wraps
    auto* row = rows + ky * p.window_pitch;
    if (in_y < c.input_height)
      copy_neighbours<Isa>(image + in_y * c.input_width * channels, c.input_width, channels, in_x, pixels,
                           pad, row);
    else
      Isa::fill(row, pixels * channels, pad);
  }
  const WindowRows w = {rows, c.kernel_height, p.window_pitch, c.kernel_width * channels,
                        c.stride_width * channels};
  auto* bytes = reinterpret_cast<uint8_t*>(to);
  w.rows == 3 && w.elements <= 16 ? copy_windows<3, 1>(w, count, bytes) : copy_windows<0, 0>(w, count, bytes);
}

// The windows of `count` outputs from `first` on, counted through all rows of all images. The strip's last
// part takes the copied rows.
template <class Isa>
void fill_windows(const ConvS8& c, const StripPlan& p, size_t first, size_t count, const int8_t* input,
                  typename Isa::Element* strip) {
  static_assert(sizeof(typename Isa::Element) == 1, "copied byte by byte");
  typename Isa::Element* rows = strip + strip_elements(p) + kSlackElements;
  while (count > 0) {
    const size_t line = first / c.output_width, x = first % c.output_width;
    const size_t here = min_size(count, c.output_width - x);
    const size_t n = line / c.output_height, y = line % c.output_height;
    fill_row_windows<Isa>(c, p, input + n * c.input_height * c.input_width * c.input_channels, y, x, here,
                          rows, strip);
    strip += here * p.channels;
    first += here;
    count -= here;
  }
}

}  // namespace
}  // namespace octet::kernels
