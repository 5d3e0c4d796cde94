// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and dilation 1 on VNNI, for vectors of 64, 32
// and 16 bytes, all in registers. Two columns of output at once, which share the
// weights. Rows and columns outside hold input_zero_point.
//
// Stride 1, two rows: a column of four input rows is interleaved into quads
// [r0 r1 r2 r3], which serve both output rows and move on over three columns:
//
//   row y:     [w0 w1 w2 0]  . [r0 r1 r2 r3]      for each of three columns
//   row y + 1: [0 w0 w1 w2]  . [r0 r1 r2 r3]
//
// Stride 2, one row, from columns 0-4 of three input rows:
//
//   E  [r0 r1 r2 of an even column, r2 of the odd one behind it]    column 4 is column 0 of the next two
//   O  [r0 r1 of column 1, r0 r1 of column 3]
//
//   output 0:  [w00 w10 w20 w21] . E(0) + [w01 w11 0 0] . O + [w02 w12 w22 0] . E(2)
//   output 1:  [w00 w10 w20 w21] . E(2) + [0 0 w01 w11] . O + [w02 w12 w22 0] . E(4)
//
// A last block of 16 channels is computed for two items of work at once, one in each half of 32 bytes.
//
// conv_s8_depthwise_blocks.h describes blocks. Weights of a block: per quad vector j the
// vectors of the formulas, [column][row] or E(0), O, O, E(2).
#pragma once

#include "kernels/x86/conv_s8_depthwise_rows.h"

namespace octet::kernels {
namespace {

constexpr uint8_t kNoTap = 0xff;

struct Stride1 {
  static constexpr size_t kStride = 1, kInputRows = 4, kOutputRows = 2, kVectors = 6;
  // The tap behind each weight of a quad: [vector][row of input].
  static constexpr uint8_t kTaps[kVectors][4] = {{0, 3, 6, kNoTap}, {kNoTap, 0, 3, 6}, {1, 4, 7, kNoTap},
                                                 {kNoTap, 1, 4, 7}, {2, 5, 8, kNoTap}, {kNoTap, 2, 5, 8}};
  using Rows = DepthwiseRows<kInputRows>;

  template <class V, Fill kFill>
  static inline Quads<V> load_column(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, size_t x,
                                     size_t safe, V padding) {
    if (x >= c.input_width) return {{padding, padding, padding, padding}};
    Quads<V> column;
    if (kFill == Fill::kPartial && x >= safe) {
      interleave(flip(load_edge<V, kFill>(c, rows, block, 0, x, safe)),
                 flip(load_edge<V, kFill>(c, rows, block, 1, x, safe)),
                 flip(load_edge<V, kFill>(c, rows, block, 2, x, safe)),
                 flip(load_edge<V, kFill>(c, rows, block, 3, x, safe)), column.v);
      return column;
    }
    const size_t at = x * c.input_channels + block.first;
    interleave(flip(load_pixel<V, kFill>(rows, 0, at)), flip(load_pixel<V, kFill>(rows, 1, at)),
               flip(load_pixel<V, kFill>(rows, 2, at)), flip(load_pixel<V, kFill>(rows, 3, at)), column.v);
    return column;
  }

  // acc = from + a column of the kernel, for two outputs next to each other in both rows. The sums of all
  // four come before the next column: nothing then waits long for its operands, where the CPU looks only so
  // far ahead.
  template <class V>
  static __attribute__((always_inline)) inline void add_column(const V (&from)[2][2], V x0, V x1,
                                                               const uint8_t* weights, V (&acc)[2][2]) {
#pragma GCC unroll 2
    for (size_t row = 0; row < 2; ++row) {
      const V w = load_once<V>(weights + row * sizeof(V));
      acc[row][0] = dot_u8s8(from[row][0], x0, w);
      acc[row][1] = dot_u8s8(from[row][1], x1, w);
    }
    pin(acc[0][0], acc[0][1]);
    pin(acc[1][0], acc[1][1]);
  }

  // Quad vector j of two outputs next to each other (a b d and b d e) in both rows.
  template <class V>
  static inline void dot_columns(const Quads<V>& a, const Quads<V>& b, const Quads<V>& d, const Quads<V>& e,
                                 size_t j, const uint8_t* block, V (&acc)[2][2]) {
    constexpr size_t kBytes = sizeof(V);
    const uint8_t* weights = block + block_header_bytes(kBytes) + kVectors * j * kBytes;
    const V bias = load<V>(block + j * kBytes);
    const V start[2][2] = {{bias, bias}, {bias, bias}};
    add_column(start, a.v[j], b.v[j], weights, acc);
    add_column(acc, b.v[j], d.v[j], weights + 2 * kBytes, acc);
    add_column(acc, d.v[j], e.v[j], weights + 4 * kBytes, acc);
  }

