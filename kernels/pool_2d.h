// SPDX-License-Identifier: Apache-2.0
//
// The geometry that pooling kernels share. Input [batch, input_height, input_width,
// channels], output [batch, output_height, output_width, channels], dense NHWC. The
// window of output (y, x) reads input rows y * stride_height + ky * dilation_height - pad_top
// for ky in [0, kernel_height), columns alike; positions outside the input do not exist.
//
// Precondition: every window holds at least one position inside the input.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

// One spatial axis, in elements.
struct PoolAxis {
  size_t input, output;  // lengths
  size_t kernel, stride, dilation;
  size_t pad_begin, pad_end;
};

struct Pool2D {
  size_t batch, channels;
  PoolAxis y, x;
};

// Kernel positions [first, last) that lie inside the input, and how many lie
// inside the padded input [-pad_begin, input + pad_end).
struct PoolWindow {
  size_t first, last, padded;
};

// The window of output index `o` along one axis. (static: ISA files must export
// nothing but their kernels.)
static inline PoolWindow pool_window(const PoolAxis& axis, size_t o) {
  const size_t start = o * axis.stride;  // in padded coordinates
  const size_t end = axis.pad_begin + axis.input;
  const size_t d = axis.dilation;
  const auto positions_below = [&](size_t limit) {  // of the window, < limit
    if (limit <= start) return size_t{0};
    const size_t n = d == 1 ? limit - start : (limit - start + d - 1) / d;
    return n < axis.kernel ? n : axis.kernel;
  };
  return {positions_below(axis.pad_begin), positions_below(end), positions_below(end + axis.pad_end)};
}

// The positions of one window that lie inside the input: `rows` x `columns` pixels from `first`, strides in
// bytes of s8.
struct PoolPixels {
  const int8_t* first;
  size_t rows, columns, row_stride, column_stride;
};

// Of output (y, x); `image` is the input's image in which it lies, wy and wx its pool_window.
static inline PoolPixels pool_pixels(const Pool2D& g, const int8_t* image, size_t y, size_t x, PoolWindow wy,
                                     PoolWindow wx) {
  const size_t iy = y * g.y.stride + wy.first * g.y.dilation - g.y.pad_begin;
  const size_t ix = x * g.x.stride + wx.first * g.x.dilation - g.x.pad_begin;
  return {image + (iy * g.x.input + ix) * g.channels, wy.last - wy.first, wx.last - wx.first,
          g.y.dilation * g.x.input * g.channels, g.x.dilation * g.channels};
}

}  // namespace octet::kernels
