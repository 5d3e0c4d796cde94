// SPDX-License-Identifier: Apache-2.0
//
// average_pool_s8 on NEON: sum_neon.h on each window.
#include "kernels/arm/sum_neon.h"
#include "kernels/average_pool_s8.h"

namespace octet::kernels {

void average_pool_s8_neon(const AveragePoolS8& pool, const int8_t* input, int8_t* output, size_t first,
                          size_t last) {
  const Pool2D& g = pool.geometry;
  const RequantizeRange range(pool.output_zero_point, pool.output_min, pool.output_max);
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % g.y.output;
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const PoolWindow wy = pool_window(g.y, y);
    for (size_t x = 0; x < g.x.output; ++x) {
      const PoolWindow wx = pool_window(g.x, x);
      const PoolPixels w = pool_pixels(g, image, y, x, wy, wx);
      const size_t entry =
          average_pool_entry(pool, pool.count_include_pad ? wy.padded * wx.padded : w.rows * w.columns);
      const int32_t bias = static_cast<int32_t>(w.rows * w.columns) * pool.input_zero_point;
      sum_channels(w, g.channels, SumRequantize(bias, pool.multiplier[entry], pool.right_shift[entry], range),
                   output + (row * g.x.output + x) * g.channels);
    }
  }
}

}  // namespace octet::kernels
