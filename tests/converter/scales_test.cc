// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/scales.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "converter/lower/requantization.h"
#include "converter/quantize/quantize_weights.h"
#include "kernels/requantize.h"
#include "quantize_graph.h"

namespace octet::converter {
namespace {

double low_end(const Quantization& q) { return static_cast<double>(q.scale) * (-128 - q.zero_point); }
double high_end(const Quantization& q) { return static_cast<double>(q.scale) * (127 - q.zero_point); }

TEST(RangeToQuantization, KnownRanges) {
  const Quantization probability = range_to_quantization({0, 255.0f / 256});
  EXPECT_EQ(probability.scale, 1.0f / 256);
  EXPECT_EQ(probability.zero_point, -128);
  const Quantization tanh = range_to_quantization({-1, 127.0f / 128});
  EXPECT_EQ(tanh.scale, 1.0f / 128);
  EXPECT_EQ(tanh.zero_point, 0);
  const Quantization relu6 = range_to_quantization({0, 6});
  EXPECT_EQ(relu6.zero_point, -128);
  EXPECT_FLOAT_EQ(relu6.scale, 6.0f / 255);
  const Quantization above = range_to_quantization({2, 5});  // 0 is always inside
  EXPECT_EQ(above.zero_point, -128);
  EXPECT_FLOAT_EQ(above.scale, 5.0f / 255);
  const Quantization nothing = range_to_quantization({0, 0});
  EXPECT_GT(nothing.scale, 0);
}

TEST(RangeToQuantization, CoversEveryRangeWithAnIntegerZeroPoint) {
  std::mt19937 generator(7);
  std::lognormal_distribution<float> draw(0, 4);
  for (int i = 0; i < 100000; ++i) {
    const Range range = {i % 3 == 0 ? 0 : -draw(generator), i % 3 == 1 ? 0 : draw(generator)};
    const Quantization q = range_to_quantization(range);
    ASSERT_GE(q.zero_point, -128);
    ASSERT_LE(q.zero_point, 127);
    ASSERT_LE(low_end(q), range.min * (1 - 1e-6)) << range.min << " " << range.max;
    ASSERT_GE(high_end(q), range.max * (1 - 1e-6)) << range.min << " " << range.max;
    ASSERT_LE(q.scale, (range.max - range.min) / 254 * 1.01 + 1e-30) << range.min << " " << range.max;
  }
}

TEST(RangeToQuantization, SymmetricAndPowersOfTwo) {
  const Quantization symmetric = range_to_quantization({-2, 5.08f}, {true, false, false});
  EXPECT_EQ(symmetric.zero_point, 0);
  EXPECT_FLOAT_EQ(symmetric.scale, 0.04f);
  EXPECT_EQ(range_to_quantization({0, 6}, {true, false, false}).zero_point, 0);
  const Quantization power = range_to_quantization({0, 6}, {false, true, false});
  EXPECT_EQ(power.scale, 1.0f / 32);
  EXPECT_EQ(power.zero_point, -128);
  EXPECT_EQ(power_of_two_above(0.5f), 0.5f);
  EXPECT_EQ(power_of_two_above(std::nextafter(0.5f, 1.0f)), 1.0f);
  ScaleGroups groups(1, {true, true, false});
  groups.add_range(0, {-3, 6});
  groups.raise_scale(0, 0.3);
  EXPECT_EQ(groups.quantization(0).scale, 0.5f);
  EXPECT_EQ(groups.quantization(0).zero_point, 0);
}

TEST(ScaleGroups, JoinsRangesAndRefusesDifferentPins) {
  ScaleGroups groups(5);
  groups.add_range(0, {0, 1});
  groups.add_range(1, {-2, 0.5f});
  EXPECT_TRUE(groups.join(0, 1));
  EXPECT_EQ(groups.find(0), groups.find(1));
  EXPECT_EQ(groups.range(1).min, -2);
  EXPECT_EQ(groups.range(0).max, 1);
  Quantization a, b;
  a.scale = 0.5f;
  b.scale = 0.25f;
  groups.pin(2, a);
  groups.pin(3, b);
  EXPECT_TRUE(groups.join(1, 2));
  EXPECT_EQ(groups.quantization(0).scale, 0.5f);
  EXPECT_FALSE(groups.join(0, 3));
  EXPECT_NE(groups.find(0), groups.find(3));
  groups.pin(4, a);
  EXPECT_TRUE(groups.join(0, 4));
  EXPECT_EQ(groups.members(4).size(), 4u);
}

TEST(QuantizeChannel, MaxAbsAndBias) {
  const float weights[] = {0.5f, -1.27f, 0.013f};
  ChannelInput input;
  input.weights = weights;
  input.count = 3;
  input.bias = -2.0;
  input.input_scale = 0.1;
  input.input_zero_point = 3;
  input.output_scale = 0.05;
  const ChannelWeights channel = quantize_channel(input);
  EXPECT_FLOAT_EQ(channel.scale, 0.01f);
  EXPECT_EQ(channel.weights, (std::vector<int8_t>{50, -127, 1}));
  EXPECT_EQ(channel.bias, -2000);  // -2.0 / 0.001, less 0.05 / 128 / 0.001 = 0.39
  EXPECT_FALSE(channel.raised);
}

TEST(QuantizeChannel, AHugeBiasRaisesTheScaleUntilTheAccumulatorFits) {
  const float weights[] = {1e-9f, -2e-9f};
  ChannelInput input;
  input.weights = weights;
  input.count = 2;
  input.bias = 3.0;
  input.input_scale = 0.02;
  input.output_scale = 0.03;
  const ChannelWeights channel = quantize_channel(input);
  EXPECT_TRUE(channel.raised);
  EXPECT_NEAR(channel.bias * input.input_scale * channel.scale, 3.0 - 0.03 / 128, 1e-6);
  FixedPoint pair;
  ASSERT_TRUE(encode_fixed_point(input.input_scale * channel.scale / input.output_scale, &pair).ok());
  EXPECT_TRUE(accumulator_fits(std::abs(static_cast<double>(channel.bias)) + 254.0 * 128, pair));
}

// With the shifted bias, requantize gives the nearest step for accumulators that it represents exactly.
TEST(QuantizeChannel, RequantizeRoundsToTheNearestStep) {
  const float weights[] = {1.27f};  // scale 0.01
  ChannelInput input;
  input.weights = weights;
  input.count = 1;
  input.input_scale = 1;
  input.output_scale = 0.01 * 1024;  // k = 2^-10
  const ChannelWeights channel = quantize_channel(input);
  EXPECT_EQ(channel.bias, -8);
  FixedPoint pair;
  ASSERT_TRUE(encode_fixed_point(1.0 / 1024, &pair).ok());
  size_t shifted_wrong = 0, plain_wrong = 0;
  for (int32_t acc = -100000; acc <= 100000; ++acc) {
    const int expected = static_cast<int>(std::floor(acc / 1024.0 + 0.5));
    plain_wrong += kernels::requantize(acc, pair.multiplier, pair.right_shift, 0, -128, 127) != expected;
    shifted_wrong +=
        kernels::requantize(acc + channel.bias, pair.multiplier, pair.right_shift, 0, -128, 127) != expected;
  }
  EXPECT_LT(shifted_wrong, plain_wrong / 2) << plain_wrong;
}

TEST(QuantizeChannel, ADeadChannelKeepsItsBias) {
  const std::vector<float> weights(64, 0.0f);
  ChannelInput input;
  input.weights = weights.data();
  input.count = weights.size();
  input.bias = 1.7;
  input.input_scale = 0.5;
  input.output_scale = 0.02;
  const ChannelWeights channel = quantize_channel(input);
  EXPECT_NEAR(channel.bias * input.input_scale * channel.scale, 1.7 - 0.02 / 128, 1e-4);
  input.bias = 0;
  const ChannelWeights silent = quantize_channel(input);
  EXPECT_LE(std::abs(silent.bias), 2);  // 1/128 of a step
  EXPECT_GT(silent.scale, 0);
}

}  // namespace
}  // namespace octet::converter
