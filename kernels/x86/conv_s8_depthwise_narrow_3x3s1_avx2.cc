// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel, stride 1 and dilation 1 on AVX2: two rows
// of output at once, 8 channels at a time, two columns a step. For channels that fill
// the wider blocks of conv_s8_depthwise_3x3s1_avx2 badly.
//
// The four input rows are interleaved in pairs, [r0 r1] and [r2 r3] per channel as
// s16, and pmaddwd with a pair of weights adds two taps:
//
//   row y:     [w0 w1] . [r0 r1] + [w2 0] . [r2 r3]      for each of three columns
//   row y + 1: [0 w0] . [r0 r1] + [w1 w2] . [r2 r3]
//
// so a column is loaded and widened once for six uses. Two products of s16 cannot
// saturate in s32: exact. Columns and rows outside hold input_zero_point.
//
// Channels go in groups of 64, one cache line per pixel, and within a group row
// pair after row pair, so that lines and weights stay in L1.
//
// A packed block of 8 channels: s32 bias[8], right_shift[8], left_shift[8];
// s16 multiplier 0-3 0-3 4-7 4-7; s32 has_left_shift, padded to 32 bytes;
// s16 weights[column][4][8][2] in the order of the formula above.
#include <immintrin.h>

#include <cstring>

#include "kernels/x86/conv_s8_depthwise.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kWidth = 8;        // channels of a block
constexpr size_t kGroupBlocks = 8;  // blocks of a cache line
constexpr size_t kHeaderBytes = 160, kBlockBytes = kHeaderBytes + 12 * 32;

bool supports(const ConvS8& c) {
  return is_depthwise(c) && c.input_channels >= 8 && c.kernel_height == 3 && c.kernel_width == 3 &&
         c.stride_height == 1 && c.stride_width == 1 && c.dilation_height == 1 && c.dilation_width == 1;
}

size_t packed_bytes(const ConvS8& c) { return depthwise_blocks(c.input_channels, kWidth) * kBlockBytes; }

// The weights of one channel: 12 pairs, in the formula's order, column by column.
void pack_weights(const ConvS8& c, const DepthwiseChannel& channel, size_t o, size_t lane, int16_t* to) {
  constexpr int kZero = -1;
  constexpr int kRows[4][2] = {{0, 1}, {2, kZero}, {kZero, 0}, {1, 2}};
  for (size_t column = 0; column < 3; ++column)
    for (size_t i = 0; i < 4; ++i)
      for (size_t s = 0; s < 2; ++s) {
        const int row = kRows[i][s];
        const int16_t w = row == kZero
                              ? int16_t{0}
                              : depthwise_weight(c, channel, o, static_cast<size_t>(row) * 3 + column);
        to[((column * 4 + i) * kWidth + lane) * 2 + s] = w;
      }
}

void pack(const ConvS8& c, void* packed) {
  auto* block = static_cast<uint8_t*>(packed);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kWidth); ++b, block += kBlockBytes) {
    auto* bias = reinterpret_cast<uint32_t*>(block);
    auto* right = reinterpret_cast<int32_t*>(block + 32);
    auto* left = reinterpret_cast<int32_t*>(block + 64);
    auto* multiplier = reinterpret_cast<int16_t*>(block + 96);
    auto* has_left = reinterpret_cast<int32_t*>(block + 128);
    std::memset(has_left, 0, 32);
    const size_t first = depthwise_first_channel(c.input_channels, kWidth, b);
    for (size_t i = 0; i < kWidth; ++i) {
      const DepthwiseChannel channel = depthwise_channel(c, first + i);
      bias[i] = channel.bias;
      right[i] = channel.right;
      left[i] = channel.left;
      if (channel.left) *has_left = 1;
      const size_t half = i / 4 * 8 + i % 4;
      multiplier[half] = multiplier[half + 4] = c.multiplier[first + i];
      pack_weights(c, channel, first + i, i, reinterpret_cast<int16_t*>(block + kHeaderBytes));
    }
  }
}

// A block of 8 channels takes about 0.3 times as long as one of 32 there, or of the last 16.
bool pays(const ConvS8& c) {
  return 3 * depthwise_blocks(c.input_channels, kWidth) < 10 * depthwise_blocks(c.input_channels, 32);
}

// A row of padding, and the pixel that takes the outputs of a second row that does not exist.
size_t scratch_bytes(const ConvS8& c) { return (c.input_width + 1) * c.input_channels + 64; }

