// SPDX-License-Identifier: Apache-2.0
//
// The frame of the depthwise conv_s8 kernels on ARM whose columns of input pass through
// registers: a square kernel, dilation 1, blocks of eight channels, one or two rows of
// output at a time. Builds for AArch64 and ARMv7.
//
// A row is computed from left to right: groups of outputs all of whose columns lie inside
// the input, without a check, and single outputs at the edges. What two neighbouring outputs share stays
// in registers. Pixels outside hold input_zero_point.
//
// Kernel is a struct of the including file that holds a block's constants in registers:
//   kKernel, kStride, kInputRows, kOutputRows
//   kGroup            outputs of a step inside
//   kColumns          of input that such a step reads, from the first that no output has read
//   kWeightBytes      of a packed block
//   State             what is kept of columns
//   pack(c, block, to)            a block's weights
//   Kernel(packed, range)         loads them
//   begin(pixel, column)          the State before the first output; column: of the first output's window
//   inside(pixel, state, store)   kGroup outputs
//   edge(pixel, state, store)     one output
// pixel(row, k) loads eight channels of column k, counted from the first that is not read
// yet; store(row, output, q) takes eight outputs.
//
// A packed block: s32 bias[8] with the zero point and the rounding term folded in, s32 shift[8], s16
// multiplier[8] (requantize_neon.h), then the weights.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/table_neon.h"
#include "kernels/conv_s8_depthwise.h"

namespace octet::kernels {
namespace {

constexpr size_t kEight = 8;  // channels of a block
constexpr size_t kEightHeader = 80;

// Channels [first, first + valid). The last block is moved back so that it ends at the last channel; fewer
// channels than eight make one block of them.
struct DepthwiseBlock {
  size_t first, valid;
};

inline DepthwiseBlock eight_block(size_t channels, size_t index) {
  if (channels < kEight) return {0, channels};
  return {depthwise_first_channel(channels, kEight, index), kEight};
}

inline void pack_eight_header(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* shift = reinterpret_cast<int32_t*>(bias + kEight);
  auto* multiplier = reinterpret_cast<int16_t*>(shift + kEight);
  std::memset(to, 0, kEightHeader);
  for (size_t i = 0; i < block.valid; ++i) {
    const size_t o = block.first + i;
    bias[i] = depthwise_bias(c, o, c.input_zero_point) + rounding_term(c.right_shift[o]);
    shift[i] = stored_shift(c.right_shift[o]);
    multiplier[i] = c.multiplier[o];
  }
}

inline RequantizeEight load_requantize(const uint8_t* packed) {
  return RequantizeEight::load(reinterpret_cast<const int32_t*>(packed + 32),
                               reinterpret_cast<const int16_t*>(packed + 64));
}

// The bias, loaded where it is used: the compiler would otherwise keep it in registers that it lacks.
struct EightBias {
  const int32_t* at;
  explicit EightBias(const uint8_t* packed) : at(reinterpret_cast<const int32_t*>(packed)) {}
  int32x4_t load(size_t half) {
    asm("" : "+r"(at));
    return vld1q_s32(at + 4 * half);
  }
};

// Columns from which eight channels end within the row: all, but the last of a block that is not full.
inline size_t safe_columns(const ConvS8& c, const DepthwiseBlock& block) {
  const size_t row_bytes = c.input_width * c.input_channels;
  if (block.valid == kEight) return c.input_width;
  return row_bytes < kEight ? 0 : (row_bytes - kEight) / c.input_channels + 1;
}

// Applies the table to one row of outputs.
inline void depthwise_apply_table(const ConvS8& c, int8_t* row, size_t pixel_stride) {
  const TableParts parts(c.output_table);
  if (pixel_stride == c.output_channels) return apply_table(parts, row, row, c.output_width * pixel_stride);
  for (size_t x = 0; x < c.output_width; ++x, row += pixel_stride)
    apply_table(parts, row, row, c.output_channels);
}

template <class Kernel>
struct DepthwiseColumns {
  static constexpr size_t kInputRows = Kernel::kInputRows, kOutputRows = Kernel::kOutputRows;
  static constexpr size_t kBlockBytes = kEightHeader + Kernel::kWeightBytes;
  using State = typename Kernel::State;

