// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on AVX2.
//
// For every output pixel the addresses of its taps are collected, a pixel of
// input_zero_point standing in for those outside. Then, 16 channels at a time,
// two taps are interleaved per channel, widened to s16, and pmaddwd with a pair of
// weights adds both: sums of two products of s16 cannot saturate in s32. An odd
// number of taps ends with the padding pixel and a weight of zero.
//
// With fewer than 16 channels, blocks are 8 wide. A packed block of W channels:
//   s32 bias[W], right_shift[W], left_shift[W]
//   s16 multiplier[16]: 0-3 8-11 4-7 12-15, or 0-3 0-3 4-7 4-7 for W = 8
//   s32 has_left_shift, padded to 32 bytes
//   s16 weights[pair][W][2]
#include <immintrin.h>

#include <cstring>

#include "kernels/x86/conv_s8_depthwise.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

size_t block_width(const ConvS8& c) { return c.input_channels >= 16 ? 16 : 8; }
size_t tap_pairs(const ConvS8& c) { return (c.kernel_height * c.kernel_width + 1) / 2; }
constexpr size_t header_bytes(size_t width) { return 12 * width + 64; }
size_t block_bytes(const ConvS8& c, size_t width) { return header_bytes(width) + tap_pairs(c) * width * 4; }

bool supports(const ConvS8& c) { return is_depthwise(c); }

size_t packed_bytes(const ConvS8& c) {
  return depthwise_blocks(c.input_channels, block_width(c)) * block_bytes(c, block_width(c));
}

// Where channel i of the block has its multipliers, or -1: in two places for W = 8.
void pack_multiplier(size_t width, size_t i, int16_t value, int16_t* to) {
  const size_t lane = i / 4 % 2 * 8 + i % 4;
  if (width == 16) {
    to[lane + i / 8 * 4] = value;
  } else {
    to[lane] = to[lane + 4] = value;
  }
}

void pack_channel(const ConvS8& c, size_t o, size_t width, size_t i, uint8_t* block) {
  const DepthwiseChannel channel = depthwise_channel(c, o);
  auto* words = reinterpret_cast<int32_t*>(block);
  words[i] = static_cast<int32_t>(channel.bias);
  words[width + i] = channel.right;
  words[2 * width + i] = channel.left;
  auto* multiplier = reinterpret_cast<int16_t*>(words + 3 * width);
  pack_multiplier(width, i, c.multiplier[o], multiplier);
  if (channel.left) std::memset(multiplier + 16, 1, 1);
  auto* weights = reinterpret_cast<int16_t*>(block + header_bytes(width));
  const size_t taps = c.kernel_height * c.kernel_width;
  for (size_t t = 0; t < 2 * tap_pairs(c); ++t)
    weights[(t / 2 * width + i) * 2 + t % 2] = t < taps ? depthwise_weight(c, channel, o, t) : int16_t{0};
}

void pack(const ConvS8& c, void* packed) {
  const size_t width = block_width(c), bytes = block_bytes(c, width);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, width); ++b) {
    uint8_t* block = static_cast<uint8_t*>(packed) + b * bytes;
    std::memset(block, 0, header_bytes(width));
    for (size_t i = 0; i < width; ++i)
      pack_channel(c, depthwise_first_channel(c.input_channels, width, b) + i, width, i, block);
  }
}

// The addresses of the taps, then the padding pixel.
size_t taps_bytes(const ConvS8& c) { return 2 * tap_pairs(c) * sizeof(const int8_t*); }
size_t scratch_bytes(const ConvS8& c) { return taps_bytes(c) + c.input_channels + 64; }

size_t items(const ConvS8& c) { return c.batch * c.output_height; }

struct Common {
  __m256i zero_point;
  __m128i min, max;
  size_t pairs;
};

inline __m128i load_bytes(const int8_t* from, size_t width) {
  const auto* vector = reinterpret_cast<const __m128i*>(from);
  return width == 16 ? _mm_loadu_si128(vector) : _mm_loadl_epi64(vector);
}

