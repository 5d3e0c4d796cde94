// SPDX-License-Identifier: Apache-2.0
//
// The kernels of pool_s16.h.
#include "kernels/pool_s16.h"

#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

constexpr size_t kBlock = 64;  // channels

// requantize to either type.
struct Requantize {
  bool s16;
  int32_t multiplier, right_shift, zero_point, min, max;

  void store(uint32_t sum, void* output, size_t at) const {
    const auto acc = static_cast<int32_t>(sum);
    if (s16)
      static_cast<int16_t*>(output)[at] = requantize_s16(acc, multiplier, right_shift, min, max);
    else
      static_cast<int8_t*>(output)[at] = requantize(acc, multiplier, right_shift, zero_point, min, max);
  }
};

// sums[i] += pixel[i] - zero_point.
template <class T>
void add_pixel(const T* pixel, size_t n, int32_t zero_point, uint32_t* sums) {
  for (size_t i = 0; i < n; ++i) sums[i] += static_cast<uint32_t>(pixel[i] - zero_point);
}

// The first position of output (y, x)'s window in an image, counted in pixels.
size_t window_start(const Pool2D& g, size_t y, size_t x, const PoolWindow& wy, const PoolWindow& wx) {
  const size_t iy = y * g.y.stride + wy.first * g.y.dilation - g.y.pad_begin;
  return iy * g.x.input + x * g.x.stride + wx.first * g.x.dilation - g.x.pad_begin;
}

template <class T>
void average_rows(const AveragePoolS16& average, const T* input, void* output, size_t first, size_t last) {
  const AveragePoolS8& pool = average.pool;
  const Pool2D& g = pool.geometry;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % g.y.output;
    const T* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    const PoolWindow wy = pool_window(g.y, y);
    for (size_t x = 0; x < g.x.output; ++x) {
      const PoolWindow wx = pool_window(g.x, x);
      const size_t rows = wy.last - wy.first, columns = wx.last - wx.first;
      const size_t entry =
          average_pool_entry(pool, pool.count_include_pad ? wy.padded * wx.padded : rows * columns);
      const Requantize requantize = {average.types.output_s16, pool.multiplier[entry],
                                     pool.right_shift[entry],  pool.output_zero_point,
                                     pool.output_min,          pool.output_max};
      const T* window = image + window_start(g, y, x, wy, wx) * g.channels;
      for (size_t c = 0; c < g.channels; c += kBlock) {
        const size_t n = g.channels - c < kBlock ? g.channels - c : kBlock;
        uint32_t sums[kBlock] = {};
        for (size_t ky = 0; ky < rows; ++ky)
          for (size_t kx = 0; kx < columns; ++kx)
            add_pixel(window + (ky * g.y.dilation * g.x.input + kx * g.x.dilation) * g.channels + c, n,
                      pool.input_zero_point, sums);
        for (size_t i = 0; i < n; ++i)
          requantize.store(sums[i], output, (row * g.x.output + x) * g.channels + c + i);
      }
    }
  }
}

template <class T>
void sum_columns(const ReduceS16& r, const T* input, void* output, size_t first, size_t last) {
  const ReduceS8& reduce = r.reduce;
  const Requantize requantize = {r.types.output_s16,       reduce.multiplier, reduce.right_shift,
                                 reduce.output_zero_point, reduce.output_min, reduce.output_max};
  for (size_t item = first; item < last;) {
    const size_t c = item % reduce.inner;
    const T* column = input + item / reduce.inner * reduce.reduced * reduce.inner + c;
    size_t n = reduce.inner - c < last - item ? reduce.inner - c : last - item;
    n = n < kBlock ? n : kBlock;
    uint32_t sums[kBlock] = {};
    for (size_t k = 0; k < reduce.reduced; ++k, column += reduce.inner)
      add_pixel(column, n, reduce.input_zero_point, sums);
    for (size_t i = 0; i < n; ++i) requantize.store(sums[i], output, item + i);
    item += n;
  }
}

// The larger, or the smaller.
inline int16_t extreme(bool max, int16_t a, int16_t b) { return max == (b > a) ? b : a; }

void extreme_columns(const ReduceS8& reduce, const int16_t* input, int16_t* output, size_t first,
                     size_t last) {
  const bool max = reduce.kind == ReduceKindS8::kMax;
  for (size_t item = first; item < last; ++item) {
    const int16_t* column = input + item / reduce.inner * reduce.reduced * reduce.inner + item % reduce.inner;
    int16_t found = column[0];
    for (size_t k = 1; k < reduce.reduced; ++k) found = extreme(max, found, column[k * reduce.inner]);
    output[item] = found;
  }
}

// The largest of a window, channel by channel.
void window_max(const Pool2D& g, const int16_t* image, size_t y, size_t x, int16_t* output) {
  const PoolWindow wy = pool_window(g.y, y), wx = pool_window(g.x, x);
  const int16_t* window = image + window_start(g, y, x, wy, wx) * g.channels;
  for (size_t c = 0; c < g.channels; ++c) output[c] = window[c];
  for (size_t ky = 0; ky < wy.last - wy.first; ++ky)
    for (size_t kx = 0; kx < wx.last - wx.first; ++kx) {
      const int16_t* pixel = window + (ky * g.y.dilation * g.x.input + kx * g.x.dilation) * g.channels;
      for (size_t c = 0; c < g.channels; ++c) output[c] = extreme(true, output[c], pixel[c]);
    }
}

}  // namespace

void average_pool_s16(const AveragePoolS16& pool, const void* input, void* output, size_t first,
                      size_t last) {
  if (pool.types.input_s16)
    average_rows(pool, static_cast<const int16_t*>(input), output, first, last);
  else
    average_rows(pool, static_cast<const int8_t*>(input), output, first, last);
}

void max_pool_s16(const MaxPoolS8& pool, const int16_t* input, int16_t* output, size_t first, size_t last) {
  const Pool2D& g = pool.geometry;
  for (size_t row = first; row < last; ++row) {
    const int16_t* image = input + row / g.y.output * g.y.input * g.x.input * g.channels;
    int16_t* pixel = output + row * g.x.output * g.channels;
    for (size_t x = 0; x < g.x.output; ++x, pixel += g.channels) {
      window_max(g, image, row % g.y.output, x, pixel);
      for (size_t c = 0; c < g.channels; ++c)
        pixel[c] = static_cast<int16_t>(clamp_s32(pixel[c], pool.output_min, pool.output_max));
    }
  }
}

void reduce_s16(const ReduceS16& reduce, const void* input, void* output, size_t first, size_t last) {
  if (reduce.reduce.kind != ReduceKindS8::kSum)
    extreme_columns(reduce.reduce, static_cast<const int16_t*>(input), static_cast<int16_t*>(output), first,
                    last);
  else if (reduce.types.input_s16)
    sum_columns(reduce, static_cast<const int16_t*>(input), output, first, last);
  else
    sum_columns(reduce, static_cast<const int8_t*>(input), output, first, last);
}

}  // namespace octet::kernels
