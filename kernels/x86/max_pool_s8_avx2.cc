// SPDX-License-Identifier: Apache-2.0
//
// max_pool_s8 on AVX2: 32 channels of a window at a time. Fewer channels than 32: the input rows of a window,
// which hold many pixels in a vector, become one line of largest values first, with -128 where there is
// padding; a window's columns are taken from that line.
#include "kernels/max_pool_s8.h"
#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// The positions of a window inside the input: `rows` x `columns` pixels from `first`, strides in bytes.
struct Window {
  const int8_t* first;
  size_t rows, columns, row_stride, column_stride;
};

inline Window make_window(const Pool2D& g, const int8_t* image, size_t y, size_t x, const PoolWindow& wy) {
  const PoolWindow wx = pool_window(g.x, x);
  const size_t iy = y * g.y.stride + wy.first * g.y.dilation - g.y.pad_begin;
  const size_t ix = x * g.x.stride + wx.first * g.x.dilation - g.x.pad_begin;
  return {image + (iy * g.x.input + ix) * g.channels, wy.last - wy.first, wx.last - wx.first,
          g.y.dilation * g.x.input * g.channels, g.x.dilation * g.channels};
}

// The largest of each of the 32, or n < 32, channels at `offset`. kSide: the window is kSide x kSide pixels;
// 0: as large as it is.
template <size_t kSide, bool kWhole>
inline __m256i window_max(const Window& w, size_t offset, size_t n) {
  const size_t rows = kSide ? kSide : w.rows, columns = kSide ? kSide : w.columns;
  __m256i max = _mm256_set1_epi8(-128);
#pragma GCC unroll 3
  for (size_t ky = 0; ky < rows; ++ky) {
    const int8_t* row = w.first + ky * w.row_stride + offset;
#pragma GCC unroll 3
    for (size_t kx = 0; kx < columns; ++kx) {
      const int8_t* from = row + kx * w.column_stride;
      max = _mm256_max_epi8(max, kWhole ? load_s8x32(from) : load_part_256(from, n));
    }
  }
  return max;
}

struct Limits {
  __m256i low, high;
};

// All channels of one output pixel.
template <size_t kSide>
inline void pool_pixel(const Window& w, size_t channels, const Limits& limits, int8_t* output) {
  size_t c = 0;
  for (; c + 32 <= channels; c += 32)
    store_part_256(output + c, clamp_s8x32(window_max<kSide, true>(w, c, 32), limits.low, limits.high), 32);
  const size_t left = channels - c;
  if (left == 0) return;
  store_part_256(output + c, clamp_s8x32(window_max<0, false>(w, c, left), limits.low, limits.high), left);
}

constexpr size_t kLineBytes = 2048;
constexpr size_t kNarrow = 32;  // channels

// What the outputs [x, x + count) of a row read: input pixels [first, first + pixels), of which `left` are
// padding in front of the row.
struct LineSpan {
  size_t left, first, pixels;
};