  // Two columns of output in both rows from the columns a b d e of input.
  template <class V, LeftShift kLeft>
  static inline void run_columns(const Quads<V>& a, const Quads<V>& b, const Quads<V>& d, const Quads<V>& e,
                                 const uint8_t* block, const DepthwiseCommon<V>& common, V (&q)[2][2]) {
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
        q[row][i] = clamp_outputs<kLeft>(pack16(half[0][row][i], half[1][row][i]), common);
  }

  template <class V, LeftShift kLeft, Fill kFill>
  static __attribute__((noinline)) void run_block(const ConvS8& conv, const Rows& all_rows,
                                                  const DepthwiseBlock& all_of_block, const uint8_t* packed) {
    // Copies, which stores of outputs cannot change.
    const ConvS8 c = conv;
    const Rows rows = all_rows;
    const DepthwiseBlock block = all_of_block;
    const DepthwiseCommon<V> common(c);
    const size_t safe = safe_columns(c, block);
    const V padding = flip(splat8<V>(c.input_zero_point));
    DepthwiseOutputs out0(rows, 0, block), out1(rows, 1, block);
    size_t x = 0 - c.pad_left;
    Quads<V> a = load_column<V, kFill>(c, rows, block, x, safe, padding),
             b = load_column<V, kFill>(c, rows, block, x + 1, safe, padding);
    for (size_t i = 0; i < c.output_width; i += 2) {
      x += 2;
      const Quads<V> d = load_column<V, kFill>(c, rows, block, x, safe, padding),
                     e = load_column<V, kFill>(c, rows, block, x + 1, safe, padding);
      V q[2][2];
      run_columns<V, kLeft>(a, b, d, e, packed, common, q);
      out0.store_at<kFill>(0, q[0][0], block.valid);
      out1.store_at<kFill>(0, q[1][0], block.valid);
      if (i + 1 < c.output_width) {
        out0.store_at<kFill>(1, q[0][1], block.valid);
        out1.store_at<kFill>(1, q[1][1], block.valid);
      }
      out0.skip_two<kFill>();
      out1.skip_two<kFill>();
      a = d;
      b = e;
    }
  }
};

struct Stride2 {
  static constexpr size_t kStride = 2, kInputRows = 3, kOutputRows = 1, kVectors = 4;
  static constexpr uint8_t kTaps[kVectors][4] = {
      {0, 3, 6, 7}, {1, 4, kNoTap, kNoTap}, {kNoTap, kNoTap, 1, 4}, {2, 5, 8, kNoTap}};
  using Rows = DepthwiseRows<kInputRows>;

  // pixel(row, column) loads one.
  template <class V, class Pixel>
  static __attribute__((always_inline)) inline void load_even(const Pixel& pixel, size_t column,
                                                              Quads<V>* quads) {
    interleave(flip(pixel(0, column)), flip(pixel(1, column)), flip(pixel(2, column)),
               flip(pixel(2, column + 1)), quads->v);
  }
  template <class V, class Pixel>
  static __attribute__((always_inline)) inline void load_odd(const Pixel& pixel, Quads<V>* quads) {
    interleave(flip(pixel(0, 1)), flip(pixel(1, 1)), flip(pixel(0, 3)), flip(pixel(1, 3)), quads->v);
  }

  // s16 half h of two outputs next to each other.
  template <class V, LeftShift kLeft>
  static inline void run_half(const Quads<V> (&even)[3], const Quads<V>& odd, size_t h, const uint8_t* block,
                              const DepthwiseCommon<V>& common, V (&half)[2]) {
    constexpr size_t kBytes = sizeof(V);
    V acc[2][2];
#pragma GCC unroll 2
    for (size_t i = 0; i < 2; ++i) {
      const size_t j = 2 * h + i;
      const uint8_t* weights = block + block_header_bytes(kBytes) + kVectors * j * kBytes;
      const V w0 = load_once<V>(weights), w1 = load<V>(weights + kBytes), w2 = load<V>(weights + 2 * kBytes);
      const V w3 = load_once<V>(weights + 3 * kBytes), bias = load<V>(block + j * kBytes);
      acc[i][0] = dot_u8s8(dot_u8s8(dot_u8s8(bias, even[0].v[j], w0), odd.v[j], w1), even[1].v[j], w3);
      acc[i][1] = dot_u8s8(dot_u8s8(dot_u8s8(bias, even[1].v[j], w0), odd.v[j], w2), even[2].v[j], w3);
      pin(acc[i][0], acc[i][1]);
    }
#pragma GCC unroll 2
    for (size_t x = 0; x < 2; ++x)
      half[x] = requantize_half<V, kLeft>(acc[0][x], acc[1][x], block, h, common);
  }

