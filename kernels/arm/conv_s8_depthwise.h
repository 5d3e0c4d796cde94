// SPDX-License-Identifier: Apache-2.0
//
// The frame of the depthwise conv_s8 kernels on ARM whose columns of input pass through
// registers: a square kernel, dilation 1, blocks of eight channels, one or two rows of
// output at a time. Builds for AArch64 and ARMv7.
//
// Groups of blocks, up to the 64 channels of a cache line, are computed one after another. For a group,
// the rows of input that a few rows of output read are copied into a ring of rows in scratch, with
// input_zero_point around them: the loops know no edges and loads never leave the tensor.
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
//   inside<begin>(pixels, ring, out)       a step: its outputs go to out[0] and, if there are 16, to out[1]
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

constexpr size_t kRingBytes = 32 * 1024;  // of all rows
constexpr size_t kMostItems = 8;          // done at once

template <class Kernel>
struct DepthwiseColumns {
  static constexpr size_t kInputRows = Kernel::kInputRows, kOutputRows = Kernel::kOutputRows;
  static constexpr size_t kOutputs = Kernel::kOutputs, kStride = Kernel::kStride;
  static constexpr size_t kBlockBytes = kEightHeader + Kernel::kWeightBytes;
  static constexpr size_t kRoundSteps = Kernel::kAdvance ? Kernel::kRing / Kernel::kAdvance : 1;
  static_assert(kOutputs * kOutputRows <= 2);

  // Rows of input from one item to the next, an item being kOutputRows rows of output.
  static constexpr size_t kItemRows = kOutputRows * kStride;

  // How the work is cut, and scratch: a row of padding, the ring of rows, the outputs of some items where a
  // block is not full.
  struct Plan {
    size_t blocks, group_blocks;
    size_t pixel, columns, row_bytes;  // of a row in scratch
    size_t items, ring_rows;           // done at once; what they read, in the ring

    explicit Plan(const ConvS8& c) {
      const size_t steps = (c.output_width + kOutputs - 1) / kOutputs;
      blocks = depthwise_blocks(c.input_channels, kEight);
      columns = (steps - 1) * kOutputs * kStride + Kernel::kReach;
      group_blocks = blocks < kDepthwiseGroup / kEight ? blocks : kDepthwiseGroup / kEight;
      while (group_blocks > 1 && kInputRows * columns * group_blocks * kEight > kRingBytes)
        group_blocks = (group_blocks + 1) / 2;
      pixel = group_blocks * kEight;
      row_bytes = columns * pixel;
      items = 1;
      while (items < kMostItems && (items * kItemRows + kInputRows) * row_bytes <= kRingBytes) ++items;
      ring_rows = rows_of(items);
    }
    size_t outputs_at() const { return (ring_rows + 1) * row_bytes; }
  };
  static constexpr size_t rows_of(size_t items) { return (items - 1) * kItemRows + kInputRows; }

  // Blocks [first, last), whose channels are [channel, channel + width).
  struct Group {
    size_t first, last, channel, width;
  };
  static Group find_group(const ConvS8& c, const Plan& plan, size_t first) {
    const size_t behind = first + plan.group_blocks, last = behind < plan.blocks ? behind : plan.blocks;
    const size_t channel = eight_block(c.input_channels, first).first;
    const DepthwiseBlock end = eight_block(c.input_channels, last - 1);
    return {first, last, channel, end.first + end.valid - channel};
  }

  // Items of one block, from `channel` of the copied rows to `out`.
  struct Items {
    const int8_t* const* rows;  // of input, rows_of(count)
    size_t count, channel, pixel;
    int8_t* out;
    size_t out_rows, row_stride, pixel_stride;
    size_t width;
    int8_t* dummy;  // takes outputs that do not exist
  };

  // One item: steps from the first output's window on. `half_step`: behind the last, half a one.
  struct Item {
    const int8_t* in[kInputRows];
    size_t pixel, steps;
    bool half_step;
    int8_t* out[2];
    size_t out_step[2];
  };

  static inline Item find_item(const Items& items, size_t index) {
    Item item;
#pragma GCC unroll 6
    for (size_t r = 0; r < kInputRows; ++r) item.in[r] = items.rows[index * kItemRows + r] + items.channel;
    item.pixel = items.pixel;
    item.steps = items.width / kOutputs;
    item.half_step = items.width % kOutputs != 0;
    const bool second = kOutputs == 2 || index * kOutputRows + 1 < items.out_rows;
    item.out[0] = items.out + index * kOutputRows * items.row_stride;
    item.out[1] =
        second ? item.out[0] + (kOutputs == 2 ? items.pixel_stride : items.row_stride) : items.dummy;
    item.out_step[0] = kOutputs * items.pixel_stride;
    item.out_step[1] = second ? item.out_step[0] : 0;
    return item;
  }

