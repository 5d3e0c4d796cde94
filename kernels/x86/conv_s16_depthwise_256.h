// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s16 on 256-bit vectors, 16 channels or more, any geometry. Taps are multiplied two by two:
// the words of two taps' inputs are interleaved, and pmaddwd (or vpdpwssd) adds both products to the
// accumulators of 16 channels. Exact as conv_s16_gemm_256.h. s8 inputs are widened less their zero point as
// they are loaded. Four neighbouring outputs share the loads of weights: loads are the limit.
//
// Blocks of 16 channels, the last moved back so that it ends at the last channel. A packed block: the header
// of conv_s16_output_256.h, then for each pair of taps s16 weights[16][2], in the order of the accumulators;
// an odd last tap is paired with itself and a weight of 0.
//
// Scratch: a row of padding, then the taps' addresses. Dot: conv_s16_gemm_256.h.
#pragma once

#include "kernels/conv_s8_depthwise.h"
#include "kernels/x86/conv_s16_output_256.h"

namespace octet::kernels {
namespace {

template <class Dot>
struct WideDepthwise {
  using Element = int16_t;
  static constexpr size_t kBlock = Gemm256::kPanel;

  static bool supports(const ConvS16& c) {
    return c.groups == c.input_channels && c.output_channels == c.input_channels &&
           c.input_channels >= kBlock;
  }
  static size_t taps(const ConvS16& c) { return c.kernel_height * c.kernel_width; }
  static size_t pairs(const ConvS16& c) { return (taps(c) + 1) / 2; }
  static size_t block_bytes(const ConvS16& c) { return kWideHeaderBytes + pairs(c) * 64; }
  static size_t packed_bytes(const ConvS16& c) {
    return depthwise_blocks(c.input_channels, kBlock) * block_bytes(c);
  }

  static void pack(const ConvS16& c, void* packed) {
    auto* to = static_cast<uint8_t*>(packed);
    for (size_t b = 0; b < depthwise_blocks(c.input_channels, kBlock); ++b, to += block_bytes(c)) {
      const size_t first = depthwise_first_channel(c.input_channels, kBlock, b);
      pack_wide_header(c, first, kBlock, to);
      auto* weights = reinterpret_cast<int16_t*>(to + kWideHeaderBytes);
      for (size_t pair = 0; pair < pairs(c); ++pair)
        for (size_t i = 0; i < kBlock; ++i)
          for (size_t t = 2 * pair; t < 2 * pair + 2; ++t) {
            const size_t o = first + channel_at(kBlock, i);
            *weights++ = t < taps(c) ? c.weights[o * taps(c) + t] : int16_t{0};
          }
    }
  }

  static size_t padding_bytes(const ConvS16& c) {
    return align_64(c.input_width * c.input_channels * conv_s16_input_bytes(c));
  }
  static size_t scratch_bytes(const ConvS16& c) {
    return padding_bytes(c) + 2 * pairs(c) * sizeof(const int8_t*);
  }
  static size_t items(const ConvS16& c) { return c.batch * c.output_height; }  // rows of output

