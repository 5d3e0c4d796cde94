// SPDX-License-Identifier: Apache-2.0
//
// average_pool_s8 on AVX2: 32 channels of a window at a time.
#include "kernels/average_pool_s8.h"
#include "kernels/x86/sum_avx2.h"

namespace octet::kernels {
namespace {

// `n` channels from channel c on.
inline void average(const PoolPixels& w, size_t c, size_t n, int32_t bias, const Requantizer& r,
                    const AveragePoolS8& pool, int8_t* output) {
  Sum32 sum;
  clear(&sum);
  for (size_t ky = 0; ky < w.rows; ++ky)
    for (size_t kx = 0; kx < w.columns; ++kx)
      add_row(&sum, w.first + ky * w.row_stride + kx * w.column_stride + c, n);
  const __m256i q =
      clamp_s8x32(requantize_sum(&sum, bias, r), _mm256_set1_epi8(static_cast<int8_t>(pool.output_min)),
                  _mm256_set1_epi8(static_cast<int8_t>(pool.output_max)));
  store_part_256(output + c, q, n);
}

}  // namespace

void average_pool_s8_avx2(const AveragePoolS8& pool, const int8_t* input, int8_t* output, size_t first,
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
      const Requantizer r =
          make_requantizer(pool.multiplier[entry], pool.right_shift[entry], pool.output_zero_point);
      const int32_t bias = static_cast<int32_t>(w.rows * w.columns) * pool.input_zero_point;
      int8_t* pixel = output + (row * g.x.output + x) * g.channels;
      for (size_t c = 0; c < g.channels; c += 32)
        average(w, c, g.channels - c < 32 ? g.channels - c : 32, bias, r, pool, pixel);
    }
  }
}

}  // namespace octet::kernels
