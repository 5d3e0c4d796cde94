// SPDX-License-Identifier: Apache-2.0
//
// Data of conv_s8 tests: random with extremes, all extremes, or accumulators
// that sit on the ties of every rounding in requantize.
#include "tests/kernels/conv_s8_case.h"

#include <algorithm>

namespace octet::kernels {
namespace {

using testing::Random;

size_t output_size(size_t input, size_t kernel, size_t stride, size_t dilation, size_t pads,
                   bool transposed) {
  const size_t window = dilation * (kernel - 1) + 1;
  if (transposed) return (input - 1) * stride + window - pads;
  return (input + pads - window) / stride + 1;
}

// p around the place where |acc| of `terms` random products fills the s8 range, and now and then far off.
int random_shift(size_t terms, Random* random) {
  int bits = 0;
  while ((size_t{1} << (2 * bits)) < terms) ++bits;
  switch (random->next() % 16) {
    case 0:
      return static_cast<int>(random->in_range(-16, 0));
    case 1:
      return static_cast<int>(random->in_range(24, 31));
    case 2:
      return 0;
    default:
      return static_cast<int>(random->in_range(std::max(bits - 2, -3), bits + 3));
  }
}

}  // namespace

ConvShape square(size_t height, size_t width, size_t channels, size_t outputs, size_t kernel, size_t stride,
                 size_t pad, size_t groups, size_t dilation, size_t batch) {
  return {batch,  height,   width,    channels, outputs, kernel, kernel, stride,
          stride, dilation, dilation, pad,      pad,     pad,    pad,    groups};
}

ConvCase::ConvCase(const ConvShape& s, ConvData data, ConvOutput output, uint64_t seed, bool transposed) {
  Random random(seed);
  conv = {};
  conv.batch = s.batch;
  conv.input_height = s.height;
  conv.input_width = s.width;
  conv.input_channels = s.channels;
  conv.output_channels = s.outputs;
  conv.kernel_height = s.kernel_height;
  conv.kernel_width = s.kernel_width;
  conv.stride_height = s.stride_height;
  conv.stride_width = s.stride_width;
  conv.dilation_height = s.dilation_height;
  conv.dilation_width = s.dilation_width;
  conv.pad_top = s.pad_top;
  conv.pad_left = s.pad_left;
  conv.groups = s.groups;
  conv.output_height = output_size(s.height, s.kernel_height, s.stride_height, s.dilation_height,
                                   s.pad_top + s.pad_bottom, transposed);
  conv.output_width = output_size(s.width, s.kernel_width, s.stride_width, s.dilation_width,
                                  s.pad_left + s.pad_right, transposed);
  fill_data(data, &random);
  fill_requantization(data, &random);
  if (output == ConvOutput::kTable) {
    table.resize(256);
    for (int8_t& t : table) t = random.s8();
    conv.output_table = table.data();
  }
  if (output == ConvOutput::kF32) {
    scale.resize(s.outputs);
    for (float& f : scale) f = random.f32(-0.01f, 0.02f);
    conv.accumulator_scale = scale.data();
  }
}

void ConvCase::fill_data(ConvData data, Random* random) {
  const size_t terms = conv.kernel_height * conv.kernel_width * (conv.input_channels / conv.groups);
  weights.resize(conv.output_channels * terms);
  input.resize(conv.batch * conv.input_height * conv.input_width * conv.input_channels);
  bias.resize(conv.output_channels);
  conv.input_zero_point = static_cast<int32_t>(random->in_range(-128, 127));
  for (int8_t& w : weights) w = random->s8(-127);
  for (int8_t& x : input) x = random->s8();
  for (int32_t& b : bias) b = static_cast<int32_t>(random->in_range(-20000, 20000));
  if (data == ConvData::kExtremes) {
    conv.input_zero_point = random->one_in(2) ? -128 : 127;
    for (int8_t& w : weights) w = random->one_in(4) ? int8_t{127} : int8_t{-127};
    for (int8_t& x : input) x = random->one_in(4) ? int8_t{127} : int8_t{-128};
  }
  if (data == ConvData::kTies) {
    // One weight of 1 per channel: acc runs through consecutive integers around the bias.
    std::fill(weights.begin(), weights.end(), int8_t{0});
    for (size_t o = 0; o < conv.output_channels; ++o) weights[o * terms + random->next() % terms] = 1;
  }
  conv.weights = weights.data();
  conv.bias = random->one_in(8) ? nullptr : bias.data();
}

void ConvCase::fill_requantization(ConvData data, Random* random) {
  const size_t terms = conv.kernel_height * conv.kernel_width * (conv.input_channels / conv.groups);
  conv.output_zero_point = static_cast<int32_t>(random->in_range(-128, 127));
  conv.output_min = random->one_in(2) ? -128 : static_cast<int32_t>(random->in_range(-128, 0));
  conv.output_max = random->one_in(2) ? 127 : static_cast<int32_t>(random->in_range(1, 127));
  for (size_t o = 0; o < conv.output_channels; ++o) {
    int p = random_shift(terms, random);
    int m = static_cast<int>(random->in_range(1 << 14, (1 << 15) - 1));
    if (data == ConvData::kTies) {
      // m = 2^14: every odd t is a tie of the Q15 multiply. The bias puts r near a tie of the last shift.
      p = static_cast<int>(random->in_range(-2, 4));
      m = random->one_in(2) ? 1 << 14 : m;
      const int steps = static_cast<int>(random->in_range(-100, 100));
      bias[o] = p >= 0 ? (steps * 128 + 64) * (1 << p) : (steps * 128 + 64) / (1 << -p);
      bias[o] += conv.input_zero_point;
    } else if (random->one_in(16)) {
      m = 0;
    }
    multiplier.push_back(static_cast<int16_t>(m));
    right_shift.push_back(static_cast<int8_t>(p));
  }
  conv.multiplier = multiplier.data();
  conv.right_shift = right_shift.data();
}

size_t ConvCase::output_span() const {
  const ConvS8OutputStrides s = conv_s8_output_strides(conv);
  return (conv.batch - 1) * s.batch + (conv.output_height - 1) * s.row + (conv.output_width - 1) * s.pixel +
         conv.output_channels;
}

std::string ConvCase::text() const {
  const auto n = [](size_t v) { return std::to_string(v); };
  return n(conv.batch) + "x" + n(conv.input_height) + "x" + n(conv.input_width) + "x" +
         n(conv.input_channels) + " -> " + n(conv.output_height) + "x" + n(conv.output_width) + "x" +
         n(conv.output_channels) + ", kernel " + n(conv.kernel_height) + "x" + n(conv.kernel_width) +
         " stride " + n(conv.stride_height) + "," + n(conv.stride_width) + " dilation " +
         n(conv.dilation_height) + "," + n(conv.dilation_width) + " pad " + n(conv.pad_top) + "," +
         n(conv.pad_left) + " groups " + n(conv.groups);
}

}  // namespace octet::kernels