// Pairs of output rows.
size_t items(const ConvS8& c) { return c.batch * ((c.output_height + 1) / 2); }

// Four input rows, and where the two output rows begin.
struct RowPair {
  const int8_t* in[4];
  int8_t* out[2];
  size_t pixel[2];  // distance of outputs; 0 where the second row does not exist and lands in a dummy
};

struct Common {
  __m256i zero_point, min, max, padding;
};

// One column of 8 channels: [r0 r1] and [r2 r3].
struct Column {
  __m256i upper, lower;
};

inline __m128i load_8(const int8_t* from) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)); }

// The column at byte offset `at` of the rows.
inline Column load_column(const RowPair& rows, size_t at) {
  return {_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(load_8(rows.in[0] + at), load_8(rows.in[1] + at))),
          _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(load_8(rows.in[2] + at), load_8(rows.in[3] + at)))};
}

// The column at pixel x, which may lie outside; left of the input x has wrapped.
inline Column load_or_pad(const ConvS8& c, const RowPair& rows, size_t channel, size_t x, __m256i padding) {
  return x < c.input_width ? load_column(rows, x * c.input_channels + channel) : Column{padding, padding};
}

// Two neighbouring outputs in both rows.
struct Accumulators {
  __m256i upper0, upper1, lower0, lower1;
};

// acc += a * w. The empty assembly fixes the order: gcc would otherwise load all weights first.
inline void multiply_add(__m256i a, __m256i w, __m256i* acc) {
  *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, w));
  asm("" : "+x"(*acc));
}

// One column of the kernel, on the input columns a and b of the two outputs.
inline void add_column(const Column& a, const Column& b, const uint8_t* weights, Accumulators* acc) {
  const __m256i w0 = load(weights), w1 = load(weights + 32);
  multiply_add(a.upper, w0, &acc->upper0);
  multiply_add(b.upper, w0, &acc->upper1);
  multiply_add(a.lower, w1, &acc->upper0);
  multiply_add(b.lower, w1, &acc->upper1);
  const __m256i w2 = load(weights + 64), w3 = load(weights + 96);
  multiply_add(a.upper, w2, &acc->lower0);
  multiply_add(b.upper, w2, &acc->lower1);
  multiply_add(a.lower, w3, &acc->lower0);
  multiply_add(b.lower, w3, &acc->lower1);
}

// s16 results of one column: lanes [y: 0-3, y+1: 0-3 | y: 4-7, y+1: 4-7].
template <bool kLeft>
inline __m256i requantize_column(__m256i upper, __m256i lower, const uint8_t* block, const Common& common) {
  if (kLeft) {
    upper = shift_left(upper, load(block + 64));
    lower = shift_left(lower, load(block + 64));
  }
  const __m256i right = load(block + 32);
  const __m256i t = _mm256_packs_epi32(_mm256_srav_epi32(upper, right), _mm256_srav_epi32(lower, right));
  return requantize_s16(t, load(block + 96), common.zero_point);
}

