// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on AVX512-VNNI.
//
// For every output pixel the addresses of its taps are collected, a pixel of
// input_zero_point standing in for those outside; four taps at a time are
// interleaved into quads per channel. Missing taps of the last quad are the
// padding pixel with a weight of zero.
// conv_s8_depthwise_avx512.h describes blocks and vectors.
//
// Weights of a block: [quad of taps][quad vector j] vectors.
#include "kernels/x86/conv_s8_depthwise_avx512.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS8& c) { return is_depthwise(c) && c.input_channels >= 16; }

size_t tap_quads(const ConvS8& c) { return (c.kernel_height * c.kernel_width + 3) / 4; }
size_t block_bytes(const ConvS8& c, size_t width) { return block_header_bytes(width) + tap_quads(c) * 4 * width; }

size_t packed_bytes(const ConvS8& c) {
  return for_each_block(c.input_channels, [&](size_t width) { return block_bytes(c, width); }, [](const Block&) {});
}

void pack_block(const ConvS8& c, const Block& block, uint8_t* to) {
  pack_block_header(c, block, to);
  auto* weights = reinterpret_cast<int8_t*>(to + block_header_bytes(block.width));
  const size_t taps = c.kernel_height * c.kernel_width;
  for (size_t quad = 0; quad < tap_quads(c); ++quad)
    for (size_t i = 0; i < block.width; ++i)
      for (size_t t = 4 * quad; t < 4 * quad + 4; ++t)
        *weights++ = t < taps ? c.weights[(block.first + channel_at(block.width, i)) * taps + t] : int8_t{0};
}

void pack(const ConvS8& c, void* packed) {
  for_each_block(c.input_channels, [&](size_t width) { return block_bytes(c, width); },
                 [&](const Block& block) { pack_block(c, block, static_cast<uint8_t*>(packed) + block.offset); });
}

// The addresses of a row of outputs' taps, then the padding pixel.
size_t row_taps(const ConvS8& c) { return c.output_width * tap_quads(c) * 4; }
size_t scratch_bytes(const ConvS8& c) { return row_taps(c) * sizeof(const int8_t*) + c.input_channels + 64; }

size_t items(const ConvS8& c) { return c.batch * c.output_height; }

// A row of outputs, one block of channels.
template <class V, bool kLeft>
void run_block(const ConvS8& c, const int8_t* const* taps, const uint8_t* block, size_t channel, int8_t* out,
               size_t pixel_stride) {
  constexpr size_t kBytes = sizeof(V);
  const Common<V> common(c);
  const size_t quads = tap_quads(c);
  for (size_t x = 0; x < c.output_width; ++x, out += pixel_stride) {
    V acc[4] = {load<V>(block), load<V>(block + kBytes), load<V>(block + 2 * kBytes), load<V>(block + 3 * kBytes)};
    const uint8_t* weights = block + block_header_bytes(kBytes);
    for (size_t i = 0; i < quads; ++i, taps += 4, weights += 4 * kBytes) {
      V data[4];
      interleave(flip(load<V>(taps[0] + channel)), flip(load<V>(taps[1] + channel)),
                 flip(load<V>(taps[2] + channel)), flip(load<V>(taps[3] + channel)), data);
#pragma GCC unroll 4
      for (size_t j = 0; j < 4; ++j) acc[j] = dot(acc[j], data[j], load<V>(weights + j * kBytes));
    }
    const V low = requantize_half<V, kLeft>(acc[0], acc[1], block, 0, common);
    const V high = requantize_half<V, kLeft>(acc[2], acc[3], block, 1, common);
    store(out + channel, clamp(pack16(low, high), common.min, common.max));
  }
}

template <class V>
void run_row(const ConvS8& c, const int8_t* const* taps, const uint8_t* block, size_t channel, int8_t* out,
             size_t pixel_stride) {
  has_left_shift(block, sizeof(V)) ? run_block<V, true>(c, taps, block, channel, out, pixel_stride)
                                   : run_block<V, false>(c, taps, block, channel, out, pixel_stride);
}

// The addresses of the taps of the outputs of row (n, y).
void find_taps(const ConvS8& c, const int8_t* input, size_t n, size_t y, const int8_t* padding, const int8_t** taps) {
  const size_t count = c.kernel_height * c.kernel_width;
  for (size_t x = 0; x < c.output_width; ++x) {
    for (size_t ky = 0; ky < c.kernel_height; ++ky) {
      const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
      const int8_t* row = input + (n * c.input_height + in_y) * c.input_width * c.input_channels;
      size_t in_x = x * c.stride_width - c.pad_left;
      for (size_t kx = 0; kx < c.kernel_width; ++kx, in_x += c.dilation_width)
        *taps++ = in_y < c.input_height && in_x < c.input_width ? row + in_x * c.input_channels : padding;
    }
    for (size_t t = count; t % 4 != 0; ++t) *taps++ = padding;
  }
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  auto** taps = static_cast<const int8_t**>(scratch);
  auto* padding = reinterpret_cast<int8_t*>(taps + row_taps(c));
  std::memset(padding, c.input_zero_point, c.input_channels);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    int8_t* row = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    find_taps(c, input, n, y, padding, taps);
    for_each_block(c.input_channels, [&](size_t width) { return block_bytes(c, width); }, [&](const Block& block) {
      const uint8_t* at = static_cast<const uint8_t*>(packed) + block.offset;
      switch (block.width) {
        case 64: run_row<__m512i>(c, taps, at, block.first, row, strides.pixel); break;
        case 32: run_row<__m256i>(c, taps, at, block.first, row, strides.pixel); break;
        default: run_row<__m128i>(c, taps, at, block.first, row, strides.pixel); break;
      }
    });
    depthwise_apply_table(c, row, strides.pixel);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_avx512vnni_kernel;
const ConvS8Kernel conv_s8_depthwise_avx512vnni_kernel = {
    "conv_s8_depthwise_avx512vnni", kAvx512Vnni, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
