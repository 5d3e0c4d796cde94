// SPDX-License-Identifier: Apache-2.0
//
// What the depthwise conv_s8 kernels on VNNI share. They work on blocks of 64, 32
// or 16 channels in vectors V of as many bytes: four input pixels are interleaved
// into quads of bytes per channel, and vpdpbusd with a quad of weights adds four
// taps exactly.
//
// interleave() keeps to 128-bit lanes: quad vector j holds in lane l the channels
// 16 l + 4 j ... + 3. So do all s32 vectors, and packs brings the channels back in order.
//
// A packed block of W channels: s32 bias[W], right_shift[W], left_shift[W];
// s16 multiplier[W] (first those of quad vectors 0 and 1, then 2 and 3);
// s32 has_left_shift, padded to 64 bytes; then the kernel's weights, quads of s8.
// Inputs are q + 128, and the bias takes (input_zero_point + 128) * sum w back.
//
// The including file defines dot_u8s8(acc, u8, s8) for its vectors first.
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/x86/conv_s8_depthwise.h"
#include "kernels/x86/conv_s8_depthwise_vectors.h"

namespace octet::kernels {
namespace {

// Channels [first, first + valid) of a convolution. Where `twin`, both halves of 32 hold the same 16
// channels, of two pieces of work.
struct DepthwiseBlock {
  size_t first, width, valid;
  bool twin = false;
};

// The block behind `done` channels. The last one is moved back where it would exceed the channels; with fewer
// channels than its width it is partial, valid < width, but no wider than 16 unless `partial`, and never 64.
inline DepthwiseBlock depthwise_block(size_t channels, size_t done, size_t max_width, bool partial) {
  const size_t rest = channels - done;
  const size_t width = max_width == 64 && channels >= 64 && rest > 48 ? 64
                       : rest > 16 && (partial || channels >= 32)     ? 32
                                                                      : 16;
  if (done + width <= channels) return {done, width, width};
  return channels < width ? DepthwiseBlock{0, width, channels}
                          : DepthwiseBlock{channels - width, width, width};
}

// Calls body(block, offset of the packed block) for the blocks from channel `done`, a multiple of the group,
// to `end`; bytes(width) is the size of a packed block. Returns the offset behind them. With kTwins, 16 whole
// channels, which only the last block has, are a twin block.
template <size_t kMaxWidth, bool kPartial, bool kTwins = false, class Bytes, class Body>
inline size_t for_each_block(size_t channels, size_t done, size_t end, const Bytes& bytes, const Body& body) {
  size_t offset = done / kMaxWidth * bytes(kMaxWidth);
  while (done < end) {
    DepthwiseBlock block = depthwise_block(channels, done, kMaxWidth, kPartial);
    done += block.width;
    if (kTwins && block.width == 16 && block.valid == 16) block = {block.first, 32, 16, true};
    body(block, offset);
    offset += bytes(block.width);
  }
  return offset;
}

// Columns of input whose vector ends within the row: all but the last few of a block that is partial.
inline size_t safe_columns(const ConvS8& c, const DepthwiseBlock& block) {
  const size_t row_bytes = c.input_width * c.input_channels;
  if (block.valid == block.width || block.twin) return c.input_width;
  return row_bytes < block.width ? 0 : (row_bytes - block.width) / c.input_channels + 1;
}

constexpr size_t block_header_bytes(size_t width) { return 14 * width + 64; }

// The channel within its block at position i of the s32 vectors: 4 vectors of W / 4.
inline size_t channel_at(size_t width, size_t i) {
  const size_t elements = width / 4, j = i / elements, e = i % elements;
  return e / 4 * 16 + j * 4 + e % 4;
}

// The channel at position i of the s16 multipliers: 2 vectors of W / 2.
inline size_t multiplier_channel(size_t width, size_t i) {
  const size_t elements = width / 2, half = i / elements, e = i % elements;
  return e / 8 * 16 + half * 8 + e % 8;
}

// Channel i of 32 is that of its half in a twin block.
inline size_t twin_channel(const DepthwiseBlock& block, size_t i) { return block.twin ? i % 16 : i; }

// Left shifts are the accumulator's: s8 weights cannot hold them.
inline void pack_block_header(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
  const size_t width = block.width;
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(to) + width;
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* has_left = reinterpret_cast<int32_t*>(multiplier + width);
  std::memset(to, 0, block_header_bytes(width));
  for (size_t i = 0; i < width; ++i) {
    const size_t m = twin_channel(block, multiplier_channel(width, i));
    const size_t channel = twin_channel(block, channel_at(width, i)), o = block.first + channel;
    if (m < block.valid) multiplier[i] = c.multiplier[block.first + m];
    if (channel >= block.valid) continue;
    const int p = c.right_shift[o];
    bias[i] = depthwise_bias(c, o, c.input_zero_point + 128) + (p > 0 ? uint32_t{1} << (p - 1) : 0);
    right[i] = p > 0 ? p : 0;
    left[i] = p < 0 ? -p : 0;
    if (p < 0) *has_left = 1;
  }
}

// The weight of tap `tap` at position i of the s32 vectors.
inline int8_t block_weight(const ConvS8& c, const DepthwiseBlock& block, size_t i, size_t tap) {
  const size_t channel = twin_channel(block, channel_at(block.width, i));
  return channel < block.valid ? c.weights[(block.first + channel) * c.kernel_height * c.kernel_width + tap]
                               : int8_t{0};
}

inline bool has_left_shift(const uint8_t* block, size_t width) { return block[14 * width] != 0; }

// Whether left shifts (p < 0) cannot overflow: the bound of the accumulator * 2^-p < 2^31.
inline bool left_shifts_fit(const ConvS8& c) {
  for (size_t o = 0; o < c.output_channels; ++o)
    if (c.right_shift[o] < 0 && depthwise_bound(c, o) >= int64_t{1} << (31 + c.right_shift[o])) return false;
  return true;
}

// Four pixels of one byte per channel -> four vectors of quads.
template <class V>
inline void interleave(V a, V b, V c, V d, V (&quads)[4]) {
  const V low_ab = low8(a, b), high_ab = high8(a, b), low_cd = low8(c, d), high_cd = high8(c, d);
  quads[0] = low16(low_ab, low_cd);
  quads[1] = high16(low_ab, low_cd);
  quads[2] = low16(high_ab, high_cd);
  quads[3] = high16(high_ab, high_cd);
}

// What all blocks share.
template <class V>
struct DepthwiseCommon {
  V zero_point, min, max, low;
  explicit DepthwiseCommon(const ConvS8& c)
      : zero_point(splat16<V>(64 * c.output_zero_point + 32)),
        min(splat8<V>(c.output_min)),
        max(splat8<V>(c.output_max)),
        low(splat16<V>(64 * (c.output_min - c.output_zero_point) - 32)) {}
};

// How an accumulator becomes s8: with which left shift, and whether s16 is limited before the zero point is
// added, to what becomes output_min. That instruction does not take the products' ports, as adding with
// saturation does, and clamping is done with it, where no limit above is needed (limits_low).
enum class LeftShift { kNoneLimitsLow, kNone, kFits, kSaturates };

inline bool limits_low(const ConvS8& c) { return c.output_zero_point < 0 && c.output_max == 127; }

template <LeftShift kLeft, class V>
inline V clamp_outputs(V q, const DepthwiseCommon<V>& common) {
  return kLeft == LeftShift::kNoneLimitsLow ? q : clamp(q, common.min, common.max);
}

// The s16 results of s32 vectors 2 h and 2 h + 1.
template <class V, LeftShift kLeft>
inline V requantize_half(V a, V b, const uint8_t* block, size_t h, const DepthwiseCommon<V>& common) {
  constexpr size_t kBytes = sizeof(V), kWidth = kBytes;
  const uint8_t *right = block + 4 * kWidth + 2 * h * kBytes, *left = block + 8 * kWidth + 2 * h * kBytes;
  if constexpr (kLeft == LeftShift::kFits) {
    a = shift_left_each(a, load<V>(left));
    b = shift_left_each(b, load<V>(left + kBytes));
  } else if constexpr (kLeft == LeftShift::kSaturates) {
    a = shift_left_saturating(a, load<V>(left));
    b = shift_left_saturating(b, load<V>(left + kBytes));
  }
  const V t = pack32(shift_right_each(a, load<V>(right)), shift_right_each(b, load<V>(right + kBytes)));
  const V multiplier = load<V>(block + 12 * kWidth + h * kBytes);
  return kLeft == LeftShift::kNoneLimitsLow ? requantize_low(t, multiplier, common.low, common.zero_point)
                                            : requantize_s16(t, multiplier, common.zero_point);
}

}  // namespace
}  // namespace octet::kernels