  template <class Variant, size_t kBegin>
  static __attribute__((always_inline)) inline void run_step(Variant& kernel, Item& s,
                                                             typename Kernel::Column* ring) {
    kernel.template inside<kBegin>(
        [&](size_t row, size_t k) __attribute__((always_inline)) { return vld1_s8(s.in[row] + k * s.pixel); },
        ring, s.out);
#pragma GCC unroll 6
    for (size_t r = 0; r < kInputRows; ++r) s.in[r] += kOutputs * kStride * s.pixel;
    s.out[0] += s.out_step[0];
    s.out[1] += s.out_step[1];
  }

  // Steps until the ring begins where it did.
  template <class Variant, size_t kBegin = 0>
  static __attribute__((always_inline)) inline void run_round(Variant& kernel, Item& s,
                                                              typename Kernel::Column* ring) {
    run_step<Variant, kBegin>(kernel, s, ring);
    constexpr size_t kNext = (kBegin + Kernel::kAdvance) % Kernel::kRing;
    if constexpr (kNext != 0) run_round<Variant, kNext>(kernel, s, ring);
  }

  template <class Variant>
  static __attribute__((noinline)) void run_items(const Items& items, const uint8_t* packed,
                                                  const RequantizeRange& range) {
    Variant kernel(packed, range);
    for (size_t index = 0; index < items.count; ++index) {
      Item s = find_item(items, index);
      typename Kernel::Column ring[Kernel::kRing];
      kernel.begin([&](size_t row, size_t k) { return vld1_s8(s.in[row] + k * s.pixel); }, ring);
#pragma GCC unroll 6
      for (size_t r = 0; r < kInputRows; ++r) s.in[r] += Kernel::kShared * s.pixel;
      for (size_t rounds = s.steps / kRoundSteps; rounds > 0; --rounds) run_round(kernel, s, ring);
      for (size_t left = s.steps % kRoundSteps + s.half_step; left > 0; --left) {
        if (left == s.half_step) s.out[1] = items.dummy;
        run_step<Variant, 0>(kernel, s, ring);
#pragma GCC unroll 4
        for (size_t k = 0; k < Kernel::kShared; ++k) ring[k] = ring[(k + Kernel::kAdvance) % Kernel::kRing];
      }
    }
  }

  static void run_block(const Items& items, const uint8_t* packed, const RequantizeRange& range) {
    Kernel::is_fast(packed) ? run_items<typename Kernel::Fast>(items, packed, range)
                            : run_items<Kernel>(items, packed, range);
  }

  // The same for fewer than eight channels: in rows of their own, then where they belong.
  static void run_part(const Items& items, size_t channels, const uint8_t* packed,
                       const RequantizeRange& range, int8_t* outputs) {
    Items eight = items;
    eight.out = outputs;
    eight.pixel_stride = kEight;
    eight.row_stride = items.width * kEight;
    run_block(eight, packed, range);
    for (size_t y = 0; y < items.out_rows; ++y)
      for (size_t x = 0; x < items.width; ++x, outputs += kEight)
        store_part(items.out + y * items.row_stride + x * items.pixel_stride, vld1_s8(outputs), channels);
  }

  // Bytes of one pixel, of which eight may be read and written at a time if there are so many.
  static inline void copy_pixel(const int8_t* from, size_t bytes, int8_t* to) {
    if (bytes < kEight) return vst1_s8(to, load_part(from, bytes));
    size_t i = 0;
    for (; i + 16 <= bytes; i += 16) vst1q_s8(to + i, vld1q_s8(from + i));
    if (i == bytes) return;
    if (i + kEight <= bytes) vst1_s8(to + i, vld1_s8(from + i));
    vst1_s8(to + bytes - kEight, vld1_s8(from + bytes - kEight));
  }

  // A group's channels of a row of input, and the padding beside it.
  static __attribute__((noinline)) void copy_row(const ConvS8& c, const Plan& plan, const Group& group,
                                                 const int8_t* row, int8_t* to) {
    const size_t left = c.pad_left < plan.columns ? c.pad_left : plan.columns;
    const size_t rest = plan.columns - left, inside = c.input_width < rest ? c.input_width : rest;
    const size_t pixel = plan.pixel, channels = c.input_channels;
    std::memset(to, c.input_zero_point, left * pixel);
    std::memset(to + (left + inside) * pixel, c.input_zero_point, (rest - inside) * pixel);
    to += left * pixel;
    row += group.channel;
    if (pixel == channels) {
      std::memcpy(to, row, inside * pixel);
    } else if (group.width == 64) {
      for (size_t x = 0; x < inside; ++x, row += channels, to += pixel) copy_pixel(row, 64, to);
    } else {
      for (size_t x = 0; x < inside; ++x, row += channels, to += pixel) copy_pixel(row, group.width, to);
    }
  }

  static bool supports(const ConvS8& c) {
    return is_depthwise(c) && c.kernel_height == Kernel::kKernel && c.kernel_width == Kernel::kKernel &&
           c.stride_height == kStride && c.stride_width == kStride && c.dilation_height == 1 &&
           c.dilation_width == 1;
  }

