// SPDX-License-Identifier: Apache-2.0
//
// average_pool_s8 for any CPU: the sums of a block of channels together.
#include "kernels/average_pool_s8.h"

#include "kernels/portable/requantize_block.h"

namespace octet::kernels {
namespace {

constexpr size_t kBlock = 64;  // channels

// `n` channels from channel c on; bias = positions * input_zero_point.
void average(const PoolPixels& w, size_t c, size_t n, int32_t bias, const BlockRequantize& r,
             int8_t* output) {
  int32_t acc[kBlock];
  for (size_t i = 0; i < n; ++i) acc[i] = -bias;
  for (size_t ky = 0; ky < w.rows; ++ky) {
    for (size_t kx = 0; kx < w.columns; ++kx) {
      const int8_t* pixel = w.first + ky * w.row_stride + kx * w.column_stride + c;
      for (size_t i = 0; i < n; ++i) acc[i] += pixel[i];
    }
  }
  requantize_block(acc, n, r, output + c);
}

}  // namespace

void average_pool_s8_portable(const AveragePoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                              size_t last) {
  const Pool2D& g = pool.geometry;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % g.y.output;
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const PoolWindow wy = pool_window(g.y, y);
    for (size_t x = 0; x < g.x.output; ++x) {
      const PoolWindow wx = pool_window(g.x, x);
      const PoolPixels w = pool_pixels(g, image, y, x, wy, wx);
      const size_t entry =
          average_pool_entry(pool, pool.count_include_pad ? wy.padded * wx.padded : w.rows * w.columns);
      const BlockRequantize r = {pool.multiplier[entry], pool.right_shift[entry], pool.output_zero_point,
                                 pool.output_min, pool.output_max};
      const int32_t bias = static_cast<int32_t>(w.rows * w.columns) * pool.input_zero_point;
      int8_t* pixel = output + (row * g.x.output + x) * g.channels;
      for (size_t c = 0; c < g.channels; c += kBlock)
        average(w, c, g.channels - c < kBlock ? g.channels - c : kBlock, bias, r, pixel);
    }
  }
}

}  // namespace octet::kernels
