// SPDX-License-Identifier: Apache-2.0
//
// Packing for conv_s8_depthwise_lines.h.
//
// A packed block: s32 has_left_shift[4], padded to 64 bytes; then per quarter the vectors
// s32 bias, right_shift, left_shift; s16 multiplier, twice the same four channels per lane;
// weights[output row][tap].
#pragma once

#include "kernels/x86/conv_s8_depthwise_blocks.h"
#include "kernels/x86/conv_s8_depthwise_shapes.h"

namespace octet::kernels {
namespace {

template <class Arithmetic, class Shape>
struct DepthwiseLinesPack {
  static constexpr size_t kElements = Arithmetic::kElements, kMaxWidth = Arithmetic::kMaxWidth;
  static constexpr size_t kTaps = Shape::kTaps, kSlots = Shape::kSlots, kRows = Shape::kOutputRows;
  using Weight = typename Arithmetic::Weight;

  // The last step of a tap of this slot, or of all (kSlots).
  static constexpr size_t last_step(size_t slot) {
    size_t last = 0;
    for (const LineTap& tap : Shape::kTapList)
      if ((tap.slot == slot || slot == kSlots) && tap.step > last) last = tap.step;
    return last;
  }

  // The tap, or kTaps where there is none.
  static constexpr size_t find_tap(size_t slot, size_t step) {
    for (size_t t = 0; t < kTaps; ++t)
      if (Shape::kTapList[t].slot == slot && Shape::kTapList[t].step == step) return t;
    return kTaps;
  }

  static constexpr size_t part_bytes(size_t width) { return (4 + kRows * kTaps) * width; }
  static constexpr size_t block_bytes(size_t width) { return 64 + 4 * part_bytes(width); }

  static bool supports(const ConvS8& c) {
    return is_depthwise(c) && c.kernel_height == Shape::kKernel && c.kernel_width == Shape::kKernel &&
           c.stride_height == Shape::kStride && c.stride_width == Shape::kStride && c.dilation_height == 1 &&
           c.dilation_width == 1 && Arithmetic::fits(c);
  }

  static size_t packed_bytes(const ConvS8& c) {
    return for_each_block<kMaxWidth, true>(c.input_channels, 0, c.input_channels, block_bytes,
                                           [](const DepthwiseBlock&, size_t) {});
  }

  // The kernel's tap (ky * kernel + kx) behind each packed weight of a channel, or kNone.
  struct Sources {
    static constexpr uint8_t kNone = 0xff;
    uint8_t tap[kRows][kTaps][kElements];
  };
  static Sources find_sources() {
    Sources sources;
    for (size_t row = 0; row < kRows; ++row) {
      bool taken[Shape::kKernel * Shape::kKernel] = {};
      for (size_t t = 0; t < kTaps; ++t) {
        const LineTap tap = Shape::kTapList[t];
        for (size_t i = 0; i < kElements; ++i) {
          const LinePixel pixel = Shape::kPixels[tap.slot][i];
          const size_t ky = pixel.row - row * Shape::kStride, kx = pixel.column + tap.step * Shape::kStride;
          const size_t at = ky * Shape::kKernel + kx;
          const bool used = ky < Shape::kKernel && kx < Shape::kKernel && !taken[at];
          sources.tap[row][t][i] = used ? static_cast<uint8_t>(at) : Sources::kNone;
          if (used) taken[at] = true;
        }
      }
    }
    return sources;
  }

  // Channel o at place e of a quarter's vectors.
  static void pack_channel(const ConvS8& c, const Sources& sources, size_t o, size_t width, size_t e,
                           uint8_t* part) {
    const DepthwiseChannel channel = Arithmetic::channel(c, o);
    reinterpret_cast<uint32_t*>(part)[e] = channel.bias;
    reinterpret_cast<int32_t*>(part + width)[e] = channel.right;
    reinterpret_cast<int32_t*>(part + 2 * width)[e] = channel.left;
    auto* multiplier = reinterpret_cast<int16_t*>(part + 3 * width) + e / 4 * 8 + e % 4;
    multiplier[0] = multiplier[4] = c.multiplier[o];
    auto* weights = reinterpret_cast<Weight*>(part + 4 * width) + e * kElements;
    const int8_t* from = c.weights + o * Shape::kKernel * Shape::kKernel;
    for (size_t row = 0; row < kRows; ++row)
      for (size_t t = 0; t < kTaps; ++t, weights += width / sizeof(Weight))
        for (size_t i = 0; i < kElements; ++i) {
          const uint8_t at = sources.tap[row][t][i];
          weights[i] = at == Sources::kNone ? Weight{0} : Arithmetic::weight(channel, from[at]);
        }
  }

  static void pack(const ConvS8& c, void* packed) {
    const Sources sources = find_sources();
    const auto pack_block = [&](const DepthwiseBlock& block, size_t offset) {
      uint8_t* to = static_cast<uint8_t*>(packed) + offset;
      std::memset(to, 0, block_bytes(block.width));
      auto* has_left = reinterpret_cast<int32_t*>(to);
      for (size_t i = 0; i < block.valid; ++i) {
        const size_t j = i % 16 / 4, e = i / 16 * 4 + i % 4;
        if (Arithmetic::channel(c, block.first + i).left) has_left[j] = 1;
        pack_channel(c, sources, block.first + i, block.width, e, to + 64 + j * part_bytes(block.width));
      }
    };
    for_each_block<kMaxWidth, true>(c.input_channels, 0, c.input_channels, block_bytes, pack_block);
  }
};

}  // namespace
}  // namespace octet::kernels
