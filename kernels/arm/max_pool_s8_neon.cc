// SPDX-License-Identifier: Apache-2.0
//
// max_pool_s8 on NEON: 32, then 16 channels of a window at a time, the last 16 together with some of those
// before them; fewer than 16 channels in parts.
#include "kernels/arm/partial_neon.h"
#include "kernels/max_pool_s8.h"

namespace octet::kernels {
namespace {

struct Limits {
  int8x16_t low, high;
};

// The largest of each of the 16 * kVectors channels from c on, clamped. kSide: the window is kSide x kSide
// pixels; 0: as large as it is.
template <size_t kSide, size_t kVectors>
inline void pool_channels(const PoolPixels& w, size_t c, const Limits& limits, int8_t* output) {
  const size_t rows = kSide ? kSide : w.rows, columns = kSide ? kSide : w.columns;
  int8x16_t max[kVectors];
  for (size_t v = 0; v < kVectors; ++v) max[v] = limits.low;
#pragma GCC unroll 3
  for (size_t ky = 0; ky < rows; ++ky) {
    const int8_t* pixel = w.first + ky * w.row_stride + c;
#pragma GCC unroll 3
    for (size_t kx = 0; kx < columns; ++kx)
      for (size_t v = 0; v < kVectors; ++v)
        max[v] = vmaxq_s8(max[v], vld1q_s8(pixel + kx * w.column_stride + 16 * v));
  }
  for (size_t v = 0; v < kVectors; ++v) vst1q_s8(output + c + 16 * v, vminq_s8(max[v], limits.high));
}

// All of fewer than 16 channels.
inline void pool_few_channels(const PoolPixels& w, size_t channels, const Limits& limits, int8_t* output) {
  int8x16_t max = limits.low;
  for (size_t ky = 0; ky < w.rows; ++ky)
    for (size_t kx = 0; kx < w.columns; ++kx)
      max = vmaxq_s8(max, load_part_16(w.first + ky * w.row_stride + kx * w.column_stride, channels));
  store_part_16(output, vminq_s8(max, limits.high), channels);
}

// All of at least 16 channels of one output pixel.
template <size_t kSide>
inline void pool_pixel(const PoolPixels& w, size_t channels, const Limits& limits, int8_t* output) {
  size_t c = 0;
  for (; c + 32 <= channels; c += 32) pool_channels<kSide, 2>(w, c, limits, output);
  if (c + 16 <= channels) {
    pool_channels<kSide, 1>(w, c, limits, output);
    c += 16;
  }
  if (c < channels) pool_channels<kSide, 1>(w, channels - 16, limits, output);
}

}  // namespace

void max_pool_s8_neon(const MaxPoolS8& pool, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const Pool2D& g = pool.geometry;
  const Limits limits = {vdupq_n_s8(static_cast<int8_t>(pool.output_min)),
                         vdupq_n_s8(static_cast<int8_t>(pool.output_max))};
  for (size_t row = first; row < last; ++row) {
    const int8_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const size_t y = row % g.y.output;
    const PoolWindow wy = pool_window(g.y, y);
    for (size_t x = 0; x < g.x.output; ++x) {
      const PoolPixels w = pool_pixels(g, image, y, x, wy, pool_window(g.x, x));
      int8_t* pixel = output + (row * g.x.output + x) * g.channels;
      if (g.channels < 16) {
        pool_few_channels(w, g.channels, limits, pixel);
      } else if (w.rows == 3 && w.columns == 3) {
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
