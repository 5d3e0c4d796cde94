// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s16 of any kernel, stride, dilation and padding on NEON, 8 channels or more:
//
//   acc[0..7] += input[tap][0..7] * weights[tap][0..7]
//
// with smlal, for eight channels of four outputs of a row at a time, which share the loads of weights. s8
// inputs are widened less their zero point as they are loaded (ssubl). The addresses of an output's taps are
// collected, a row of input_zero_point standing in for those outside; along a row they only move on. Exact:
// s32 sums of s16 products, which wrap as the reference's do.
//
// Blocks of 8 channels, the last moved back so that it ends at the last channel. A packed block: the header
// of conv_s16_output_neon.h, then s16 weights[tap][8]. Scratch: the taps' addresses, then the row of padding.
#include "kernels/arm/conv_s16_output_neon.h"
#include "kernels/conv_s8_depthwise.h"

namespace octet::kernels {
namespace {

constexpr size_t kMostOutputs = 4;

bool supports(const ConvS16& c) {
  return c.groups == c.input_channels && c.output_channels == c.input_channels &&
         c.input_channels >= kWideEight;
}

size_t taps(const ConvS16& c) { return c.kernel_height * c.kernel_width; }
size_t block_bytes(const ConvS16& c) { return kWideEightHeader + taps(c) * kWideEight * sizeof(int16_t); }
size_t packed_bytes(const ConvS16& c) {
  return depthwise_blocks(c.input_channels, kWideEight) * block_bytes(c);
}

void pack(const ConvS16& c, void* packed) {
  auto* to = static_cast<uint8_t*>(packed);
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kWideEight); ++b, to += block_bytes(c)) {
    const size_t first = depthwise_first_channel(c.input_channels, kWideEight, b);
    pack_wide_eight_header(c, first, kWideEight, to);
    auto* weights = reinterpret_cast<int16_t*>(to + kWideEightHeader);
    for (size_t t = 0; t < taps(c); ++t)
      for (size_t i = 0; i < kWideEight; ++i) *weights++ = c.weights[(first + i) * taps(c) + t];
  }
}

size_t taps_bytes(const ConvS16& c) { return taps(c) * sizeof(const int8_t*); }
size_t padding_bytes(const ConvS16& c) { return c.input_width * c.input_channels * conv_s16_input_bytes(c); }
size_t scratch_bytes(const ConvS16& c) { return taps_bytes(c) + padding_bytes(c); }

size_t items(const ConvS16& c) { return c.batch * c.output_height; }  // rows of output

// Outputs of one row, whose taps are moved by in_step bytes from one to the next. The first is element `at`
// of the output, others out_step elements behind.
struct Span {
  const int8_t* const* taps;
  size_t tap_count, count;
  size_t in_step, at, out_step;
  void* output;
  int8x8_t zero_point;
};

// Eight inputs less the zero point.
template <bool kS16>
inline int16x8_t load_inputs(const int8_t* from, int8x8_t zero_point) {
  if (kS16) return vreinterpretq_s16_s8(vld1q_s8(from));
  return vsubl_s8(vld1_s8(from), zero_point);
}

// kOutputs outputs whose inputs are `offset` bytes behind the taps.
template <bool kS16, size_t kOutputs>
__attribute__((always_inline)) inline void multiply(const Span& s, const uint8_t* packed, size_t offset,
                                                    int32x4_t (&acc)[kOutputs][2]) {
#pragma GCC unroll 4
  for (size_t i = 0; i < kOutputs; ++i) {
    acc[i][0] = vld1q_s32(wide_bias(packed));
    acc[i][1] = vld1q_s32(wide_bias(packed) + 4);
  }
  const auto* weights = reinterpret_cast<const int16_t*>(packed + kWideEightHeader);
  const size_t step = s.in_step;
  for (const int8_t *const *tap = s.taps, *const *end = tap + s.tap_count; tap != end;
       ++tap, weights += kWideEight) {
    const int8_t* from = *tap + offset;
    const int16x8_t w = vld1q_s16(weights);
#pragma GCC unroll 4
    for (size_t i = 0; i < kOutputs; ++i) {
      const int16x8_t x = load_inputs<kS16>(from + i * step, s.zero_point);
      acc[i][0] = vmlal_s16(acc[i][0], vget_low_s16(x), vget_low_s16(w));
#if defined(__aarch64__)
      acc[i][1] = vmlal_high_s16(acc[i][1], x, w);
#else
      acc[i][1] = vmlal_s16(acc[i][1], vget_high_s16(x), vget_high_s16(w));
#endif
    }
  }
}