  // One row of output, or two.
  struct Rows {
    const int8_t* in[kInputRows];
    int8_t* out[2];
    size_t count, pixel_stride;
  };

  // How far a block has come.
  struct Place {
    State state;
    size_t x, column;  // the next output, the first column that is not read yet
    int8_t* out[2];
    size_t pixel[2];  // distance of outputs; 0 where the second row does not exist and lands in a dummy
  };

  struct EdgePixels {
    const ConvS8& c;
    const Rows& rows;
    const DepthwiseBlock& block;
    size_t column, safe;

    int8x8_t operator()(size_t row, size_t k) const {
      const size_t x = column + k;  // left of the input: wraps
      if (x >= c.input_width) return vdup_n_s8(static_cast<int8_t>(c.input_zero_point));
      const int8_t* pixel = rows.in[row] + x * c.input_channels + block.first;
      return x < safe ? vld1_s8(pixel) : load_part(pixel, block.valid);
    }
  };

  static __attribute__((noinline)) void begin(const EdgePixels& pixels, Place* place) {
    place->state = Kernel::begin(pixels);
  }

  static __attribute__((noinline)) void run_edge(const EdgePixels& pixels, const uint8_t* packed,
                                                 Place* place) {
    const ConvS8& c = pixels.c;
    Kernel kernel(packed, {c.output_zero_point, c.output_min, c.output_max});
    kernel.edge(pixels, place->state,
                [&](size_t row, int8x8_t q) { store_part(place->out[row], q, pixels.block.valid); });
  }

  static __attribute__((noinline)) void run_inside(const ConvS8& c, const int8_t* const* rows, size_t groups,
                                                   const uint8_t* packed, Place* place) {
    Kernel kernel(packed, {c.output_zero_point, c.output_min, c.output_max});
    const size_t pixel = c.input_channels;
    const int8_t* in[kInputRows];
    for (size_t r = 0; r < kInputRows; ++r) in[r] = rows[r];
    int8_t* out[2] = {place->out[0], place->out[1]};
    const size_t step[2] = {place->pixel[0], place->pixel[1]};
    State state = place->state;
    do {
      kernel.inside(
          [&](size_t row, size_t k) __attribute__((always_inline)) { return vld1_s8(in[row] + k * pixel); },
          state, out, step);
#pragma GCC unroll 8
      for (size_t r = 0; r < kInputRows; ++r) in[r] += Kernel::kGroup * Kernel::kStride * pixel;
    } while (--groups != 0);
    place->state = state;
  }

  // Groups of outputs from this place on, all of whose columns lie inside.
  static size_t groups_inside(const ConvS8& c, const DepthwiseBlock& block, const Place& place) {
    if (block.valid < kEight || place.column >= c.input_width) return 0;
    const size_t columns = c.input_width - place.column;
    if (columns < Kernel::kColumns) return 0;
    const size_t groups = (columns - Kernel::kColumns) / (Kernel::kGroup * Kernel::kStride) + 1;
    const size_t outputs = (c.output_width - place.x) / Kernel::kGroup;
    return groups < outputs ? groups : outputs;
  }

  static void run_block(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, const uint8_t* packed,
                        int8_t* dummy) {
    EdgePixels pixels = {c, rows, block, 0 - c.pad_left, safe_columns(c, block)};
    Place place;
    begin(pixels, &place);
    place.x = 0;
    place.column = pixels.column + Kernel::kFirstColumn;
    for (size_t r = 0; r < 2; ++r) {
      place.out[r] = r < rows.count ? rows.out[r] + block.first : dummy;
      place.pixel[r] = r < rows.count ? rows.pixel_stride : 0;
    }
    while (place.x < c.output_width) {
      size_t outputs = 1;
      if (const size_t groups = groups_inside(c, block, place)) {
        const int8_t* in[kInputRows];
        for (size_t r = 0; r < kInputRows; ++r)
          in[r] = rows.in[r] + place.column * c.input_channels + block.first;
        run_inside(c, in, groups, packed, &place);
        outputs = groups * Kernel::kGroup;
      } else {
        pixels.column = place.column;
        run_edge(pixels, packed, &place);
      }
      for (size_t r = 0; r < 2; ++r) place.out[r] += outputs * place.pixel[r];
      place.column += outputs * Kernel::kStride;
      place.x += outputs;
    }
  }

