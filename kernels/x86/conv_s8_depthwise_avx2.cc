// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on AVX2.
//
// The addresses of an output pixel's taps are collected, input_zero_point standing
// in for those outside; along a row they only move on. Then, 16 channels at a time,
// two taps are interleaved per channel, widened to s16, and pmaddwd with a pair of
// weights adds both: sums of two products of s16 cannot saturate in s32. An odd
// number of taps ends with its last tap once more and a weight of zero.
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

bool supports(const ConvS8& c) { return is_depthwise(c) && c.input_channels >= 8; }

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

// The addresses of the taps, then a row of padding.
size_t taps_bytes(const ConvS8& c) { return 2 * tap_pairs(c) * sizeof(const int8_t*); }
size_t scratch_bytes(const ConvS8& c) { return taps_bytes(c) + c.input_width * c.input_channels + 64; }

size_t items(const ConvS8& c) { return c.batch * c.output_height; }

// Outputs of one row whose taps are moved by in_step from one to the next.
struct Span {
  const int8_t* const* taps;
  size_t count, pairs;
  size_t in_step, out_step;  // bytes
  int8_t* out;
};

struct Common {
  __m256i zero_point;
  __m128i min, max;
};

inline __m128i load_bytes(const int8_t* from, size_t width) {
  const auto* vector = reinterpret_cast<const __m128i*>(from);
  return width == 16 ? _mm_loadu_si128(vector) : _mm_loadl_epi64(vector);
}

// Two halves of 8 channels, or twice the same.
struct Accumulators {
  __m256i low, high;
};

template <size_t kWidth>
inline void add_pair(const int8_t* first, const int8_t* second, const uint8_t* weights, Accumulators* acc) {
  const __m128i a = load_bytes(first, kWidth), b = load_bytes(second, kWidth);
  const __m256i low = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
  acc->low = _mm256_add_epi32(acc->low, _mm256_madd_epi16(low, load(weights)));
  if (kWidth == 8) return;
  const __m256i high = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
  acc->high = _mm256_add_epi32(acc->high, _mm256_madd_epi16(high, load(weights + 32)));
}

template <size_t kWidth>
inline __m128i requantize(Accumulators acc, const uint8_t* block, bool has_left, const Common& common) {
  if (kWidth == 8) acc.high = acc.low;
  constexpr size_t kHigh = kWidth == 16 ? 32 : 0;
  if (has_left) {
    acc.low = shift_left(acc.low, load(block + 8 * kWidth));
    acc.high = shift_left(acc.high, load(block + 8 * kWidth + kHigh));
  }
  const __m256i t = _mm256_packs_epi32(_mm256_srav_epi32(acc.low, load(block + 4 * kWidth)),
                                       _mm256_srav_epi32(acc.high, load(block + 4 * kWidth + kHigh)));
  const __m256i r = requantize_s16(t, load(block + 12 * kWidth), common.zero_point);
  // s16 lanes [0-3 8-11 | 4-7 12-15], so s8 words 0 and 1 of both halves in turn are the channels in order.
  const __m256i q =
      _mm256_permutevar8x32_epi32(_mm256_packs_epi16(r, r), _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5));
  return _mm_min_epi8(_mm_max_epi8(_mm256_castsi256_si128(q), common.min), common.max);
}

// One block of a span. kPairs: the number of tap pairs, or 0 for span.pairs.
template <size_t kWidth, size_t kPairs>
void run_block(const Span& span, size_t channel, const uint8_t* block, const Common& common) {
  int32_t has_left;
  std::memcpy(&has_left, block + 12 * kWidth + 32, sizeof(has_left));
  const uint8_t* weights = block + header_bytes(kWidth);
  const size_t pairs = kPairs ? kPairs : span.pairs;
  int8_t* out = span.out + channel;
  for (size_t x = 0; x < span.count; ++x, out += span.out_step, channel += span.in_step) {
    Accumulators acc = {load(block), load(block + 4 * kWidth - 32)};
#pragma GCC unroll 5
    for (size_t i = 0; i < pairs; ++i)
      add_pair<kWidth>(span.taps[2 * i] + channel, span.taps[2 * i + 1] + channel, weights + 4 * kWidth * i,
                       &acc);
    const __m128i q = requantize<kWidth>(acc, block, has_left != 0, common);
    if (kWidth == 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), q);
    } else {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out), q);
    }
  }
}

template <size_t kWidth>
void run_span(const ConvS8& c, const Span& span, const void* packed, const Common& common) {
  const size_t bytes = block_bytes(c, kWidth);
  const auto* block = static_cast<const uint8_t*>(packed);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kWidth); ++b, block += bytes) {
    const size_t channel = depthwise_first_channel(c.input_channels, kWidth, b);
    span.pairs == 5 ? run_block<kWidth, 5>(span, channel, block, common)
                    : run_block<kWidth, 0>(span, channel, block, common);
  }
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  auto** taps = static_cast<const int8_t**>(scratch);
  auto* padding = static_cast<int8_t*>(scratch) + taps_bytes(c);
  std::memset(padding, c.input_zero_point, c.input_width * c.input_channels);
  const Common common = {_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32)),
                         _mm_set1_epi8(static_cast<char>(c.output_min)),
                         _mm_set1_epi8(static_cast<char>(c.output_max))};
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    int8_t* row = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    for_each_span(c, input, n, y, padding, taps, [&](const int8_t** span_taps, size_t x, size_t count) {
      const size_t count_taps = c.kernel_height * c.kernel_width;
      if (count_taps % 2 != 0) span_taps[count_taps] = span_taps[count_taps - 1];
      const Span span = {span_taps,     count,
                         tap_pairs(c),  c.stride_width * c.input_channels,
                         strides.pixel, row + x * strides.pixel};
      block_width(c) == 16 ? run_span<16>(c, span, packed, common) : run_span<8>(c, span, packed, common);
    });
    depthwise_apply_table(c, row, strides.pixel);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_avx2_kernel;
const ConvS8Kernel conv_s8_depthwise_avx2_kernel = {
    "conv_s8_depthwise_avx2", kAvx2, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
