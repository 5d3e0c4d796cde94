// SPDX-License-Identifier: Apache-2.0
//
// See pool_f32.h.
#include "kernels/portable/pool_f32.h"

#include <algorithm>
#include <limits>

namespace octet::kernels {
namespace {

// The taps of one window along one axis: [first, last) lie inside the input, `padded`
// of them inside the padded input; tap k reads position start + k * dilation.
struct Taps {
  size_t first, last, padded;
  ptrdiff_t start;
};

Taps window_taps(size_t output, size_t stride, size_t pad_before, size_t pad_after, size_t dilation,
                 size_t kernel, size_t input) {
  Taps taps{kernel, 0, 0, static_cast<ptrdiff_t>(output * stride) - static_cast<ptrdiff_t>(pad_before)};
  for (size_t k = 0; k < kernel; ++k) {
    const ptrdiff_t at = taps.start + static_cast<ptrdiff_t>(k * dilation);
    if (at < static_cast<ptrdiff_t>(input + pad_after)) ++taps.padded;
    if (at < 0 || at >= static_cast<ptrdiff_t>(input)) continue;
    taps.first = std::min(taps.first, k);
    taps.last = k + 1;
  }
  return taps;
}

struct Window {
  size_t n;
  Taps y, x;
};

Window window_at(const PoolF32& p, size_t index) {
  const size_t x = index % p.output_width, row = index / p.output_width;
  return {row / p.output_height,
          window_taps(row % p.output_height, p.stride_height, p.pad_top, p.pad_bottom, p.dilation_height,
                      p.kernel_height, p.input_height),
          window_taps(x, p.stride_width, p.pad_left, p.pad_right, p.dilation_width, p.kernel_width,
                      p.input_width)};
}

// Calls f(pixel) with the channels of every input pixel in the window.
template <class F>
void for_each_pixel(const PoolF32& p, const Window& w, const float* input, const F& f) {
  for (size_t ky = w.y.first; ky < w.y.last; ++ky) {
    const size_t y = static_cast<size_t>(w.y.start + static_cast<ptrdiff_t>(ky * p.dilation_height));
    for (size_t kx = w.x.first; kx < w.x.last; ++kx) {
      const size_t x = static_cast<size_t>(w.x.start + static_cast<ptrdiff_t>(kx * p.dilation_width));
      f(input + ((w.n * p.input_height + y) * p.input_width + x) * p.channels);
    }
  }
}

void clamp_row(const PoolF32& p, float* out) {
  for (size_t c = 0; c < p.channels; ++c)
    out[c] = out[c] < p.output_min ? p.output_min : out[c] > p.output_max ? p.output_max : out[c];
}

}  // namespace

void average_pool_f32(const PoolF32& pool, const float* input, float* output, size_t first, size_t last) {
  const size_t channels = pool.channels;
  for (size_t index = first; index < last; ++index) {
    const Window window = window_at(pool, index);
    float* out = output + index * channels;
    std::fill(out, out + channels, 0.0f);
    size_t inside = 0;
    for_each_pixel(pool, window, input, [&](const float* pixel) {
      ++inside;
      for (size_t c = 0; c < channels; ++c) out[c] += pixel[c];
    });
    const size_t count = pool.count_include_pad ? window.y.padded * window.x.padded : inside;
    const float divisor = static_cast<float>(std::max<size_t>(count, 1));
    for (size_t c = 0; c < channels; ++c) out[c] /= divisor;
    clamp_row(pool, out);
  }
}

void max_pool_f32(const PoolF32& pool, const float* input, float* output, size_t first, size_t last) {
  const size_t channels = pool.channels;
  for (size_t index = first; index < last; ++index) {
    float* out = output + index * channels;
    std::fill(out, out + channels, -std::numeric_limits<float>::infinity());
    for_each_pixel(pool, window_at(pool, index), input, [&](const float* pixel) {
      // False on NaN, which is then taken and kept.
      for (size_t c = 0; c < channels; ++c)
        out[c] = pixel[c] <= out[c] || out[c] != out[c] ? out[c] : pixel[c];
    });
    clamp_row(pool, out);
  }
}

}  // namespace octet::kernels
