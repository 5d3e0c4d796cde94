// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a square kernel of 3 or 5 and stride 1 or 2 on x86: 5x5 on all
// instruction sets, 3x3 on AVX2 (conv_s8_depthwise_3x3.h has it for VNNI). A block of W channels, one vector
// V wide, is computed in strips of one or two output rows:
//
//   fill          interleave input pixels into the slots of conv_s8_depthwise_shapes.h, once for both
//                 rows: a line [step][slot][quarter] of vectors, in L1. Pixels outside are zero points.
//   run_vector    per quarter and output row, weights in registers: four neighbouring outputs at a time,
//                 acc = bias + sum of slots * weights, requantized to [x0 x1 x2 x3] in each 128-bit lane
//   write_outputs transpose the quarters back into pixels, clamp, store
//
// Unpacking keeps to 128-bit lanes: quarter j of a block holds in lane l its channels 16 l + 4 j ... + 3.
//
// Arithmetic (conv_s8_depthwise_quads.h, conv_s8_depthwise_pairs.h) says how pixels interleave, what
// a product is and how shifts are taken. Blocks are as wide as its widest vector; the last ones are
// narrower and moved back so that they end at the last channel, or partial where there is no room.
//
// conv_s8_depthwise_lines_pack.h describes a packed block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/x86/conv_s8_depthwise_lines_pack.h"

namespace octet::kernels {
namespace {

template <size_t kValue>
struct Index {
  static constexpr size_t value = kValue;
};

// body(Index<0>), ..., body(Index<kCount - 1>): loops over registers must be gone before they are allocated.
template <size_t kCount, size_t kFirst = 0, class Body>
__attribute__((always_inline)) inline void unroll(const Body& body) {
  if constexpr (kFirst < kCount) {
    body(Index<kFirst>{});
    unroll<kCount, kFirst + 1>(body);
  }
}

template <class Arithmetic, class Shape>
struct DepthwiseLines {
  using Pack = DepthwiseLinesPack<Arithmetic, Shape>;
  static constexpr size_t kElements = Arithmetic::kElements, kMaxWidth = Arithmetic::kMaxWidth;
  static constexpr size_t kTaps = Pack::kTaps, kSlots = Pack::kSlots, kRows = Pack::kRows;
  static constexpr size_t kLastStep = Pack::last_step(kSlots);

  // Scratch: lines, results, pixels at the edges, a row of padding.

  static constexpr size_t strip_outputs(size_t width) {
    const size_t outputs = 10240 / (4 * kSlots * width) / 4 * 4;
    return outputs < 64 ? outputs : 64;
  }
  static constexpr size_t line_bytes(size_t width) {
    return (strip_outputs(width) + kLastStep) * kSlots * width;
  }
  static constexpr size_t results_offset() {
    size_t most = 0;
    for (size_t width = 16; width <= kMaxWidth; width *= 2)
      most = 4 * line_bytes(width) > most ? 4 * line_bytes(width) : most;
    return (most + 63) / 64 * 64;
  }
  static constexpr size_t edges_offset() { return results_offset() + 64 * 64; }
  static constexpr size_t padding_offset() {
    return edges_offset() + Shape::kInputRows * Shape::kColumns * 64;
  }
  static size_t scratch_bytes(const ConvS8& c) {
    return padding_offset() + c.input_width * c.input_channels + 64;
  }

  // Running.

  struct Rows {
    const int8_t* in[Shape::kInputRows];
    int8_t* out;
    size_t count, row_stride, pixel_stride;
  };
  struct Strip {
    size_t x, count;
  };

  static size_t row_groups(const ConvS8& c) { return (c.output_height + kRows - 1) / kRows; }
  static size_t items(const ConvS8& c) { return c.batch * row_groups(c); }

  template <class V, class Address>
  static __attribute__((always_inline)) inline void fill_step(const Address& address, uint8_t* to) {
    unroll<kSlots>([&](auto slot) __attribute__((always_inline)) {
      V pixels[kElements], quarters[4];
      unroll<kElements>([&](auto i) __attribute__((always_inline)) {
        constexpr LinePixel kPixel = Shape::kPixels[slot.value][i.value];
        pixels[i.value] = Arithmetic::prepare(load<V>(address(kPixel.row, kPixel.column)));
      });
      Arithmetic::interleave(pixels, quarters);
      unroll<4>([&](auto j) __attribute__((always_inline)) {
        store(to + (slot.value * 4 + j.value) * sizeof(V), quarters[j.value]);
      });
    });
  }