// Outputs from number x of the span on: the channels of one block, the first of them `channel`.
template <bool kS16, size_t kOutputs>
__attribute__((noinline)) void run_outputs(const Span& s, const uint8_t* packed, size_t x, size_t channel,
                                           const WideEpilogue& e) {
  int32x4_t acc[kOutputs][2];
  multiply<kS16>(s, packed, x * s.in_step + channel * (kS16 ? 2 : 1), acc);
  int32x4_t sums[kOutputs][2];  // gcc for ARMv7 keeps in memory what the outputs' loops index
#pragma GCC unroll 4
  for (size_t i = 0; i < kOutputs; ++i) {
    sums[i][0] = acc[i][0];
    sums[i][1] = acc[i][1];
  }
  finish_wide(packed, sums, {s.output, s.at + x * s.out_step + channel, s.out_step, kWideEight}, e);
}

template <bool kS16>
void run_span(const ConvS16& c, const uint8_t* packed, const Span& span, const WideEpilogue& e) {
  for (size_t b = 0; b < depthwise_blocks(c.input_channels, kWideEight); ++b, packed += block_bytes(c)) {
    const size_t channel = depthwise_first_channel(c.input_channels, kWideEight, b);
    size_t x = 0;
    for (; x + kMostOutputs <= span.count; x += kMostOutputs)
      run_outputs<kS16, kMostOutputs>(span, packed, x, channel, e);
    for (; x < span.count; ++x) run_outputs<kS16, 1>(span, packed, x, channel, e);
  }
}

void run(const ConvS16& c, const void* packed, const void* input, void* output, size_t first_item,
         size_t last_item, void* scratch) {
  const WideEpilogue e(c);
  auto** taps_at = static_cast<const int8_t**>(scratch);
  auto* padding = static_cast<int8_t*>(scratch) + taps_bytes(c);
  std::memset(padding, c.input_zero_point, padding_bytes(c));  // 0 for s16
  ConvS8 in_bytes = c;  // whose channels are bytes, for the addresses of the taps
  in_bytes.input_channels *= conv_s16_input_bytes(c);
  Span span = {taps_at, taps(c),           0,      c.stride_width * in_bytes.input_channels,
               0,       c.output_channels, output, vdup_n_s8(static_cast<int8_t>(c.input_zero_point))};
  for (size_t item = first_item; item < last_item; ++item)
    for_each_span(in_bytes, static_cast<const int8_t*>(input), item / c.output_height, item % c.output_height,
                  padding, taps_at, [&](const int8_t**, size_t x, size_t count) {
                    span.count = count;
                    span.at = (item * c.output_width + x) * c.output_channels;
                    const auto* blocks = static_cast<const uint8_t*>(packed);
                    c.input_s16 ? run_span<true>(c, blocks, span, e) : run_span<false>(c, blocks, span, e);
                  });
}

}  // namespace

extern const ConvS16Kernel conv_s16_depthwise_neon_kernel;
const ConvS16Kernel conv_s16_depthwise_neon_kernel = {
    "conv_s16_depthwise_neon", kNeon, supports, packed_bytes, pack, scratch_bytes, items, run};

}  // namespace octet::kernels
