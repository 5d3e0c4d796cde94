// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of max_pool_s8.
#include "kernels/max_pool_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

namespace {

// The largest value of one window of channel c in image `image`.
int32_t window_max(const Pool2D& g, const int8_t* image, size_t y, size_t x, size_t c) {
  const PoolWindow wy = pool_window(g.y, y);
  const PoolWindow wx = pool_window(g.x, x);
  int32_t max = -128;
  for (size_t ky = wy.first; ky < wy.last; ++ky) {
    for (size_t kx = wx.first; kx < wx.last; ++kx) {
      const size_t iy = y * g.y.stride + ky * g.y.dilation - g.y.pad_begin;
      const size_t ix = x * g.x.stride + kx * g.x.dilation - g.x.pad_begin;
      const int32_t value = image[(iy * g.x.input + ix) * g.channels + c];
      max = value > max ? value : max;
    }
  }
  return max;
}

}  // namespace

void max_pool_s8_reference(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                           size_t last) {
  const Pool2D& g = pool.geometry;
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    for (size_t x = 0; x < g.x.output; ++x)
      for (size_t c = 0; c < g.channels; ++c)
        output[(row * g.x.output + x) * g.channels + c] = static_cast<int8_t>(
            clamp_s32(window_max(g, image, row % g.y.output, x, c), pool.output_min, pool.output_max));
  }
}

}  // namespace octet::kernels
