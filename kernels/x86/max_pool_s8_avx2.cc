// SPDX-License-Identifier: Apache-2.0
//
// max_pool_s8 on AVX2: 32 channels of a window at a time.
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

}  // namespace

void max_pool_s8_avx2(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const Pool2D& g = pool.geometry;
  const Limits limits = {_mm256_set1_epi8(static_cast<int8_t>(pool.output_min)),
                         _mm256_set1_epi8(static_cast<int8_t>(pool.output_max))};
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
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
