// SPDX-License-Identifier: Apache-2.0
//
// requantize(sum over pixels of (value - input_zero_point)) for many channels: average pooling and sums over
// an axis. Sums of up to 255 pixels are in s16 (255 * 128 fits), then in s32; two pixels are added to each
// other first, so that the sum waits half as often. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/pool_2d.h"

namespace octet::kernels {
namespace {

// From sums to outputs. The zero point of the input and the rounding term are what a sum starts with.
struct SumRequantize {
  int32x4_t start;
  RequantizeEight eight;
  RequantizeRange range;

  SumRequantize(int32_t bias, int32_t multiplier, int32_t right_shift, const RequantizeRange& output_range)
      : start(vdupq_n_s32(static_cast<int32_t>(rounding_term(right_shift)) - bias)), range(output_range) {
    eight.shift[0] = eight.shift[1] = vdupq_n_s32(stored_shift(right_shift));
    eight.multiplier = vdupq_n_s16(static_cast<int16_t>(multiplier));
  }
  int8x16_t requantize(const int32x4_t* sums) const {
    return requantize_16(sums[0], sums[1], sums[2], sums[3], eight, eight, range);
  }
};

// Sixteen channels.
struct NarrowSum {
  int16x8_t low, high;

  void clear() { low = high = vdupq_n_s16(0); }
  void add(int8x16_t a) {
    low = vaddw_s8(low, vget_low_s8(a));
    high = vaddw_s8(high, vget_high_s8(a));
  }
  void add(int8x16_t a, int8x16_t b) {
    low = vaddq_s16(low, vaddl_s8(vget_low_s8(a), vget_low_s8(b)));
    high = vaddq_s16(high, vaddl_s8(vget_high_s8(a), vget_high_s8(b)));
  }
  void widen_into(int32x4_t* sums) const {
    sums[0] = vaddw_s16(sums[0], vget_low_s16(low));
    sums[1] = vaddw_s16(sums[1], vget_high_s16(low));
    sums[2] = vaddw_s16(sums[2], vget_low_s16(high));
    sums[3] = vaddw_s16(sums[3], vget_high_s16(high));
  }
};

// Up to 255 pixels, `rows` x `columns`, from `first`. Loads has load(from, v): vector v of a pixel.
template <size_t kVectors, class Loads>
inline void add_block(const PoolPixels& w, const int8_t* first, size_t rows, size_t columns,
                      const Loads& loads, int32x4_t (*sums)[4]) {
  NarrowSum narrow[kVectors];
  for (size_t v = 0; v < kVectors; ++v) narrow[v].clear();
  for (size_t ky = 0; ky < rows; ++ky, first += w.row_stride) {
    const int8_t* pixel = first;
    size_t kx = 0;
    for (; kx + 2 <= columns; kx += 2, pixel += 2 * w.column_stride)
      for (size_t v = 0; v < kVectors; ++v)
        narrow[v].add(loads.load(pixel, v), loads.load(pixel + w.column_stride, v));
    if (kx < columns)
      for (size_t v = 0; v < kVectors; ++v) narrow[v].add(loads.load(pixel, v));
  }
  for (size_t v = 0; v < kVectors; ++v) narrow[v].widen_into(sums[v]);
}

// All pixels of w, from channel c on.
template <size_t kVectors, class Loads>
inline void add_pixels(const PoolPixels& w, size_t c, const Loads& loads, int32x4_t (*sums)[4]) {
  const size_t columns = w.columns < 255 ? w.columns : 255, rows = 255 / columns;
  for (size_t y = 0; y < w.rows; y += rows)
    for (size_t x = 0; x < w.columns; x += columns)
      add_block<kVectors>(w, w.first + y * w.row_stride + x * w.column_stride + c,
                          w.rows - y < rows ? w.rows - y : rows,
                          w.columns - x < columns ? w.columns - x : columns, loads, sums);
}

struct WholeVectors {
  static int8x16_t load(const int8_t* from, size_t v) { return vld1q_s8(from + 16 * v); }
};

struct PartOfVector {
  size_t n;  // in [1, 15]
  int8x16_t load(const int8_t* from, size_t) const { return load_part_16(from, n); }
};

template <size_t kVectors, class Loads>
inline void sum_vectors(const PoolPixels& w, size_t c, const Loads& loads, const SumRequantize& r,
                        int8x16_t* q) {
  int32x4_t sums[kVectors][4];
  for (size_t v = 0; v < kVectors; ++v)
    for (int32x4_t& sum : sums[v]) sum = r.start;
  add_pixels<kVectors>(w, c, loads, sums);
  for (size_t v = 0; v < kVectors; ++v) q[v] = r.requantize(sums[v]);
}

// The outputs of channels [0, channels): 32, then 16 at a time, the last 16 together with some of those
// before them; fewer than 16 channels in parts.
__attribute__((noinline)) void sum_channels(const PoolPixels& w, size_t channels, const SumRequantize& r,
                                            int8_t* output) {
  int8x16_t q[2];
  if (channels < 16) {
    sum_vectors<1>(w, 0, PartOfVector{channels}, r, q);
    return store_part_16(output, q[0], channels);
  }
  for (size_t c = 0; c < channels;) {
    if (c + 32 <= channels) {
      sum_vectors<2>(w, c, WholeVectors(), r, q);
      vst1q_s8(output + c, q[0]);
      vst1q_s8(output + c + 16, q[1]);
      c += 32;
    } else {
      const size_t at = c + 16 <= channels ? c : channels - 16;
      sum_vectors<1>(w, at, WholeVectors(), r, q);
      vst1q_s8(output + at, q[0]);
      c = at + 16;
    }
  }
}

}  // namespace
}  // namespace octet::kernels