  template <class V, LeftShift kLeft, Fill kFill>
  static __attribute__((noinline)) void run_block(const ConvS8& conv, const Rows& all_rows,
                                                  const DepthwiseBlock& all_of_block, const uint8_t* packed) {
    // Copies, which stores of outputs cannot change.
    const ConvS8 c = conv;
    const Rows rows = all_rows;
    const DepthwiseBlock block = all_of_block;
    const DepthwiseCommon<V> common(c);
    const size_t safe = safe_columns(c, block);
    DepthwiseOutputs out(rows, 0, block);
    size_t column = 0 - c.pad_left;
    const auto edge = [&](size_t row, size_t k) __attribute__((always_inline)) {
      return load_edge<V, kFill>(c, rows, block, row, column + k, safe);
    };
    Quads<V> even[3], odd;
    load_even(edge, 0, &even[0]);
    for (size_t x = 0; x < c.output_width; x += 2, column += 4) {
      if (column < safe && column + 5 < safe) {
        const size_t at = column * c.input_channels + block.first;
        const auto inside = [&](size_t row, size_t k) __attribute__((always_inline)) {
          return load_pixel<V, kFill>(rows, row, at + k * c.input_channels);
        };
        load_odd(inside, &odd);
        load_even(inside, 2, &even[1]);
        load_even(inside, 4, &even[2]);
      } else {
        load_odd(edge, &odd);
        load_even(edge, 2, &even[1]);
        load_even(edge, 4, &even[2]);
      }
      V low[2], high[2];
      run_half<V, kLeft>(even, odd, 0, packed, common, low);
      run_half<V, kLeft>(even, odd, 1, packed, common, high);
      out.store_at<kFill>(0, clamp_outputs<kLeft>(pack16(low[0], high[0]), common), block.valid);
      if (x + 1 < c.output_width)
        out.store_at<kFill>(1, clamp_outputs<kLeft>(pack16(low[1], high[1]), common), block.valid);
      out.skip_two<kFill>();
      even[0] = even[2];
    }
  }
};

template <class Shape, size_t kMaxWidth>
struct Depthwise3x3 {
  using Rows = typename Shape::Rows;
  static constexpr size_t kOutputRows = Shape::kOutputRows;

  static bool supports(const ConvS8& c) {
    return is_depthwise(c) && c.kernel_height == 3 && c.kernel_width == 3 &&
           c.stride_height == Shape::kStride && c.stride_width == Shape::kStride && c.dilation_height == 1 &&
           c.dilation_width == 1 && left_shifts_fit(c);
  }

  static constexpr size_t block_bytes(size_t width) {
    return block_header_bytes(width) + 4 * Shape::kVectors * width;
  }
  static size_t packed_bytes(const ConvS8& c) {
    return for_each_block<kMaxWidth, true, true>(c.input_channels, 0, c.input_channels, block_bytes,
                                                 [](const DepthwiseBlock&, size_t) {});
  }

  static void pack(const ConvS8& c, void* packed) {
    const auto pack_block = [&](const DepthwiseBlock& block, size_t offset) {
      uint8_t* to = static_cast<uint8_t*>(packed) + offset;
      pack_block_header(c, block, to);
      auto* weights = reinterpret_cast<int8_t*>(to + block_header_bytes(block.width));
      const size_t quads = block.width / 4;
      for (size_t j = 0; j < 4; ++j)
        for (size_t vector = 0; vector < Shape::kVectors; ++vector)
          for (size_t e = 0; e < quads; ++e)
            for (const uint8_t tap : Shape::kTaps[vector])
              *weights++ = tap == kNoTap ? int8_t{0} : block_weight(c, block, j * quads + e, tap);
    };
    for_each_block<kMaxWidth, true, true>(c.input_channels, 0, c.input_channels, block_bytes, pack_block);
  }

  // A row of padding, and the pixel that takes the outputs of a second row that does not exist.
  static size_t scratch_bytes(const ConvS8& c) { return (c.input_width + 1) * c.input_channels + 128; }

