// SPDX-License-Identifier: Apache-2.0
//
// Float transposed convolution, gathered by output: output pixels of one row
// whose x agree modulo the stride share their taps, so they form the tiles. See
// conv_f32.h. Packed as conv_f32, without the depthwise form.
#include <algorithm>

#include "kernels/portable/conv_f32.h"
#include "kernels/portable/gemm_f32.h"

namespace octet::kernels {
namespace {

// Up to 4 output pixels of row (n, y): x = first_x + i * stride_width.
struct RowTile {
  size_t n, y, first_x, count;
};

// If `position + pad - tap * dilation` is a multiple of stride, sets *input to the quotient (which
// may lie outside the input) and returns true.
bool tap_position(size_t position, size_t pad, size_t tap, size_t dilation, size_t stride, ptrdiff_t* input) {
  const ptrdiff_t at = static_cast<ptrdiff_t>(position + pad) - static_cast<ptrdiff_t>(tap * dilation);
  if (at % static_cast<ptrdiff_t>(stride) != 0) return false;
  *input = at / static_cast<ptrdiff_t>(stride);
  return true;
}

void transpose_tile(const ConvF32& conv, const float* block, const float* zeros, const float* input,
                    const RowTile& row, size_t columns, float* output) {
  const size_t ic = conv.input_channels / conv.groups;
  GemmTileF32 tile(block);
  const float* weights = block + kGemmColumnsF32;
  for (size_t ky = 0; ky < conv.kernel_height; ++ky) {
    ptrdiff_t iy;
    const bool row_hit =
        tap_position(row.y, conv.pad_top, ky, conv.dilation_height, conv.stride_height, &iy) &&
        static_cast<size_t>(iy) < conv.input_height;
    for (size_t kx = 0; kx < conv.kernel_width; ++kx, weights += ic * kGemmColumnsF32) {
      ptrdiff_t ix;
      if (!row_hit ||
          !tap_position(row.first_x, conv.pad_left, kx, conv.dilation_width, conv.stride_width, &ix))
        continue;
      const float* in = input + (row.n * conv.input_height + static_cast<size_t>(iy)) * conv.input_width *
                                    conv.input_channels;
      const float* a[kGemmRowsF32];
      for (size_t i = 0; i < kGemmRowsF32; ++i) {
        const size_t x = static_cast<size_t>(ix) + i;
        a[i] = i < row.count && x < conv.input_width ? in + x * conv.input_channels : zeros;
      }
      tile.accumulate(a, weights, kGemmColumnsF32, ic);
    }
  }
  const size_t row_start = (row.n * conv.output_height + row.y) * conv.output_width;
  for (size_t i = 0; i < row.count; ++i)
    tile.store_row(i, columns, conv.output_min, conv.output_max,
                   output + (row_start + row.first_x + i * conv.stride_width) * conv.output_channels);
}

// All tiles of output row (n, y) for one block of 8 output channels.
void transpose_row(const ConvF32& conv, const float* block, const float* zeros, const float* input, size_t n,
                   size_t y, size_t columns, float* output) {
  const size_t step = conv.stride_width;
  for (size_t residue = 0; residue < std::min(step, conv.output_width); ++residue) {
    for (size_t x = residue; x < conv.output_width; x += kGemmRowsF32 * step) {
      const size_t left = (conv.output_width - x + step - 1) / step;
      transpose_tile(conv, block, zeros, input, {n, y, x, std::min(kGemmRowsF32, left)}, columns, output);
    }
  }
}

}  // namespace

size_t conv_transpose_f32_packed_bytes(const ConvF32& conv) {
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  const size_t k = conv.kernel_height * conv.kernel_width * ic;
  return (conv.groups * gemm_packed_floats_f32(oc, k) + ic) * sizeof(float);
}

void conv_transpose_f32_pack(const ConvF32& conv, const float* weights, const float* bias, void* packed) {
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  const size_t k = conv.kernel_height * conv.kernel_width * ic;
  float* out = static_cast<float*>(packed);
  for (size_t g = 0; g < conv.groups; ++g) {
    gemm_pack_f32(weights + g * oc * k, bias ? bias + g * oc : nullptr, oc, k, out);
    out += gemm_packed_floats_f32(oc, k);
  }
  std::fill(out, out + ic, 0.0f);
}

void conv_transpose_f32(const ConvF32& conv, const void* packed, const float* input, float* output,
                        size_t first, size_t last) {
  const size_t ic = conv.input_channels / conv.groups, oc = conv.output_channels / conv.groups;
  const size_t k = conv.kernel_height * conv.kernel_width * ic;
  const float* start = static_cast<const float*>(packed);
  const float* zeros = start + conv.groups * gemm_packed_floats_f32(oc, k);
  for (size_t row = first; row < last; ++row) {
    const size_t n = row / conv.output_height, y = row % conv.output_height;
    const float* block = start;
    for (size_t g = 0; g < conv.groups; ++g)
      for (size_t o = 0; o < oc; o += kGemmColumnsF32, block += gemm_block_floats_f32(k))
        transpose_row(conv, block, zeros, input + g * ic, n, y, std::min(kGemmColumnsF32, oc - o),
                      output + g * oc + o);
  }
}

}  // namespace octet::kernels