  // A step that reaches outside the input, or whose vectors would: through the addresses of its pixels.
  template <class V>
  static __attribute__((noinline)) void fill_edge(const ConvS8& c, const Rows& rows,
                                                  const DepthwiseBlock& block, size_t column,
                                                  uint8_t* scratch, uint8_t* to) {
    const auto* padding = reinterpret_cast<const int8_t*>(scratch + padding_offset());
    auto* copy = reinterpret_cast<int8_t*>(scratch + edges_offset());
    const int8_t* pixels[Shape::kInputRows][Shape::kColumns];
    unroll<Shape::kColumns>([&](auto k) __attribute__((always_inline)) {
      const size_t x = column + k.value;  // left of the input: wraps
      const bool inside = x < c.input_width;
      const size_t at = inside ? x * c.input_channels + block.first : 0;
      unroll<Shape::kInputRows>([&](auto r) __attribute__((always_inline)) {
        pixels[r.value][k.value] = (inside ? rows.in[r.value] : padding) + at;
      });
    });
    for (size_t i = 0; block.valid < sizeof(V) && i < Shape::kInputRows * Shape::kColumns; ++i, copy += 64) {
      const int8_t*& pixel = pixels[i / Shape::kColumns][i % Shape::kColumns];
      std::memcpy(copy, pixel, block.valid);
      pixel = copy;
    }
    fill_step<V>(
        [&](size_t row, size_t k) __attribute__((always_inline)) { return pixels[row][k]; }, to);
  }

  // Steps whose columns lie inside, from the pixel `at` bytes into the rows on.
  template <class V>
  static __attribute__((noinline)) void fill_inside(const ConvS8& c, const Rows& rows, size_t at,
                                                    size_t count, uint8_t* to) {
    const size_t pixel = c.input_channels;
    const int8_t* in[Shape::kInputRows];
    for (size_t r = 0; r < Shape::kInputRows; ++r) in[r] = rows.in[r] + at;
    for (; count > 0; --count, to += 4 * kSlots * sizeof(V)) {
      fill_step<V>(
          [&](size_t row, size_t k) __attribute__((always_inline)) { return in[row] + k * pixel; }, to);
      unroll<Shape::kInputRows>([&](auto r) __attribute__((always_inline)) {
        in[r.value] += Shape::kStride * pixel;
      });
    }
  }

  template <class V>
  static void fill(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, Strip strip,
                   uint8_t* scratch) {
    const size_t safe = safe_columns(c, block);
    const size_t steps = strip.count + kLastStep;
    for (size_t s = 0; s < steps;) {
      const size_t column = (strip.x + s) * Shape::kStride - c.pad_left;  // left of the input: wraps
      uint8_t* to = scratch + s * 4 * kSlots * sizeof(V);
      if (column < safe && column + Shape::kColumns <= safe) {
        const size_t inside = (safe - column - Shape::kColumns) / Shape::kStride + 1;
        const size_t count = inside < steps - s ? inside : steps - s;
        fill_inside<V>(c, rows, column * c.input_channels + block.first, count, to);
        s += count;
      } else {
        fill_edge<V>(c, rows, block, column, scratch, to);
        ++s;
      }
    }
  }

  // kOutputs neighbouring outputs of one quarter: s8 [x0 x1 x2 x3] in each lane.
  template <class V, bool kLeft, size_t kOutputs>
  static __attribute__((always_inline)) inline V run_outputs(const uint8_t* part, const V (&weights)[kTaps],
                                                             const uint8_t* line, V zero_point) {
    constexpr size_t kBytes = sizeof(V);
    V acc[kOutputs];
    unroll<kOutputs>([&](auto i) __attribute__((always_inline)) { acc[i.value] = load<V>(part); });
    unroll<kSlots>([&](auto slot) __attribute__((always_inline)) {
      unroll<kOutputs + Pack::last_step(slot.value)>([&](auto step) __attribute__((always_inline)) {
        const V data = load<V>(line + (step.value * kSlots + slot.value) * 4 * kBytes);
        unroll<kOutputs>([&](auto i) __attribute__((always_inline)) {
          constexpr size_t kTap = Pack::find_tap(slot.value, step.value - i.value);
          if constexpr (kTap < kTaps)
            acc[i.value] = Arithmetic::multiply_add(acc[i.value], data, weights[kTap]);
        });
      });
    });
    unroll<kOutputs>([&](auto i) __attribute__((always_inline)) {
      if constexpr (kLeft) acc[i.value] = shift_left_each(acc[i.value], load<V>(part + 2 * kBytes));
      acc[i.value] = shift_right_each(acc[i.value], load<V>(part + kBytes));
    });
    const V m = load<V>(part + 3 * kBytes);
    const V low = requantize_s16(pack32(acc[0], acc[1]), m, zero_point);
    if constexpr (kOutputs == 2)
      return pack16(low, low);
    else
      return pack16(low, requantize_s16(pack32(acc[2], acc[3]), m, zero_point));
  }

