// SPDX-License-Identifier: Apache-2.0
//
// The frame of the depthwise conv_s8 kernels on ARM whose columns of input pass through
// registers: a square kernel, dilation 1, blocks of eight channels, one or two rows of
// output at a time. Builds for AArch64 and ARMv7.
//
// Outputs whose windows lie inside the input are computed from it; those at the edges from a patch, a copy of
// their columns with input_zero_point where there is no input. So is a row that is short, and a block that
// has fewer than eight channels: loads never leave the tensor.
//
// What neighbouring outputs share stays in registers, a ring of columns whose begin moves on with every step
// (the loop is unrolled until it is where it was).
//
// Kernel is a struct of the including file that holds a block's constants in registers:
//   kKernel, kStride, kInputRows, kOutputRows
//   kOutputs            of a step, in each row
//   kReach              columns of input that a step uses, from its first output's window on
//   Column, kRing       what is kept of columns; the first kShared are kept from one step to the next
//   kAdvance            of the ring's begin in a step
//   kWeightBytes        of a packed block
//   pack(c, block, to)  a block's weights
//   Kernel(packed, range)                  loads them
//   begin(pixels, ring)                    the first kShared columns
//   inside<begin>(pixels, ring, out, step) a step: outputs stand `step` apart
//   Fast, is_fast(packed)                  a faster Kernel for blocks that allow it, or itself
// pixels(row, k) loads eight channels of column k: in begin() from the window's first one on, in
// inside() from the first behind the shared ones.
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

// Sixteen outputs, of two times eight channels, go to two places.
inline void store_halves(int8x16_t q, int8_t* low, int8_t* high) {
  vst1_s8(low, vget_low_s8(q));
  vst1q_lane_s64(reinterpret_cast<int64_t*>(high), vreinterpretq_s64_s8(q), 1);
}

// Applies the table to one row of outputs.
inline void depthwise_apply_table(const ConvS8& c, int8_t* row, size_t pixel_stride) {
  const TableParts parts(c.output_table);
  if (pixel_stride == c.output_channels) return apply_table(parts, row, row, c.output_width * pixel_stride);
  for (size_t x = 0; x < c.output_width; ++x, row += pixel_stride)
    apply_table(parts, row, row, c.output_channels);
}

constexpr size_t kPatchOutputs = 8;

template <class Kernel>
struct DepthwiseColumns {
  static constexpr size_t kInputRows = Kernel::kInputRows, kOutputRows = Kernel::kOutputRows;
  static constexpr size_t kOutputs = Kernel::kOutputs, kStride = Kernel::kStride;
  static constexpr size_t kBlockBytes = kEightHeader + Kernel::kWeightBytes;
  static constexpr size_t kRoundSteps = Kernel::kAdvance ? Kernel::kRing / Kernel::kAdvance : 1;
  // Of input, for so many outputs, a multiple of kOutputs.
  static constexpr size_t columns(size_t outputs) { return (outputs - kOutputs) * kStride + Kernel::kReach; }
  static constexpr size_t kPatchColumns = columns(kPatchOutputs);

  // One row of output, or two.
  struct Rows {
    const int8_t* in[kInputRows];
    int8_t* out[2];
    size_t count, pixel_stride;
  };

  // Neighbouring outputs: from the first one's window on, `pixel` bytes from column to column.
  struct Segment {
    const int8_t* in[kInputRows];
    size_t pixel, steps;
    int8_t* out[2];
    size_t out_step[2];
  };

  template <class Variant, size_t kBegin>
  static __attribute__((always_inline)) inline void run_step(Variant& kernel, Segment& s,
                                                             typename Kernel::Column* ring) {
    kernel.template inside<kBegin>(
        [&](size_t row, size_t k) __attribute__((always_inline)) { return vld1_s8(s.in[row] + k * s.pixel); },
        ring, s.out, s.out_step);
#pragma GCC unroll 6
    for (size_t r = 0; r < kInputRows; ++r) s.in[r] += kOutputs * kStride * s.pixel;
  }

