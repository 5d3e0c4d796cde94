// SPDX-License-Identifier: Apache-2.0
//
// Float convolution: tiles of 4 output pixels x 8 output channels over packed
// weights, and a plain channel loop for depthwise. See conv_f32.h.
//
// Packed: [groups][gemm_pack_f32 of OHWI rows, k = kh * kw * ic], then ic zeros
// that stand for pixels outside the input. Depthwise: [c bias][kh][kw][c].
#include "kernels/portable/conv_f32.h"

#include <algorithm>

#include "kernels/portable/gemm_f32.h"

namespace octet::kernels {
namespace {

// Output pixels that are taken through all output channels together, so that
// their inputs stay in cache while the weights stream by.
constexpr size_t kChunkPixels = 64;

struct Pixel {
  size_t n, y, x;
};

Pixel pixel_at(const ConvF32& conv, size_t index) {
  const size_t x = index % conv.output_width;
  const size_t row = index / conv.output_width;
  return {row / conv.output_height, row % conv.output_height, x};
}

// The input pixel under tap (ky, kx) of output pixel p, or null outside the input.
const float* tap_input(const ConvF32& conv, const float* input, const Pixel& p, size_t ky, size_t kx) {
  // Unsigned: a position above or left of the input wraps and fails the comparison.
  const size_t y = p.y * conv.stride_height + ky * conv.dilation_height - conv.pad_top;
  const size_t x = p.x * conv.stride_width + kx * conv.dilation_width - conv.pad_left;
  if (y >= conv.input_height || x >= conv.input_width) return nullptr;
  return input + ((p.n * conv.input_height + y) * conv.input_width + x) * conv.input_channels;
}

void conv_tile(const ConvF32& conv, const float* block, const float* zeros, const float* input,
               size_t channel_offset, size_t first, size_t count, size_t columns, float* output) {
  const size_t ic = conv.input_channels / conv.groups;
  Pixel pixels[kGemmRowsF32];
  for (size_t i = 0; i < kGemmRowsF32; ++i) pixels[i] = pixel_at(conv, first + std::min(i, count - 1));
  GemmTileF32 tile(block);
  const float* weights = block + kGemmColumnsF32;
  for (size_t ky = 0; ky < conv.kernel_height; ++ky) {
    for (size_t kx = 0; kx < conv.kernel_width; ++kx, weights += ic * kGemmColumnsF32) {
      const float* a[kGemmRowsF32];
      for (size_t i = 0; i < kGemmRowsF32; ++i) {
        const float* pixel = tap_input(conv, input, pixels[i], ky, kx);
        a[i] = pixel ? pixel + channel_offset : zeros;
      }
      tile.accumulate(a, weights, kGemmColumnsF32, ic);
    }
  }
  for (size_t i = 0; i < count; ++i)
    tile.store_row(i, columns, conv.output_min, conv.output_max, output + (first + i) * conv.output_channels);
}

void conv_chunk(const ConvF32& conv, const float* packed, const float* input, float* output, size_t first,
                size_t last) {
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  const size_t k = conv.kernel_height * conv.kernel_width * ic;
  const float* zeros = packed + conv.groups * gemm_packed_floats_f32(oc, k);
  const float* block = packed;
  for (size_t g = 0; g < conv.groups; ++g) {
    for (size_t o = 0; o < oc; o += kGemmColumnsF32, block += gemm_block_floats_f32(k)) {
      const size_t columns = std::min(kGemmColumnsF32, oc - o);
      for (size_t p = first; p < last; p += kGemmRowsF32)
        conv_tile(conv, block, zeros, input, g * ic, p, std::min(kGemmRowsF32, last - p), columns,
                  output + g * oc + o);
    }
  }
}

void depthwise_pixel(const ConvF32& conv, const float* packed, const float* input, const Pixel& pixel,
                     float* output) {
  const size_t channels = conv.input_channels;
  std::copy(packed, packed + channels, output);
  const float* weights = packed + channels;
  for (size_t ky = 0; ky < conv.kernel_height; ++ky) {
    for (size_t kx = 0; kx < conv.kernel_width; ++kx, weights += channels) {
      const float* in = tap_input(conv, input, pixel, ky, kx);
      if (!in) continue;
      for (size_t c = 0; c < channels; ++c) output[c] += in[c] * weights[c];
    }
  }
  const float low = conv.output_min, high = conv.output_max;
  for (size_t c = 0; c < channels; ++c)
    output[c] = output[c] < low ? low : output[c] > high ? high : output[c];
}

}  // namespace

size_t conv_f32_packed_bytes(const ConvF32& conv) {
  const size_t taps = conv.kernel_height * conv.kernel_width;
  if (conv.depthwise()) return (taps + 1) * conv.output_channels * sizeof(float);
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  return (conv.groups * gemm_packed_floats_f32(oc, taps * ic) + ic) * sizeof(float);
}

void conv_f32_pack(const ConvF32& conv, const float* weights, const float* bias, void* packed) {
  float* out = static_cast<float*>(packed);
  const size_t taps = conv.kernel_height * conv.kernel_width;
  if (conv.depthwise()) {
    const size_t channels = conv.output_channels;
    for (size_t c = 0; c < channels; ++c) {
      out[c] = bias ? bias[c] : 0.0f;
      for (size_t t = 0; t < taps; ++t) out[(t + 1) * channels + c] = weights[c * taps + t];
    }
    return;
  }
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  const size_t k = taps * ic;
  for (size_t g = 0; g < conv.groups; ++g) {
    gemm_pack_f32(weights + g * oc * k, bias ? bias + g * oc : nullptr, oc, k, out);
    out += gemm_packed_floats_f32(oc, k);
  }
  std::fill(out, out + ic, 0.0f);
}

void conv_f32(const ConvF32& conv, const void* packed, const float* input, float* output, size_t first,
              size_t last) {
  const float* weights = static_cast<const float*>(packed);
  if (conv.depthwise()) {
    for (size_t p = first; p < last; ++p)
      depthwise_pixel(conv, weights, input, pixel_at(conv, p), output + p * conv.output_channels);
    return;
  }
  for (size_t p = first; p < last; p += kChunkPixels)
    conv_chunk(conv, weights, input, output, p, std::min(p + kChunkPixels, last));
}

}  // namespace octet::kernels