  static bool supports(const ConvS8& c) {
    return is_depthwise(c) && c.kernel_height == Kernel::kKernel && c.kernel_width == Kernel::kKernel &&
           c.stride_height == Kernel::kStride && c.stride_width == Kernel::kStride &&
           c.dilation_height == 1 && c.dilation_width == 1;
  }

  static size_t blocks(const ConvS8& c) { return depthwise_blocks(c.input_channels, kEight); }
  static size_t packed_bytes(const ConvS8& c) { return blocks(c) * kBlockBytes; }

  static void pack(const ConvS8& c, void* packed) {
    auto* to = static_cast<uint8_t*>(packed);
    for (size_t i = 0; i < blocks(c); ++i, to += kBlockBytes) {
      const DepthwiseBlock block = eight_block(c.input_channels, i);
      pack_eight_header(c, block, to);
      Kernel::pack(c, block, to + kEightHeader);
    }
  }

  // A row of padding, and the pixel that takes the outputs of a second row that does not exist.
  static size_t scratch_bytes(const ConvS8& c) { return c.input_width * c.input_channels + 64; }

  static size_t row_groups(const ConvS8& c) { return (c.output_height + kOutputRows - 1) / kOutputRows; }
  static size_t items(const ConvS8& c) { return c.batch * row_groups(c); }

  static Rows find_rows(const ConvS8& c, const int8_t* input, void* output, size_t item,
                        const int8_t* padding) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    const size_t n = item / row_groups(c), y = item % row_groups(c) * kOutputRows;
    Rows rows;
    for (size_t r = 0; r < kInputRows; ++r)
      rows.in[r] = depthwise_row(
          c, input, n, static_cast<ptrdiff_t>(y * Kernel::kStride + r) - static_cast<ptrdiff_t>(c.pad_top),
          padding);
    rows.out[0] = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    rows.out[1] = rows.out[0] + strides.row;
    rows.count = c.output_height - y < kOutputRows ? c.output_height - y : kOutputRows;
    rows.pixel_stride = strides.pixel;
    return rows;
  }

  static void run_portion(const ConvS8& c, const void* packed, const int8_t* input, void* output,
                          size_t first_item, size_t last_item, int8_t* scratch) {
    constexpr size_t kBlocks = kDepthwiseGroup / kEight;
    int8_t* dummy = scratch + c.input_width * c.input_channels;
    for (size_t first = 0; first < blocks(c); first += kBlocks) {
      const size_t last = first + kBlocks < blocks(c) ? first + kBlocks : blocks(c);
      for (size_t item = first_item; item < last_item; ++item) {
        const Rows rows = find_rows(c, input, output, item, scratch);
        for (size_t i = first; i < last; ++i)
          run_block(c, rows, eight_block(c.input_channels, i),
                    static_cast<const uint8_t*>(packed) + i * kBlockBytes, dummy);
      }
    }
    for (size_t item = first_item; c.output_table && item < last_item; ++item) {
      const Rows rows = find_rows(c, input, output, item, scratch);
      for (size_t r = 0; r < rows.count; ++r) depthwise_apply_table(c, rows.out[r], rows.pixel_stride);
    }
  }

  static void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
                  size_t last_item, void* scratch_memory) {
    auto* scratch = static_cast<int8_t*>(scratch_memory);
    std::memset(scratch, c.input_zero_point, c.input_width * c.input_channels);
    for_each_portion(c, kOutputRows, first_item, last_item, [&](size_t first, size_t last) {
      run_portion(c, packed, input, output, first, last, scratch);
    });
  }

  static constexpr ConvS8Kernel kernel(const char* name, CpuFeature feature) {
    return {name, feature, supports, packed_bytes, pack, scratch_bytes, items, run};
  }
};

}  // namespace
}  // namespace octet::kernels