  static size_t packed_bytes(const ConvS8& c) {
    return depthwise_blocks(c.input_channels, kEight) * kBlockBytes;
  }

  static void pack(const ConvS8& c, void* packed) {
    auto* to = static_cast<uint8_t*>(packed);
    for (size_t i = 0; i < depthwise_blocks(c.input_channels, kEight); ++i, to += kBlockBytes) {
      const DepthwiseBlock block = eight_block(c.input_channels, i);
      pack_eight_header(c, block, to);
      Kernel::pack(c, block, to + kEightHeader);
    }
  }

  static size_t scratch_bytes(const ConvS8& c) {
    const Plan plan(c);
    const size_t rows = c.input_channels < kEight ? plan.items * kOutputRows : 0;
    return plan.outputs_at() + rows * c.output_width * kEight;
  }

  static size_t row_groups(const ConvS8& c) { return (c.output_height + kOutputRows - 1) / kOutputRows; }
  static size_t items(const ConvS8& c) { return c.batch * row_groups(c); }

  // Rows of image n are in the ring up to here.
  struct Copied {
    size_t n, rows;
  };

  // The rows of input of `count` items, copied unless they are there already.
  static void find_rows(const ConvS8& c, const Plan& plan, const Group& group, const int8_t* input,
                        size_t item, size_t count, int8_t* scratch, Copied* copied, const int8_t** rows) {
    const size_t n = item / row_groups(c), first = item % row_groups(c) * kItemRows;
    if (copied->n != n) *copied = {n, 0};
    for (size_t r = 0; r < rows_of(count); ++r) {
      const size_t y = first + r - c.pad_top;  // above the input: wraps
      rows[r] = scratch;
      if (y >= c.input_height) continue;
      int8_t* row = scratch + (1 + y % plan.ring_rows) * plan.row_bytes;
      rows[r] = row;
      if (y < copied->rows) continue;
      copy_row(c, plan, group, depthwise_row(c, input, n, static_cast<ptrdiff_t>(y), nullptr), row);
      copied->rows = y + 1;
    }
  }

  // The outputs of `count` items.
  static Items find_outputs(const ConvS8& c, void* output, size_t item, size_t count) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    const size_t n = item / row_groups(c), y = item % row_groups(c) * kOutputRows;
    Items items = {};
    items.count = count;
    items.out = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    items.out_rows = c.output_height - y < count * kOutputRows ? c.output_height - y : count * kOutputRows;
    items.row_stride = strides.row;
    items.pixel_stride = strides.pixel;
    items.width = c.output_width;
    return items;
  }

  static void run_group(const ConvS8& c, const Plan& plan, const Group& group, const void* packed,
                        const int8_t* input, void* output, size_t first_item, size_t last_item,
                        int8_t* scratch) {
    const RequantizeRange range(c.output_zero_point, c.output_min, c.output_max);
    int8_t dummy[kEight];
    const int8_t* rows[rows_of(kMostItems)];
    Copied copied = {c.batch, 0};
    for (size_t item = first_item, count; item < last_item; item += count) {
      const size_t rest = row_groups(c) - item % row_groups(c);  // of the image
      count = last_item - item < rest ? last_item - item : rest;
      if (count > plan.items) count = plan.items;
      find_rows(c, plan, group, input, item, count, scratch, &copied, rows);
      Items items = find_outputs(c, output, item, count);
      items.rows = rows;
      items.pixel = plan.pixel;
      items.dummy = dummy;
      const uint8_t* block = static_cast<const uint8_t*>(packed) + group.first * kBlockBytes;
      if (c.input_channels < kEight) {
        run_part(items, c.input_channels, block, range, scratch + plan.outputs_at());
        continue;
      }
      int8_t* out = items.out;
      for (size_t i = group.first; i < group.last; ++i, block += kBlockBytes) {
        const size_t channel = eight_block(c.input_channels, i).first;
        items.channel = channel - group.channel;
        items.out = out + channel;
        run_block(items, block, range);
      }
    }
  }

  static void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
                  size_t last_item, void* scratch_memory) {
    const Plan plan(c);
    auto* scratch = static_cast<int8_t*>(scratch_memory);
    std::memset(scratch, c.input_zero_point, plan.row_bytes);
    for_each_portion(c, kOutputRows, first_item, last_item, [&](size_t first, size_t last) {
      for (size_t block = 0; block < plan.blocks; block += plan.group_blocks)
        run_group(c, plan, find_group(c, plan, block), packed, input, output, first, last, scratch);
      for (size_t item = first; c.output_table && item < last; ++item) {
        const Items items = find_outputs(c, output, item, 1);
        for (size_t r = 0; r < items.out_rows; ++r)
          depthwise_apply_table(c, items.out + r * items.row_stride, items.pixel_stride);
      }
    });
  }

  static constexpr ConvS8Kernel kernel(const char* name, CpuFeature feature) {
    return {name, feature, supports, packed_bytes, pack, scratch_bytes, items, run};
  }
};

}  // namespace
}  // namespace octet::kernels
