// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 of any kernel, stride, dilation and padding on NEON.
//
// The addresses of an output pixel's taps are collected, input_zero_point standing in for
// those outside; along a row they only move on. Then, for eight channels of a few outputs at a time, two taps
// make a chain of products in s16 (conv_s8_depthwise_chains.h). An odd number of taps ends with
// its last tap once more and a weight of zero.
//
// Weights of a block: s8 [tap][8].
#include "kernels/arm/conv_s8_depthwise_chains.h"

namespace octet::kernels {
namespace {

#if defined(__aarch64__)
constexpr size_t kMostOutputs = 4;
#else
constexpr size_t kMostOutputs = 2;
#endif

size_t tap_pairs(const ConvS8& c) { return (c.kernel_height * c.kernel_width + 1) / 2; }
size_t block_bytes(const ConvS8& c) { return kEightHeader + 2 * tap_pairs(c) * kEight; }

bool supports(const ConvS8& c) { return is_depthwise(c) && c.input_channels >= kEight; }

size_t packed_bytes(const ConvS8& c) { return depthwise_blocks(c.input_channels, kEight) * block_bytes(c); }

void pack(const ConvS8& c, void* packed) {
  const size_t taps = c.kernel_height * c.kernel_width;
  auto* to = static_cast<uint8_t*>(packed);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kEight); ++b) {
    const DepthwiseBlock block = eight_block(c.input_channels, b);
    pack_eight_header(c, block, to);
    to += kEightHeader;
    for (size_t t = 0; t < 2 * tap_pairs(c); ++t)
      for (size_t i = 0; i < kEight; ++i)
        *to++ = t < taps ? static_cast<uint8_t>(c.weights[(block.first + i) * taps + t]) : 0;
  }
}

// The addresses of the taps, then a row of padding.
size_t taps_bytes(const ConvS8& c) { return 2 * tap_pairs(c) * sizeof(const int8_t*); }
size_t scratch_bytes(const ConvS8& c) { return taps_bytes(c) + c.input_width * c.input_channels; }

size_t items(const ConvS8& c) { return c.batch * c.output_height; }

// Outputs of one row whose taps are moved by in_step from one to the next.
struct Span {
  const int8_t* const* taps;
  size_t count, pairs;
  size_t in_step, out_step;  // bytes
  int8_t* out;
};

// What stays the same for a block.
struct Constants {
  const int32_t* bias;
  const uint8_t* weights;
  RequantizeEight requantize;
  RequantizeRange range;
};

// kOutputs outputs, `channel` bytes behind the taps.
template <size_t kOutputs>
inline void run_outputs(const Span& s, const Constants& k, size_t channel, int8_t* out) {
  EightSums acc[kOutputs];
  const uint8_t* weights = k.weights;
#pragma GCC unroll 4
  for (size_t i = 0; i < kOutputs; ++i) acc[i] = {vld1q_s32(k.bias), vld1q_s32(k.bias + 4)};
  for (size_t t = 0; t < 2 * s.pairs; t += 2, weights += 2 * kEight) {
    const int8_t *first = s.taps[t] + channel, *second = s.taps[t + 1] + channel;
    const int8x8_t w0 = load_eight(weights), w1 = load_eight(weights + kEight);
#pragma GCC unroll 4
    for (size_t i = 0; i < kOutputs; ++i) {
      const int16x8_t chain =
          vmlal_s8(vmull_s8(vld1_s8(first + i * s.in_step), w0), vld1_s8(second + i * s.in_step), w1);
      add_chain(chain, &acc[i]);
    }
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < kOutputs; ++i)
    vst1_s8(out + i * s.out_step, requantize_8(acc[i].low, acc[i].high, k.requantize, k.range));
}

void run_block(const Span& s, const Constants& constants, size_t channel) {
  const Constants k = constants;  // a copy can live in registers
  int8_t* out = s.out + channel;
  size_t x = 0;
  for (; x + kMostOutputs <= s.count; x += kMostOutputs) {
    run_outputs<kMostOutputs>(s, k, channel, out);
    channel += kMostOutputs * s.in_step;
    out += kMostOutputs * s.out_step;
  }
  for (; x < s.count; ++x, channel += s.in_step, out += s.out_step) run_outputs<1>(s, k, channel, out);
}

void run_span(const ConvS8& c, const Span& span, const void* packed, const RequantizeRange& range) {
  const auto* block = static_cast<const uint8_t*>(packed);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kEight); ++b, block += block_bytes(c)) {
    const Constants constants = {reinterpret_cast<const int32_t*>(block), block + kEightHeader,
                                 load_requantize(block), range};
    run_block(span, constants, depthwise_first_channel(c.input_channels, kEight, b));
  }
}

void run(const ConvS8& c, const void* packed, const int8_t* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const ConvS8OutputStrides strides = conv_s8_output_strides(c);
  const RequantizeRange range(c.output_zero_point, c.output_min, c.output_max);
  auto** taps = static_cast<const int8_t**>(scratch);
  auto* padding = static_cast<int8_t*>(scratch) + taps_bytes(c);
  std::memset(padding, c.input_zero_point, c.input_width * c.input_channels);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t n = item / c.output_height, y = item % c.output_height;
    int8_t* row = static_cast<int8_t*>(output) + n * strides.batch + y * strides.row;
    for_each_span(c, input, n, y, padding, taps, [&](const int8_t** span_taps, size_t x, size_t count) {
      const size_t count_taps = c.kernel_height * c.kernel_width;
      if (count_taps % 2 != 0) span_taps[count_taps] = span_taps[count_taps - 1];
      run_span(c,
               {span_taps, count, tap_pairs(c), c.stride_width * c.input_channels, strides.pixel,
                row + x * strides.pixel},
               packed, range);
    });
    if (c.output_table) depthwise_apply_table(c, row, strides.pixel);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_neon_kernel;
const ConvS8Kernel conv_s8_depthwise_neon_kernel = {
    "conv_s8_depthwise_neon", kNeon, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