  // 16 inputs less the zero point.
  template <bool kS16>
  static inline __m256i input(const int8_t* from, __m256i zero_point) {
    if (kS16) return load(from);
    return _mm256_sub_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))),
                            zero_point);
  }

  // What all outputs of a span share.
  struct Span {
    const int8_t* const* taps;
    size_t pairs;
    size_t step;  // bytes from one output's inputs to the next's
    __m256i zero_point;
  };

  // kCount outputs, whose inputs are `offset` bytes behind the taps' addresses.
  template <bool kS16, size_t kCount>
  static __attribute__((always_inline)) inline void multiply(const Span& span, size_t offset,
                                                             const uint8_t* packed,
                                                             __m256i (&acc)[kCount][2]) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kCount; ++i) {
      acc[i][0] = load(packed);
      acc[i][1] = load(packed + 32);
    }
    const uint8_t* weights = packed + kWideHeaderBytes;
    const size_t step = span.step;
    for (size_t p = 0; p < span.pairs; ++p, weights += 64) {
      const int8_t *x = span.taps[2 * p] + offset, *y = span.taps[2 * p + 1] + offset;
      const __m256i w0 = load(weights), w1 = load(weights + 32);
#pragma GCC unroll 4
      for (size_t i = 0; i < kCount; ++i) {
        const __m256i xs = input<kS16>(x + i * step, span.zero_point);
        const __m256i ys = input<kS16>(y + i * step, span.zero_point);
        Dot::multiply_add(_mm256_unpacklo_epi16(xs, ys), w0, &acc[i][0]);
        Dot::multiply_add(_mm256_unpackhi_epi16(xs, ys), w1, &acc[i][1]);
      }
    }
  }

  // kCount outputs of all channels from element `at` on.
  template <bool kS16, size_t kCount>
  static void run_outputs(const ConvS16& c, const uint8_t* packed, const Span& span, size_t offset,
                          void* output, size_t at, const WideEpilogue& e) {
    const size_t blocks = depthwise_blocks(c.input_channels, kBlock), bytes = block_bytes(c);
    for (size_t b = 0; b < blocks; ++b, packed += bytes) {
      const size_t first = depthwise_first_channel(c.input_channels, kBlock, b);
      __m256i acc[kCount][2];
      multiply<kS16, kCount>(span, offset + first * (kS16 ? 2 : 1), packed, acc);
      finish_wide<WideDepthwise>(packed, kBlock, output, at + first, c.output_channels, acc, e);
    }
  }

  template <bool kS16>
  static void run_span(const ConvS16& c, const uint8_t* packed, const Span& span, size_t count, void* output,
                       size_t at, const WideEpilogue& e) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
      run_outputs<kS16, 4>(c, packed, span, i * span.step, output, at + i * c.output_channels, e);
    for (; i < count; ++i)
      run_outputs<kS16, 1>(c, packed, span, i * span.step, output, at + i * c.output_channels, e);
  }

  template <bool kS16>
  static void run_rows(const ConvS16& c, const uint8_t* packed, const int8_t* input, void* output,
                       size_t first_item, size_t last_item, int8_t* padding, const int8_t** taps_at) {
    const WideEpilogue e(c);
    ConvS8 in_bytes = c;  // whose channels are bytes, for the addresses of the taps
    in_bytes.input_channels *= conv_s16_input_bytes(c);
    const size_t step = c.stride_width * in_bytes.input_channels;
    const __m256i zero_point = _mm256_set1_epi16(static_cast<int16_t>(c.input_zero_point));
    for (size_t item = first_item; item < last_item; ++item)
      for_each_span(in_bytes, input, item / c.output_height, item % c.output_height, padding, taps_at,
                    [&](const int8_t** taps_of_span, size_t x, size_t count) {
                      if (taps(c) % 2 != 0) taps_of_span[taps(c)] = taps_of_span[taps(c) - 1];
                      const Span span = {taps_of_span, pairs(c), step, zero_point};
                      run_span<kS16>(c, packed, span, count, output,
                                     (item * c.output_width + x) * c.output_channels, e);
                    });
  }

  static void run(const ConvS16& c, const void* packed, const void* input, void* output, size_t first_item,
                  size_t last_item, void* scratch) {
    auto* padding = static_cast<int8_t*>(scratch);
    auto* taps_at = reinterpret_cast<const int8_t**>(padding + padding_bytes(c));
    std::memset(padding, c.input_zero_point, padding_bytes(c));  // 0 for s16
    const auto* blocks = static_cast<const uint8_t*>(packed);
    const auto* bytes = static_cast<const int8_t*>(input);
    if (c.input_s16)
      run_rows<true>(c, blocks, bytes, output, first_item, last_item, padding, taps_at);
    else
      run_rows<false>(c, blocks, bytes, output, first_item, last_item, padding, taps_at);
  }
};

}  // namespace
}  // namespace octet::kernels