  // Steps until the ring begins where it did.
  template <class Variant, size_t kBegin = 0>
  static __attribute__((always_inline)) inline void run_round(Variant& kernel, Segment& s,
                                                              typename Kernel::Column* ring) {
    run_step<Variant, kBegin>(kernel, s, ring);
    constexpr size_t kNext = (kBegin + Kernel::kAdvance) % Kernel::kRing;
    if constexpr (kNext != 0) run_round<Variant, kNext>(kernel, s, ring);
  }

  template <class Variant>
  static __attribute__((noinline)) void run_segment(const Segment& segment, const uint8_t* packed,
                                                    const RequantizeRange& range) {
    Variant kernel(packed, range);
    Segment s = segment;
    typename Kernel::Column ring[Kernel::kRing];
    Kernel::begin([&](size_t row, size_t k) { return vld1_s8(s.in[row] + k * s.pixel); }, ring);
#pragma GCC unroll 6
    for (size_t r = 0; r < kInputRows; ++r) s.in[r] += Kernel::kShared * s.pixel;
    for (size_t rounds = s.steps / kRoundSteps; rounds > 0; --rounds) run_round(kernel, s, ring);
    for (size_t left = s.steps % kRoundSteps; left > 0; --left) {
      run_step<Variant, 0>(kernel, s, ring);
#pragma GCC unroll 4
      for (size_t k = 0; k < Kernel::kShared; ++k) ring[k] = ring[(k + Kernel::kAdvance) % Kernel::kRing];
    }
  }

  static void run_any(const Segment& segment, const uint8_t* packed, const RequantizeRange& range) {
    Kernel::is_fast(packed) ? run_segment<typename Kernel::Fast>(segment, packed, range)
                            : run_segment<Kernel>(segment, packed, range);
  }

  struct Patch {
    int8_t in[kInputRows][kPatchColumns][kEight];
    int8_t out[2][kPatchOutputs][kEight];
  };

  // Columns of one row from `column` on, which may lie outside (left of the input it has wrapped).
  static void fill_patch(const ConvS8& c, const int8_t* row, const DepthwiseBlock& block, size_t column,
                         size_t count, int8_t (*to)[kEight]) {
    const int8x8_t padding = vdup_n_s8(static_cast<int8_t>(c.input_zero_point));
    for (size_t k = 0; k < count; ++k, ++column) {
      if (column >= c.input_width) {
        vst1_s8(to[k], padding);
        continue;
      }
      const int8_t* pixel = row + column * c.input_channels + block.first;
      vst1_s8(to[k], block.valid == kEight ? vld1_s8(pixel) : load_part(pixel, block.valid));
    }
  }

  // Outputs [x, x + count), at most kPatchOutputs.
  static __attribute__((noinline)) void run_patch(const ConvS8& c, const Rows& rows,
                                                  const DepthwiseBlock& block, const uint8_t* packed,
                                                  size_t x, size_t count) {
    Patch patch;
    Segment s;
    s.steps = (count + kOutputs - 1) / kOutputs;
    s.pixel = kEight;
    for (size_t r = 0; r < kInputRows; ++r) {
      fill_patch(c, rows.in[r], block, x * kStride - c.pad_left, columns(s.steps * kOutputs), patch.in[r]);
      s.in[r] = patch.in[r][0];
    }
    for (size_t r = 0; r < 2; ++r) {
      s.out[r] = patch.out[r][0];
      s.out_step[r] = kEight;
    }
    run_any(s, packed, {c.output_zero_point, c.output_min, c.output_max});
    for (size_t r = 0; r < rows.count; ++r) {
      int8_t* out = rows.out[r] + x * rows.pixel_stride + block.first;
      for (size_t i = 0; i < count; ++i, out += rows.pixel_stride)
        store_part(out, vld1_s8(patch.out[r][i]), block.valid);
    }
  }

