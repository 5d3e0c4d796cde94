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

// The largest of each of the 32, or n < 32, channels at `offset`.
template <bool kWhole>
inline __m256i window_max(const Window& w, size_t offset, size_t n) {
  __m256i max = _mm256_set1_epi8(-128);
  for (size_t ky = 0; ky < w.rows; ++ky) {
    const int8_t* row = w.first + ky * w.row_stride + offset;
    for (size_t kx = 0; kx < w.columns; ++kx, row += w.column_stride)
      max = _mm256_max_epi8(max, kWhole ? load_s8x32(row) : load_part_256(row, n));
  }
  return max;
}

}  // namespace

void max_pool_s8_avx2(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const Pool2D& g = pool.geometry;
  const __m256i low = _mm256_set1_epi8(static_cast<int8_t>(pool.output_min));
  const __m256i high = _mm256_set1_epi8(static_cast<int8_t>(pool.output_max));
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const PoolWindow wy = pool_window(g.y, row % g.y.output);
    for (size_t x = 0; x < g.x.output; ++x) {
      const Window w = make_window(g, image, row % g.y.output, x, wy);
      int8_t* pixel = output + (row * g.x.output + x) * g.channels;
      size_t c = 0;
      for (; c + 32 <= g.channels; c += 32)
        store_part_256(pixel + c, clamp_s8x32(window_max<true>(w, c, 32), low, high), 32);
      const size_t left = g.channels - c;
      if (left > 0) store_part_256(pixel + c, clamp_s8x32(window_max<false>(w, c, left), low, high), left);
    }
  }
}

}  // namespace octet::kernels
