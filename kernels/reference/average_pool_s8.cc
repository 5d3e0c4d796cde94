// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of average_pool_s8. |acc| <= 255 * n < 2^30. Error against the ideal
// mean: that of requantize, at most 1.
#include "kernels/average_pool_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

namespace {

// The sum of (input - input_zero_point) over one window of channel c in image `image`.
int32_t window_sum(const AveragePoolS8& pool, const int8_t* image, const PoolWindow& wy, const PoolWindow& wx,
                   size_t y, size_t x, size_t c) {
  const Pool2D& g = pool.geometry;
  int32_t acc = 0;
  for (size_t ky = wy.first; ky < wy.last; ++ky) {
    for (size_t kx = wx.first; kx < wx.last; ++kx) {
      const size_t iy = y * g.y.stride + ky * g.y.dilation - g.y.pad_begin;
      const size_t ix = x * g.x.stride + kx * g.x.dilation - g.x.pad_begin;
      acc += image[(iy * g.x.input + ix) * g.channels + c] - pool.input_zero_point;
    }
  }
  return acc;
}

}  // namespace

void average_pool_s8_reference(const AveragePoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                               size_t last) {
  const Pool2D& g = pool.geometry;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % g.y.output;
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const PoolWindow wy = pool_window(g.y, y);
    for (size_t x = 0; x < g.x.output; ++x) {
      const PoolWindow wx = pool_window(g.x, x);
      const size_t n =
          pool.count_include_pad ? wy.padded * wx.padded : (wy.last - wy.first) * (wx.last - wx.first);
      const size_t entry = average_pool_entry(pool, n);
      for (size_t c = 0; c < g.channels; ++c) {
        output[(row * g.x.output + x) * g.channels + c] =
            requantize(window_sum(pool, image, wy, wx, y, x, c), pool.multiplier[entry],
                       pool.right_shift[entry], pool.output_zero_point, pool.output_min, pool.output_max);
      }
    }
  }
}

}  // namespace octet::kernels