// 128-bit halves: column 0 and 1; in each the 8 channels of row y, then of row y + 1.
template <bool kLeft>
inline __m256i run_columns(const Column& a, const Column& b, const Column& d, const Column& e,
                           const uint8_t* block, const Common& common) {
  const __m256i bias = load(block);
  Accumulators acc = {bias, bias, bias, bias};
  add_column(a, b, block + kHeaderBytes, &acc);
  add_column(b, d, block + kHeaderBytes + 128, &acc);
  add_column(d, e, block + kHeaderBytes + 256, &acc);
  const __m256i q = _mm256_packs_epi16(requantize_column<kLeft>(acc.upper0, acc.lower0, block, common),
                                       requantize_column<kLeft>(acc.upper1, acc.lower1, block, common));
  const __m256i clamped = _mm256_min_epi8(_mm256_max_epi8(q, common.min), common.max);
  return _mm256_permutevar8x32_epi32(clamped, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

inline void store_8(int8_t* to, __m128i q) { _mm_storel_epi64(reinterpret_cast<__m128i*>(to), q); }
inline void store_high_8(int8_t* to, __m128i q) { store_8(to, _mm_unpackhi_epi64(q, q)); }

template <bool kLeft>
void run_block(const ConvS8& c, const RowPair& rows, const uint8_t* block, size_t channel,
               const Common& common) {
  int8_t *out0 = rows.out[0] + channel, *out1 = rows.out[1] + channel;
  size_t x = 0 - c.pad_left;
  Column a = load_or_pad(c, rows, channel, x, common.padding);
  Column b = load_or_pad(c, rows, channel, x + 1, common.padding);
  for (size_t i = 0; i < c.output_width; i += 2) {
    x += 2;
    Column d, e;
    if (x < c.input_width && x + 1 < c.input_width) {
      d = load_column(rows, x * c.input_channels + channel);
      e = load_column(rows, (x + 1) * c.input_channels + channel);
    } else {
      d = load_or_pad(c, rows, channel, x, common.padding);
      e = load_or_pad(c, rows, channel, x + 1, common.padding);
    }
    const __m256i q = run_columns<kLeft>(a, b, d, e, block, common);
    const __m128i first = _mm256_castsi256_si128(q), second = _mm256_extracti128_si256(q, 1);
    store_8(out0, first);
    store_high_8(out1, first);
    if (i + 1 < c.output_width) {
      store_8(out0 + rows.pixel[0], second);
      store_high_8(out1 + rows.pixel[1], second);
    }
    out0 += 2 * rows.pixel[0];
    out1 += 2 * rows.pixel[1];
    a = d;
    b = e;
  }
}

RowPair find_rows(const ConvS8& c, const int8_t* input, int8_t* output, size_t item, int8_t* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const size_t pairs = (c.output_height + 1) / 2;
  const size_t n = item / pairs, y = item % pairs * 2;
  RowPair rows;
  for (size_t r = 0; r < 4; ++r)
    rows.in[r] = depthwise_row(c, input, n, static_cast<ptrdiff_t>(y + r) - static_cast<ptrdiff_t>(c.pad_top),
                               scratch);
  rows.out[0] = output + n * strides.batch + y * strides.row;
  rows.pixel[0] = strides.pixel;
  const bool second = y + 1 < c.output_height;
  rows.out[1] = second ? rows.out[0] + strides.row : scratch + c.input_width * c.input_channels;
  rows.pixel[1] = second ? strides.pixel : 0;
  return rows;
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch_memory) {
  auto* scratch = static_cast<int8_t*>(scratch_memory);
  std::memset(scratch, c.input_zero_point, c.input_width * c.input_channels);
  const Common common = {_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32)),
                         _mm256_set1_epi8(static_cast<char>(c.output_min)),
                         _mm256_set1_epi8(static_cast<char>(c.output_max)),
                         _mm256_set1_epi16(static_cast<int16_t>(c.input_zero_point))};
  const size_t blocks = depthwise_blocks(c.input_channels, kWidth);
  for (size_t group = 0; group < blocks; group += kGroupBlocks) {
    const size_t last_block = group + kGroupBlocks < blocks ? group + kGroupBlocks : blocks;
    for (size_t item = first_item; item < last_item; ++item) {
      const RowPair rows = find_rows(c, input, static_cast<int8_t*>(output), item, scratch);
      for (size_t b = group; b < last_block; ++b) {
        const uint8_t* block = static_cast<const uint8_t*>(packed) + b * kBlockBytes;
        const size_t channel = depthwise_first_channel(c.input_channels, kWidth, b);
        int32_t has_left;
        std::memcpy(&has_left, block + 128, sizeof(has_left));
        has_left ? run_block<true>(c, rows, block, channel, common)
                 : run_block<false>(c, rows, block, channel, common);
      }
    }
  }
  for (size_t item = first_item; c.output_table && item < last_item; ++item) {
    const RowPair rows = find_rows(c, input, static_cast<int8_t*>(output), item, scratch);
    depthwise_apply_table(c, rows.out[0], rows.pixel[0]);
    if (rows.pixel[1] != 0) depthwise_apply_table(c, rows.out[1], rows.pixel[1]);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_narrow_3x3s1_avx2_kernel;
const ConvS8Kernel conv_s8_depthwise_narrow_3x3s1_avx2_kernel = {"conv_s8_depthwise_narrow_3x3s1_avx2",
                                                                 kAvx2,
                                                                 supports,
                                                                 packed_bytes,
                                                                 pack,
                                                                 scratch_bytes,
                                                                 items,
                                                                 run,
                                                                 pays};

}  // namespace octet::kernels