inline size_t line_pixels(const PoolAxis& axis, size_t count) {
  return (count - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
}

// Outputs whose lines fit; 0: not even one.
inline size_t line_outputs(const Pool2D& g) {
  const size_t pixels = kLineBytes / g.channels, one = line_pixels(g.x, 1);
  return pixels < one ? 0 : (pixels - one) / g.x.stride + 1;
}

inline LineSpan make_span(const PoolAxis& axis, size_t x, size_t count) {
  const size_t begin = x * axis.stride, end = begin + line_pixels(axis, count);  // in padded coordinates
  const size_t left = begin < axis.pad_begin ? axis.pad_begin - begin : 0;
  const size_t first = begin + left - axis.pad_begin;
  const size_t last = end > axis.pad_begin ? end - axis.pad_begin : 0;
  const size_t inside = last < axis.input ? last : axis.input;
  return {left, first, inside > first ? inside - first : 0};
}

// `bytes` of `rows` rows become the largest of each column, clamped. kWhole: bytes >= 32, the last vector
// goes back over what is done.
template <bool kWhole>
inline void fold_rows(const int8_t* from, size_t rows, size_t row_stride, size_t bytes, const Limits& limits,
                      int8_t* to) {
  for (size_t i = 0; i < bytes; i += 32) {
    const size_t at = kWhole && i + 32 > bytes ? bytes - 32 : i;
    __m256i max = limits.low;
    for (size_t ky = 0; ky < rows; ++ky) {
      const int8_t* row = from + ky * row_stride + at;
      max = _mm256_max_epi8(max, kWhole ? load_s8x32(row) : load_part_256(row, bytes));
    }
    store_part_256(to + at, _mm256_min_epi8(max, limits.high), 32);
  }
}

template <size_t kBytes>
inline __m256i line_load(const int8_t* from) {
  if (kBytes == 32) return load_s8x32(from);
  if (kBytes == 16) return _mm256_zextsi128_si256(load_s8x16(from));
  return _mm256_zextsi128_si256(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

template <size_t kBytes>
inline void line_store(int8_t* to, __m256i v) {
  if (kBytes == 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(v));
  } else {
    store_part_256(to, v, kBytes);
  }
}

// The windows of a line, at most kBytes channels: a store runs over its output, into what the next writes,
// where `room` bytes of the row are enough. kColumns: of a window, or 0 for those of `g`.
template <size_t kBytes, size_t kColumns>
inline void pool_line(const int8_t* line, const Pool2D& g, size_t count, size_t room, int8_t* output) {
  const size_t columns = kColumns ? kColumns : g.x.kernel, channels = g.channels;
  const size_t tap = g.x.dilation * channels, step = g.x.stride * channels;
  for (; count > 0; --count, line += step, output += channels, room -= channels) {
    __m256i max = line_load<kBytes>(line);
#pragma GCC unroll 3
    for (size_t kx = 1; kx < columns; ++kx) max = _mm256_max_epi8(max, line_load<kBytes>(line + kx * tap));
    if (room >= kBytes) {
      line_store<kBytes>(output, max);
    } else {
      store_part_256(output, max, channels);
    }
  }
}

template <size_t kColumns>
inline void pool_line_of(const int8_t* line, const Pool2D& g, size_t count, size_t room, int8_t* output) {
  if (g.channels <= 8) return pool_line<8, kColumns>(line, g, count, room, output);
  if (g.channels <= 16) return pool_line<16, kColumns>(line, g, count, room, output);
  pool_line<32, kColumns>(line, g, count, room, output);
}

// One row of output, `outputs` pixels at a time.
void pool_narrow_row(const Pool2D& g, const int8_t* image, size_t y, const Limits& limits, size_t outputs,
                     int8_t* output) {
  alignas(32) int8_t line[kLineBytes + 32];
  const PoolWindow wy = pool_window(g.y, y);
  const size_t row_bytes = g.x.input * g.channels;
  const int8_t* rows = image + (y * g.y.stride + wy.first * g.y.dilation - g.y.pad_begin) * row_bytes;
  for (size_t x = 0; x < g.x.output; x += outputs) {
    const size_t count = g.x.output - x < outputs ? g.x.output - x : outputs;
    const LineSpan span = make_span(g.x, x, count);
    const size_t bytes = span.pixels * g.channels, left = span.left * g.channels;
    const size_t all = line_pixels(g.x, count) * g.channels;
    std::memset(line, -128, left);
    const auto fold = bytes >= 32 ? fold_rows<true> : fold_rows<false>;
    fold(rows + span.first * g.channels, wy.last - wy.first, g.y.dilation * row_bytes, bytes, limits,
         line + left);
    std::memset(line + left + bytes, -128, all + 32 - left - bytes);
    const size_t room = (g.x.output - x) * g.channels;
    int8_t* to = output + x * g.channels;
    if (g.x.kernel == 2) {
      pool_line_of<2>(line, g, count, room, to);
    } else {
      pool_line_of<0>(line, g, count, room, to);
    }
  }
}

}  // namespace

void max_pool_s8_avx2(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const Pool2D& g = pool.geometry;
  const Limits limits = {_mm256_set1_epi8(static_cast<int8_t>(pool.output_min)),
                         _mm256_set1_epi8(static_cast<int8_t>(pool.output_max))};
  const size_t narrow = g.channels < kNarrow ? line_outputs(g) : 0;
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    if (narrow > 0) {
      int8_t* to = output + row * g.x.output * g.channels;
      pool_narrow_row(g, image, row % g.y.output, limits, narrow, to);
      continue;
    }
    const PoolWindow wy = pool_window(g.y, row % g.y.output);
    for (size_t x = 0; x < g.x.output; ++x) {
      const Window w = make_window(g, image, row % g.y.output, x, wy);
      int8_t* pixel = output + (row * g.x.output + x) * g.channels;
      if (w.rows == 3 && w.columns == 3) {
        pool_pixel<3>(w, g.channels, limits, pixel);
      } else if (w.rows == 2 && w.columns == 2) {
        pool_pixel<2>(w, g.channels, limits, pixel);
      } else {
        pool_pixel<0>(w, g.channels, limits, pixel);
      }
    }
  }
}

}  // namespace octet::kernels