  // One output row of one quarter. Outputs beyond `count` come out as anything.
  template <class V, bool kLeft>
  static __attribute__((noinline)) void run_vector(const uint8_t* part, size_t row, const uint8_t* line,
                                                   size_t count, V zero_point, uint8_t* results) {
    V weights[kTaps];
    unroll<kTaps>([&](auto t) __attribute__((always_inline)) {
      weights[t.value] = load<V>(part + (4 + row * kTaps + t.value) * sizeof(V));
    });
    size_t x = 0;
    for (; x + 2 < count; x += 4, line += 16 * kSlots * sizeof(V), results += sizeof(V))
      store(results, run_outputs<V, kLeft, 4>(part, weights, line, zero_point));
    if (x < count) store(results, run_outputs<V, kLeft, 2>(part, weights, line, zero_point));
  }

  // The quarters' results of four outputs -> four pixels.
  template <class V>
  static __attribute__((always_inline)) inline void transpose(const uint8_t* results, V min, V max,
                                                              V (&pixels)[4]) {
    constexpr size_t kPlane = strip_outputs(sizeof(V)) / 4 * sizeof(V);
    const V a = load<V>(results), b = load<V>(results + kPlane), d = load<V>(results + 2 * kPlane),
            e = load<V>(results + 3 * kPlane);
    const V low_ab = low32(a, b), high_ab = high32(a, b), low_de = low32(d, e), high_de = high32(d, e);
    pixels[0] = low64(low_ab, low_de);
    pixels[1] = high64(low_ab, low_de);
    pixels[2] = low64(high_ab, high_de);
    pixels[3] = high64(high_ab, high_de);
    unroll<4>([&](auto i)
                  __attribute__((always_inline)) { pixels[i.value] = clamp(pixels[i.value], min, max); });
  }

  template <class V>
  static __attribute__((noinline)) void write_outputs(const ConvS8& c, const DepthwiseBlock& block,
                                                      const uint8_t* results, size_t count, int8_t* out,
                                                      size_t pixel_stride) {
    const V min = splat8<V>(c.output_min), max = splat8<V>(c.output_max);
    V pixels[4];
    size_t x = 0;
    for (; block.valid == sizeof(V) && x + 4 <= count; x += 4, results += sizeof(V)) {
      transpose<V>(results, min, max, pixels);
      unroll<4>([&](auto i)
                    __attribute__((always_inline)) { store(out + i.value * pixel_stride, pixels[i.value]); });
      out += 4 * pixel_stride;
    }
    for (; x < count; x += 4, results += sizeof(V)) {
      transpose<V>(results, min, max, pixels);
      unroll<4>([&](auto i) __attribute__((always_inline)) {
        if (x + i.value >= count) return;
        block.valid == sizeof(V) ? store(out, pixels[i.value])
                                 : store_first(out, pixels[i.value], block.valid);
        out += pixel_stride;
      });
    }
  }

  template <class V>
  static void run_strip(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, const uint8_t* packed,
                        Strip strip, uint8_t* scratch) {
    const V zero_point = splat16<V>(64 * c.output_zero_point + 32);
    const auto* has_left = reinterpret_cast<const int32_t*>(packed);
    uint8_t* results = scratch + results_offset();
    fill<V>(c, rows, block, strip, scratch);
    for (size_t row = 0; row < rows.count; ++row) {
      for (size_t j = 0; j < 4; ++j) {
        const uint8_t* part = packed + 64 + j * Pack::part_bytes(sizeof(V));
        const uint8_t* line = scratch + j * sizeof(V);
        uint8_t* to = results + j * (strip_outputs(sizeof(V)) / 4 * sizeof(V));
        if (Arithmetic::kShiftsLeft && has_left[j])
          run_vector<V, Arithmetic::kShiftsLeft>(part, row, line, strip.count, zero_point, to);
        else
          run_vector<V, false>(part, row, line, strip.count, zero_point, to);
      }
      int8_t* out = rows.out + row * rows.row_stride + strip.x * rows.pixel_stride + block.first;
      write_outputs<V>(c, block, results, strip.count, out, rows.pixel_stride);
    }
  }

