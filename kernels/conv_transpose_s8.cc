// SPDX-License-Identifier: Apache-2.0
//
// The phases of conv_transpose_s8. Along one axis with stride s, dilation d,
// pad p and phase f, output i * s + f meets tap k when s divides f + p - k * d.
// The smallest such tap is `first`; the others follow every s/g taps, g = gcd(s, d).
// Tap first + t * s/g reads input
//
//   i + base - t * d/g,   base = (f + p - first * d) / s
//
// so, with the taps reversed, the phase is a convolution of stride 1 and
// dilation d/g that starts at input i + base - (taps - 1) * d/g. Where that start
// lies behind i, zero taps in front make the pad non-negative. A phase that meets
// no tap keeps one zero tap, so that it still writes its bias.
#include "kernels/conv_transpose_s8.h"

#include <cstring>
#include <numeric>

namespace octet::kernels {
namespace {

struct AxisPhase {
  size_t first, step, taps;  // taps met: first + t * step
  size_t zero_taps;          // in front of them
  size_t dilation, pad;
  size_t output;  // outputs of this phase
  size_t kernel() const { return zero_taps + taps; }
};

AxisPhase axis_phase(size_t phase, size_t kernel, size_t stride, size_t dilation, size_t pad, size_t output) {
  const size_t g = std::gcd(stride, dilation);
  AxisPhase a = {};
  a.step = stride / g;
  a.dilation = dilation / g;
  a.output = (output - phase + stride - 1) / stride;
  const auto shift = static_cast<int64_t>(phase + pad);
  const auto s = static_cast<int64_t>(stride), d = static_cast<int64_t>(dilation);
  while (a.first < kernel && (shift - static_cast<int64_t>(a.first) * d) % s != 0) ++a.first;
  if (a.first == kernel) {
    a.zero_taps = 1;
    return a;
  }
  a.taps = (kernel - a.first + a.step - 1) / a.step;
  const int64_t base = (shift - static_cast<int64_t>(a.first) * d) / s;
  const int64_t start = base - static_cast<int64_t>((a.taps - 1) * a.dilation);
  if (start > 0) a.zero_taps = (static_cast<size_t>(start) + a.dilation - 1) / a.dilation;
  a.pad = static_cast<size_t>(static_cast<int64_t>(a.zero_taps * a.dilation) - start);
  return a;
}

struct Phase {
  AxisPhase y, x;
  size_t phase_y, phase_x;
};

size_t phases_across(const ConvS8& t) {
  return t.stride_width < t.output_width ? t.stride_width : t.output_width;
}

Phase find_phase(const ConvS8& t, size_t index) {
  Phase p;
  p.phase_y = index / phases_across(t);
  p.phase_x = index % phases_across(t);
  p.y =
      axis_phase(p.phase_y, t.kernel_height, t.stride_height, t.dilation_height, t.pad_top, t.output_height);
  p.x = axis_phase(p.phase_x, t.kernel_width, t.stride_width, t.dilation_width, t.pad_left, t.output_width);
  return p;
}

}  // namespace

size_t conv_transpose_s8_phase_count(const ConvS8& t) {
  return (t.stride_height < t.output_height ? t.stride_height : t.output_height) * phases_across(t);
}

ConvTransposeS8Phase conv_transpose_s8_phase(const ConvS8& t, size_t index) {
  const Phase p = find_phase(t, index);
  ConvTransposeS8Phase result = {t, (p.phase_y * t.output_width + p.phase_x) * t.output_channels, 0};
  ConvS8& c = result.conv;
  c.weights = nullptr;
  c.kernel_height = p.y.kernel();
  c.kernel_width = p.x.kernel();
  c.stride_height = c.stride_width = 1;
  c.dilation_height = p.y.dilation;
  c.dilation_width = p.x.dilation;
  c.pad_top = p.y.pad;
  c.pad_left = p.x.pad;
  c.output_height = p.y.output;
  c.output_width = p.x.output;
  c.output_pixel_stride = t.stride_width * t.output_channels;
  c.output_row_stride = t.stride_height * t.output_width * t.output_channels;
  c.output_batch_stride = t.output_height * t.output_width * t.output_channels;
  result.weights_bytes = t.output_channels * c.kernel_height * c.kernel_width * (t.input_channels / t.groups);
  return result;
}

void conv_transpose_s8_phase_weights(const ConvS8& t, size_t index, int8_t* weights) {
  const Phase p = find_phase(t, index);
  const size_t channels = t.input_channels / t.groups;
  const size_t kernel = p.y.kernel() * p.x.kernel();
  std::memset(weights, 0, t.output_channels * kernel * channels);
  for (size_t o = 0; o < t.output_channels; ++o)
    for (size_t ty = 0; ty < p.y.taps; ++ty)
      for (size_t tx = 0; tx < p.x.taps; ++tx) {
        const size_t ky = p.y.first + ty * p.y.step, kx = p.x.first + tx * p.x.step;
        const size_t row = p.y.kernel() - 1 - ty, column = p.x.kernel() - 1 - tx;
        std::memcpy(weights + (o * kernel + row * p.x.kernel() + column) * channels,
                    t.weights + ((o * t.kernel_height + ky) * t.kernel_width + kx) * channels, channels);
      }
}

}  // namespace octet::kernels