  static size_t row_groups(const ConvS8& c) { return (c.output_height + kOutputRows - 1) / kOutputRows; }
  static size_t items(const ConvS8& c) { return c.batch * row_groups(c); }

  using Lane = DepthwiseLane<Shape::kInputRows>;

  static void find_lane(const ConvS8& c, const int8_t* input, void* output, size_t item, int8_t* scratch,
                        Lane* lane) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    const size_t n = item / row_groups(c), y = item % row_groups(c) * kOutputRows;
    for (size_t r = 0; r < Shape::kInputRows; ++r)
      lane->in[r] = depthwise_row(
          c, input, n, static_cast<ptrdiff_t>(y * Shape::kStride + r) - static_cast<ptrdiff_t>(c.pad_top),
          scratch);
    lane->out[0] = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    lane->pixel[0] = strides.pixel;
    const bool second = kOutputRows == 2 && y + 1 < c.output_height;
    lane->out[1] = second ? lane->out[0] + strides.row : scratch + c.input_width * c.input_channels + 64;
    lane->pixel[1] = second ? strides.pixel : 0;
  }

  template <class V, Fill kFill>
  static void run_vector(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block,
                         const uint8_t* packed) {
    if (has_left_shift(packed, sizeof(V)))
      Shape::template run_block<V, LeftShift::kFits, kFill>(c, rows, block, packed);
    else if (limits_low(c))
      Shape::template run_block<V, LeftShift::kNoneLimitsLow, kFill>(c, rows, block, packed);
    else
      Shape::template run_block<V, LeftShift::kNone, kFill>(c, rows, block, packed);
  }

  static void run_rows(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block,
                       const uint8_t* packed) {
#ifdef __AVX512BW__
    if (block.width == 64) return run_vector<__m512i, Fill::kWhole>(c, rows, block, packed);
#endif
    if (block.width == 16) return run_vector<__m128i, Fill::kPartial>(c, rows, block, packed);
    if (block.twin) return run_vector<__m256i, Fill::kTwin>(c, rows, block, packed);
    block.valid < block.width ? run_vector<__m256i, Fill::kPartial>(c, rows, block, packed)
                              : run_vector<__m256i, Fill::kWhole>(c, rows, block, packed);
  }

  static void run_portion(const ConvS8& c, const void* packed, const int8_t* input, void* output,
                          size_t first_item, size_t last_item, int8_t* scratch) {
    Rows rows;
    rows.padding = scratch;
    find_lane(c, input, output, first_item, scratch, &rows.lane[1]);  // any, until a twin block needs it
    for (size_t group = 0; group < c.input_channels; group += kDepthwiseGroup) {
      const size_t behind = group + kDepthwiseGroup;
      for (size_t item = first_item; item < last_item; ++item) {
        find_lane(c, input, output, item, scratch, &rows.lane[0]);
        for_each_block<kMaxWidth, true, true>(
            c.input_channels, group, behind < c.input_channels ? behind : c.input_channels, block_bytes,
            [&](const DepthwiseBlock& block, size_t offset) {
              if (block.twin && (item - first_item) % 2 != 0) return;
              if (block.twin)
                find_lane(c, input, output, item + 1 < last_item ? item + 1 : item, scratch, &rows.lane[1]);
              run_rows(c, rows, block, static_cast<const uint8_t*>(packed) + offset);
            });
      }
    }
    for (size_t item = first_item; c.output_table && item < last_item; ++item) {
      Lane lane;
      find_lane(c, input, output, item, scratch, &lane);
      depthwise_apply_table(c, lane.out[0], lane.pixel[0]);
      if (lane.pixel[1] != 0) depthwise_apply_table(c, lane.out[1], lane.pixel[1]);
    }
  }

  static void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
                  size_t last_item, void* scratch_memory) {
    auto* scratch = static_cast<int8_t*>(scratch_memory);
    std::memset(scratch, c.input_zero_point, c.input_width * c.input_channels + 64);
    for_each_portion(c, kOutputRows, first_item, last_item, [&](size_t first, size_t last) {
      run_portion(c, packed, input, output, first, last, scratch);
    });
  }

  // From 8 channels on, as long as a part of a vector is idle, blocks of 8 on AVX2 are faster.
  static bool pays(const ConvS8& c) { return c.input_channels < 8 || c.input_channels > 12; }

  static constexpr ConvS8Kernel kernel(const char* name, CpuFeature feature) {
    return {name, feature, supports, packed_bytes, pack, scratch_bytes, items, run, pays};
  }
};

}  // namespace
}  // namespace octet::kernels
