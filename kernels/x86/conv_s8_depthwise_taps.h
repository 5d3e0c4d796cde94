// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on VNNI.
//
// The addresses of an output pixel's taps are collected, input_zero_point standing
// in for those outside; along a row they only move on. Four taps at a time are
// interleaved into quads per channel. Missing taps of the last quad are its last
// tap once more with a weight of zero.
// conv_s8_depthwise_blocks.h describes blocks.
//
// Weights of a block: [quad of taps][quad vector j] vectors.
#pragma once

#include "kernels/x86/conv_s8_depthwise_blocks.h"

namespace octet::kernels {
namespace {

inline size_t tap_quads(const ConvS8& c) { return (c.kernel_height * c.kernel_width + 3) / 4; }

// Outputs of one row whose taps are moved by in_step from one to the next.
struct Span {
  const int8_t* const* taps;
  size_t count, quads;
  size_t in_step, out_step;  // bytes
  int8_t* out;
};

template <class V>
inline void add_quad(const int8_t* const* taps, size_t channel, const uint8_t* weights, V (&acc)[4]) {
  V data[4];
  interleave(flip(load<V>(taps[0] + channel)), flip(load<V>(taps[1] + channel)),
             flip(load<V>(taps[2] + channel)), flip(load<V>(taps[3] + channel)), data);
#pragma GCC unroll 4
  for (size_t j = 0; j < 4; ++j) acc[j] = dot_u8s8(acc[j], data[j], load<V>(weights + j * sizeof(V)));
}

// One block of a span. kQuads: the number of tap quads, or 0 for span.quads.
template <class V, LeftShift kLeft, size_t kQuads>
void run_block(const ConvS8& c, const Span& span, const uint8_t* block, size_t channel) {
  constexpr size_t kBytes = sizeof(V);
  const DepthwiseCommon<V> common(c);
  const uint8_t* weights = block + block_header_bytes(kBytes);
  const size_t quads = kQuads ? kQuads : span.quads;
  int8_t* out = span.out + channel;
  for (size_t x = 0; x < span.count; ++x, out += span.out_step, channel += span.in_step) {
    V acc[4] = {load<V>(block), load<V>(block + kBytes), load<V>(block + 2 * kBytes),
                load<V>(block + 3 * kBytes)};
#pragma GCC unroll 3
    for (size_t i = 0; i < quads; ++i) add_quad(span.taps + 4 * i, channel, weights + 4 * kBytes * i, acc);
    const V low = requantize_half<V, kLeft>(acc[0], acc[1], block, 0, common);
    const V high = requantize_half<V, kLeft>(acc[2], acc[3], block, 1, common);
    store(out, clamp(pack16(low, high), common.min, common.max));
  }
}

template <class V>
void run_vector(const ConvS8& c, const Span& span, const uint8_t* block, size_t channel) {
  if (has_left_shift(block, sizeof(V)))
    return run_block<V, LeftShift::kSaturates, 0>(c, span, block, channel);
  span.quads == 3 ? run_block<V, LeftShift::kNone, 3>(c, span, block, channel)
                  : run_block<V, LeftShift::kNone, 0>(c, span, block, channel);
}

template <size_t kMaxWidth>
struct DepthwiseTaps {
  static bool supports(const ConvS8& c) { return is_depthwise(c) && c.input_channels >= 16; }

  template <class Body>
  static size_t for_blocks(const ConvS8& c, const Body& body) {
    const auto bytes = [&](size_t width) { return block_header_bytes(width) + tap_quads(c) * 4 * width; };
    return for_each_block<kMaxWidth, false>(c.input_channels, 0, c.input_channels, bytes, body);
  }

  static size_t packed_bytes(const ConvS8& c) {
    return for_blocks(c, [](const DepthwiseBlock&, size_t) {});
  }

  static void pack(const ConvS8& c, void* packed) {
    const size_t taps = c.kernel_height * c.kernel_width;
    for_blocks(c, [&](const DepthwiseBlock& block, size_t offset) {
      uint8_t* to = static_cast<uint8_t*>(packed) + offset;
      pack_block_header(c, block, to);
      auto* weights = reinterpret_cast<int8_t*>(to + block_header_bytes(block.width));
      for (size_t quad = 0; quad < tap_quads(c); ++quad)
        for (size_t i = 0; i < block.width; ++i)
          for (size_t t = 4 * quad; t < 4 * quad + 4; ++t)
            *weights++ = t < taps ? block_weight(c, block, i, t) : int8_t{0};
    });
  }

  // The addresses of the taps, then a row of padding.
  static size_t taps_bytes(const ConvS8& c) { return 4 * tap_quads(c) * sizeof(const int8_t*); }
  static size_t scratch_bytes(const ConvS8& c) {
    return taps_bytes(c) + c.input_width * c.input_channels + 64;
  }

  static size_t items(const ConvS8& c) { return c.batch * c.output_height; }

  static void run_span(const ConvS8& c, const Span& span, const void* packed) {
    for_blocks(c, [&](const DepthwiseBlock& block, size_t offset) {
      const uint8_t* at = static_cast<const uint8_t*>(packed) + offset;
#ifdef __AVX512BW__
      if (block.width == 64) return run_vector<__m512i>(c, span, at, block.first);
#endif
      block.width == 32 ? run_vector<__m256i>(c, span, at, block.first)
                        : run_vector<__m128i>(c, span, at, block.first);
    });
  }

  static void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
                  size_t last_item, void* scratch) {
    const ConvS8OutputStrides strides = conv_s8_output_strides(c);
    auto** taps = static_cast<const int8_t**>(scratch);
    auto* padding = static_cast<int8_t*>(scratch) + taps_bytes(c);
    std::memset(padding, c.input_zero_point, c.input_width * c.input_channels);
    for (size_t item = first_item; item < last_item; ++item) {
      const size_t n = item / c.output_height, y = item % c.output_height;
      int8_t* row = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
      for_each_span(c, input, n, y, padding, taps, [&](const int8_t** span_taps, size_t x, size_t count) {
        const size_t count_taps = c.kernel_height * c.kernel_width;
        for (size_t t = count_taps; t % 4 != 0; ++t) span_taps[t] = span_taps[count_taps - 1];
        run_span(c,
                 {span_taps, count, tap_quads(c), c.stride_width * c.input_channels, strides.pixel,
                  row + x * strides.pixel},
                 packed);
      });
      depthwise_apply_table(c, row, strides.pixel);
    }
  }

  static constexpr ConvS8Kernel kernel(const char* name, CpuFeature feature) {
    return {name, feature, supports, packed_bytes, pack, scratch_bytes, items, run};
  }
};

}  // namespace
}  // namespace octet::kernels