  // Outputs [x, x + steps * kOutputs), all of whose columns lie inside.
  static void run_inside(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block,
                         const uint8_t* packed, size_t x, size_t steps) {
    int8_t dummy[kOutputs * kEight];  // for a second row that does not exist
    Segment s;
    s.pixel = c.input_channels;
    s.steps = steps;
    for (size_t r = 0; r < kInputRows; ++r)
      s.in[r] = rows.in[r] + (x * kStride - c.pad_left) * c.input_channels + block.first;
    for (size_t r = 0; r < 2; ++r) {
      const bool exists = r < rows.count;
      s.out[r] = exists ? rows.out[r] + x * rows.pixel_stride + block.first : dummy;
      s.out_step[r] = exists ? rows.pixel_stride : 0;
    }
    run_any(s, packed, {c.output_zero_point, c.output_min, c.output_max});
  }

  static void run_block(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block,
                        const uint8_t* packed) {
    const size_t width = c.output_width, reach = c.input_width + c.pad_left;
    size_t begin = (c.pad_left + kStride - 1) / kStride, steps = 0;
    if (block.valid == kEight && begin < width && reach >= begin * kStride + Kernel::kReach) {
      steps = (reach - begin * kStride - Kernel::kReach) / (kStride * kOutputs) + 1;
      if (steps > (width - begin) / kOutputs) steps = (width - begin) / kOutputs;
    }
    if (steps == 0 || width <= kPatchOutputs) begin = width;
    for (size_t x = 0; x < width;) {
      if (x == begin) {
        run_inside(c, rows, block, packed, x, steps);
        x += steps * kOutputs;
        continue;
      }
      const size_t rest = (x < begin ? begin : width) - x,
                   count = rest < kPatchOutputs ? rest : kPatchOutputs;
      run_patch(c, rows, block, packed, x, count);
      x += count;
    }
  }

  static bool supports(const ConvS8& c) {
    return is_depthwise(c) && c.kernel_height == Kernel::kKernel && c.kernel_width == Kernel::kKernel &&
           c.stride_height == kStride && c.stride_width == kStride && c.dilation_height == 1 &&
           c.dilation_width == 1;
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

  // A row of padding.
  static size_t scratch_bytes(const ConvS8& c) { return c.input_width * c.input_channels; }

  static size_t row_groups(const ConvS8& c) { return (c.output_height + kOutputRows - 1) / kOutputRows; }
  static size_t items(const ConvS8& c) { return c.batch * row_groups(c); }

  static Rows find_rows(const ConvS8& c, const int8_t* input, void* output, size_t item,
                        const int8_t* padding) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    const size_t n = item / row_groups(c), y = item % row_groups(c) * kOutputRows;
    Rows rows;
    for (size_t r = 0; r < kInputRows; ++r)
      rows.in[r] = depthwise_row(
          c, input, n, static_cast<ptrdiff_t>(y * kStride + r) - static_cast<ptrdiff_t>(c.pad_top), padding);
    rows.out[0] = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    rows.out[1] = rows.out[0] + strides.row;
    rows.count = c.output_height - y < kOutputRows ? c.output_height - y : kOutputRows;
    rows.pixel_stride = strides.pixel;
    return rows;
  }

  static void run_portion(const ConvS8& c, const void* packed, const int8_t* input, void* output,
                          size_t first_item, size_t last_item, int8_t* scratch) {
    constexpr size_t kBlocks = kDepthwiseGroup / kEight;
    for (size_t first = 0; first < blocks(c); first += kBlocks) {
      const size_t last = first + kBlocks < blocks(c) ? first + kBlocks : blocks(c);
      for (size_t item = first_item; item < last_item; ++item) {
        const Rows rows = find_rows(c, input, output, item, scratch);
        for (size_t i = first; i < last; ++i)
          run_block(c, rows, eight_block(c.input_channels, i),
                    static_cast<const uint8_t*>(packed) + i * kBlockBytes);
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
