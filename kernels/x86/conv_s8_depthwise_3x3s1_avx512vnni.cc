// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel, stride 1 and dilation 1 on AVX512-VNNI: two
// rows and two columns of output at once. A column of four input rows is
// interleaved into quads [r0 r1 r2 r3], which serve both output rows:
//
//   row y:     [w0 w1 w2 0]  . [r0 r1 r2 r3]      for each of three columns
//   row y + 1: [0 w0 w1 w2]  . [r0 r1 r2 r3]
//
// and move on over three columns. Rows and columns outside hold input_zero_point.
// conv_s8_depthwise_avx512.h describes blocks and vectors.
//
// Weights of a block, per quad vector j: [column 0-2][row 0-1] vectors.
#include "kernels/x86/conv_s8_depthwise_avx512.h"

namespace octet::kernels {
namespace {

bool supports(const ConvS8& c) {
  return is_depthwise(c) && c.input_channels >= 16 && c.kernel_height == 3 && c.kernel_width == 3 &&
         c.stride_height == 1 && c.stride_width == 1 && c.dilation_height == 1 && c.dilation_width == 1;
}

constexpr size_t block_bytes(size_t width) { return block_header_bytes(width) + 24 * width; }

size_t packed_bytes(const ConvS8& c) {
  return for_each_block(c.input_channels, block_bytes, [](const Block&) {});
}

void pack(const ConvS8& c, void* packed) {
  for_each_block(c.input_channels, block_bytes, [&](const Block& block) {
    uint8_t* to = static_cast<uint8_t*>(packed) + block.offset;
    pack_block_header(c, block, to);
    auto* weights = reinterpret_cast<int8_t*>(to + block_header_bytes(block.width));
    const size_t quads = block.width / 4;
    for (size_t i = 0; i < 24 * block.width; ++i) {
      // i = (((j * 3 + column) * 2 + row) * quads + e) * 4 + tap
      const size_t tap = i % 4, e = i / 4 % quads, vector = i / 4 / quads;
      const size_t row = vector % 2, column = vector / 2 % 3, j = vector / 6;
      const size_t o = block.first + channel_at(block.width, j * quads + e);
      const bool inside = tap >= row && tap - row < 3;
      weights[i] = inside ? c.weights[o * 9 + (tap - row) * 3 + column] : int8_t{0};
    }
  });
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

template <class V>
struct Column {
  V quads[4];
};

template <class V>
inline Column<V> load_column(const ConvS8& c, const RowPair& rows, size_t channel, size_t x, V padding) {
  if (x >= c.input_width) return {{padding, padding, padding, padding}};  // left of the input x has wrapped
  const size_t at = x * c.input_channels + channel;
  Column<V> column;
  interleave(flip(load<V>(rows.in[0] + at)), flip(load<V>(rows.in[1] + at)), flip(load<V>(rows.in[2] + at)),
             flip(load<V>(rows.in[3] + at)), column.quads);
  return column;
}

// Quad vector j of two outputs next to each other (a b d and b d e) in both rows.
template <class V>
inline void dot_columns(const Column<V>& a, const Column<V>& b, const Column<V>& d, const Column<V>& e,
                        size_t j, const uint8_t* block, V (&acc)[2][2]) {
  constexpr size_t kBytes = sizeof(V);
  const uint8_t* weights = block + block_header_bytes(kBytes) + 6 * j * kBytes;
#pragma GCC unroll 2
  for (size_t row = 0; row < 2; ++row) {
    const V w0 = load<V>(weights + row * kBytes), w1 = load<V>(weights + (2 + row) * kBytes);
    const V w2 = load<V>(weights + (4 + row) * kBytes), bias = load<V>(block + j * kBytes);
    acc[row][0] = dot(dot(dot(bias, a.quads[j], w0), b.quads[j], w1), d.quads[j], w2);
    acc[row][1] = dot(dot(dot(bias, b.quads[j], w0), d.quads[j], w1), e.quads[j], w2);
    // Both columns here and now: gcc would otherwise keep all weights on the stack until it knows
    // whether the second one is stored.
    asm volatile("" : "+v"(acc[row][0]), "+v"(acc[row][1]));
  }
}

// Two columns of output from the columns a b d e of input.
template <class V, bool kLeft>
inline void run_columns(const Column<V>& a, const Column<V>& b, const Column<V>& d, const Column<V>& e,
                        const uint8_t* block, const Common<V>& common, V (&q)[2][2]) {
  V half[2][2][2];
#pragma GCC unroll 2
  for (size_t h = 0; h < 2; ++h) {
    V even[2][2], odd[2][2];
    dot_columns(a, b, d, e, 2 * h, block, even);
    dot_columns(a, b, d, e, 2 * h + 1, block, odd);
#pragma GCC unroll 2
    for (size_t row = 0; row < 2; ++row)
#pragma GCC unroll 2
      for (size_t i = 0; i < 2; ++i)
        half[h][row][i] = requantize_half<V, kLeft>(even[row][i], odd[row][i], block, h, common);
  }
#pragma GCC unroll 2
  for (size_t row = 0; row < 2; ++row)
#pragma GCC unroll 2
    for (size_t i = 0; i < 2; ++i)
      q[row][i] = clamp(pack16(half[0][row][i], half[1][row][i]), common.min, common.max);
}

template <class V, bool kLeft>
void run_block(const ConvS8& c, const RowPair& rows, const uint8_t* block, size_t channel) {
  const Common<V> common(c);
  const V padding = flip(splat8<V>(c.input_zero_point));
  int8_t *out0 = rows.out[0] + channel, *out1 = rows.out[1] + channel;
  size_t x = 0 - c.pad_left;
  Column<V> a = load_column(c, rows, channel, x, padding);
  Column<V> b = load_column(c, rows, channel, x + 1, padding);
  for (size_t i = 0; i < c.output_width; i += 2) {
    x += 2;
    const Column<V> d = load_column(c, rows, channel, x, padding);
    const Column<V> e = load_column(c, rows, channel, x + 1, padding);
    V q[2][2];
    run_columns<V, kLeft>(a, b, d, e, block, common, q);
    store(out0, q[0][0]);
    store(out1, q[1][0]);
    if (i + 1 < c.output_width) {
      store(out0 + rows.pixel[0], q[0][1]);
      store(out1 + rows.pixel[1], q[1][1]);
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

template <class V>
void run_rows(const ConvS8& c, const RowPair& rows, const uint8_t* block, size_t channel) {
  has_left_shift(block, sizeof(V)) ? run_block<V, true>(c, rows, block, channel)
                                   : run_block<V, false>(c, rows, block, channel);
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch_memory) {
  auto* scratch = static_cast<int8_t*>(scratch_memory);
  std::memset(scratch, c.input_zero_point, c.input_width * c.input_channels);
  for_each_block(c.input_channels, block_bytes, [&](const Block& block) {
    const uint8_t* at = static_cast<const uint8_t*>(packed) + block.offset;
    for (size_t item = first_item; item < last_item; ++item) {
      const RowPair rows = find_rows(c, input, static_cast<int8_t*>(output), item, scratch);
      switch (block.width) {
        case 64:
          run_rows<__m512i>(c, rows, at, block.first);
          break;
        case 32:
          run_rows<__m256i>(c, rows, at, block.first);
          break;
        default:
          run_rows<__m128i>(c, rows, at, block.first);
          break;
      }
    }
  });
  for (size_t item = first_item; c.output_table && item < last_item; ++item) {
    const RowPair rows = find_rows(c, input, static_cast<int8_t*>(output), item, scratch);
    depthwise_apply_table(c, rows.out[0], rows.pixel[0]);
    if (rows.pixel[1] != 0) depthwise_apply_table(c, rows.out[1], rows.pixel[1]);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_3x3s1_avx512vnni_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s1_avx512vnni_kernel = {"conv_s8_depthwise_3x3s1_avx512vnni",
                                                                kAvx512Vnni,
                                                                supports,
                                                                packed_bytes,
                                                                pack,
                                                                scratch_bytes,
                                                                items,
                                                                run};

}  // namespace octet::kernels