inline __m256i shift_right(__m256i acc, const uint8_t* block, size_t width, size_t half) {
  int32_t has_left;
  std::memcpy(&has_left, block + 12 * width + 32, sizeof(has_left));
  if (has_left) acc = shift_left(acc, load(block + 8 * width + 32 * half));
  return _mm256_srav_epi32(acc, load(block + 4 * width + 32 * half));
}

// One output pixel, one block.
template <size_t kWidth>
inline void run_block(const int8_t* const* taps, size_t channel, const uint8_t* block, const Common& common,
                      int8_t* out) {
  __m256i low = load(block), high = kWidth == 16 ? load(block + 32) : low;
  const uint8_t* weights = block + header_bytes(kWidth);
  for (size_t i = 0; i < common.pairs; ++i, weights += 4 * kWidth) {
    const __m128i a = load_bytes(taps[2 * i] + channel, kWidth), b = load_bytes(taps[2 * i + 1] + channel, kWidth);
    const __m256i first = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(first, load(weights)));
    if (kWidth == 16) {
      const __m256i second = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(second, load(weights + 32)));
    }
  }
  const __m256i s0 = shift_right(low, block, kWidth, 0), s1 = kWidth == 16 ? shift_right(high, block, kWidth, 1) : s0;
  const __m256i r = requantize_s16(_mm256_packs_epi32(s0, s1), load(block + 12 * kWidth), common.zero_point);
  // s16 lanes [0-3 8-11 | 4-7 12-15], so s8 words 0 and 1 of both halves in turn are the channels in order.
  const __m256i ordered = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(r, r), _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5));
  const __m128i q = _mm_min_epi8(_mm_max_epi8(_mm256_castsi256_si128(ordered), common.min), common.max);
  if (kWidth == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + channel), q);
  } else {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + channel), q);
  }
}

template <size_t kWidth>
void run_pixel(const ConvS8& c, const int8_t* const* taps, const void* packed, const Common& common, int8_t* out) {
  const size_t bytes = block_bytes(c, kWidth), blocks = depthwise_blocks(c.input_channels, kWidth);
  const auto* block = static_cast<const uint8_t*>(packed);
  for (size_t b = 0; b + 1 < blocks; ++b, block += bytes) run_block<kWidth>(taps, b * kWidth, block, common, out);
  run_block<kWidth>(taps, c.input_channels - kWidth, block, common, out);
}

// The addresses of the taps of output pixel (n, y, x).
inline void find_taps(const ConvS8& c, const int8_t* input, size_t n, size_t y, size_t x, const int8_t* padding,
                      const int8_t** taps) {
  for (size_t ky = 0; ky < c.kernel_height; ++ky) {
    const size_t in_y = y * c.stride_height + ky * c.dilation_height - c.pad_top;  // above the input: wraps
    const int8_t* row = input + (n * c.input_height + in_y) * c.input_width * c.input_channels;
    size_t in_x = x * c.stride_width - c.pad_left;
    for (size_t kx = 0; kx < c.kernel_width; ++kx, in_x += c.dilation_width)
      *taps++ = in_y < c.input_height && in_x < c.input_width ? row + in_x * c.input_channels : padding;
  }
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  auto** taps = static_cast<const int8_t**>(scratch);
  auto* padding = static_cast<int8_t*>(scratch) + taps_bytes(c);
  std::memset(padding, c.input_zero_point, c.input_channels);
  taps[2 * tap_pairs(c) - 1] = padding;
  const Common common = {_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32)),
                         _mm_set1_epi8(static_cast<char>(c.output_min)),
                         _mm_set1_epi8(static_cast<char>(c.output_max)), tap_pairs(c)};
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    int8_t* row = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    for (size_t x = 0; x < c.output_width; ++x) {
      find_taps(c, input, n, y, x, padding, taps);
      int8_t* out = row + x * strides.pixel;
      block_width(c) == 16 ? run_pixel<16>(c, taps, packed, common, out)
                           : run_pixel<8>(c, taps, packed, common, out);
    }
    depthwise_apply_table(c, row, strides.pixel);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_avx2_kernel;
const ConvS8Kernel conv_s8_depthwise_avx2_kernel = {
    "conv_s8_depthwise_avx2", kAvx2, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
