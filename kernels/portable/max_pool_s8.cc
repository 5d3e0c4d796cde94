// SPDX-License-Identifier: Apache-2.0
//
// max_pool_s8 for any CPU: all channels of a pixel together.
#include "kernels/max_pool_s8.h"

#include <cstring>

#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

void maximum(const int8_t* pixel, int8_t* __restrict max, size_t channels) {
  for (size_t c = 0; c < channels; ++c) max[c] = pixel[c] > max[c] ? pixel[c] : max[c];
}

// The window of output (y, x) into `max`.
void window_max(const Pool2D& g, const int8_t* image, size_t y, size_t x, int8_t* max) {
  const PoolWindow wy = pool_window(g.y, y), wx = pool_window(g.x, x);
  const size_t iy = y * g.y.stride + wy.first * g.y.dilation - g.y.pad_begin;
  const size_t ix = x * g.x.stride + wx.first * g.x.dilation - g.x.pad_begin;
  const int8_t* row = image + (iy * g.x.input + ix) * g.channels;
  std::memcpy(max, row, g.channels);
  for (size_t ky = wy.first; ky < wy.last; ++ky, row += g.y.dilation * g.x.input * g.channels) {
    const int8_t* pixel = row;
    for (size_t kx = wx.first; kx < wx.last; ++kx, pixel += g.x.dilation * g.channels)
      maximum(pixel, max, g.channels);
  }
}

}  // namespace

void max_pool_s8_portable(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                          size_t last) {
  const Pool2D& g = pool.geometry;
  const int32_t low = pool.output_min, high = pool.output_max;
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    int8_t* pixel = output + row * g.x.output * g.channels;
    for (size_t x = 0; x < g.x.output; ++x) window_max(g, image, row % g.y.output, x, pixel + x * g.channels);
    if (low == -128 && high == 127) continue;
    for (size_t i = 0; i < g.x.output * g.channels; ++i)
      pixel[i] = static_cast<int8_t>(clamp_s32(pixel[i], low, high));
  }
}

}  // namespace octet::kernels