  template <class V>
  static void run_block(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, const uint8_t* packed,
                        uint8_t* scratch) {
    constexpr size_t kMost = strip_outputs(sizeof(V));
    const size_t strips = (c.output_width + kMost - 1) / kMost;
    const size_t length = ((c.output_width + strips - 1) / strips + 3) / 4 * 4;
    for (size_t x = 0; x < c.output_width; x += length) {
      const size_t rest = c.output_width - x;
      run_strip<V>(c, rows, block, packed, {x, rest < length ? rest : length}, scratch);
    }
  }

  static void run_any(const ConvS8& c, const Rows& rows, const DepthwiseBlock& block, const uint8_t* packed,
                      uint8_t* scratch) {
#ifdef __AVX512BW__
    if (block.width == 64) return run_block<__m512i>(c, rows, block, packed, scratch);
#endif
    block.width == 32 ? run_block<__m256i>(c, rows, block, packed, scratch)
                      : run_block<__m128i>(c, rows, block, packed, scratch);
  }

  static Rows find_rows(const ConvS8& c, const int8_t* input, void* output, size_t item,
                        const int8_t* padding) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    const size_t n = item / row_groups(c), y = item % row_groups(c) * kRows;
    Rows rows;
    for (size_t r = 0; r < Shape::kInputRows; ++r)
      rows.in[r] = depthwise_row(
          c, input, n, static_cast<ptrdiff_t>(y * Shape::kStride + r) - static_cast<ptrdiff_t>(c.pad_top),
          padding);
    rows.out = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    rows.count = c.output_height - y < kRows ? c.output_height - y : kRows;
    rows.row_stride = strides.row;
    rows.pixel_stride = strides.pixel;
    return rows;
  }

  static void run_portion(const ConvS8& c, const void* packed, const int8_t* input, void* output,
                          size_t first_item, size_t last_item, uint8_t* scratch) {
    const auto* padding = reinterpret_cast<const int8_t*>(scratch + padding_offset());
    for (size_t group = 0; group < c.input_channels; group += kDepthwiseGroup) {
      const size_t behind = group + kDepthwiseGroup;
      for (size_t item = first_item; item < last_item; ++item) {
        const Rows rows = find_rows(c, input, output, item, padding);
        for_each_block<kMaxWidth, true>(
            c.input_channels, group, behind < c.input_channels ? behind : c.input_channels, Pack::block_bytes,
            [&](const DepthwiseBlock& block, size_t offset) {
              run_any(c, rows, block, static_cast<const uint8_t*>(packed) + offset, scratch);
            });
      }
    }
    for (size_t item = first_item; c.output_table && item < last_item; ++item) {
      const Rows rows = find_rows(c, input, output, item, padding);
      for (size_t row = 0; row < rows.count; ++row)
        depthwise_apply_table(c, rows.out + row * rows.row_stride, rows.pixel_stride);
    }
  }

  static void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
                  size_t last_item, void* scratch_memory) {
    auto* scratch = static_cast<uint8_t*>(scratch_memory);
    std::memset(scratch + padding_offset(), c.input_zero_point, c.input_width * c.input_channels + 64);
    for_each_portion(c, kRows, first_item, last_item, [&](size_t first, size_t last) {
      run_portion(c, packed, input, output, first, last, scratch);
    });
  }

  // From 8 channels on, as long as a part of a vector is idle, kernels with blocks of 8 may be faster.
  static bool pays(const ConvS8& c) {
    return c.input_channels < 8 || c.input_channels > Arithmetic::kFewChannels;
  }

  static constexpr ConvS8Kernel kernel(const char* name, CpuFeature feature) {
    return {name, feature, Pack::supports, Pack::packed_bytes, Pack::pack, scratch_bytes, items, run, pays};
  }
};

}  // namespace
}  // namespace octet::kernels
