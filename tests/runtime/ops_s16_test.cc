// SPDX-License-Identifier: Apache-2.0
//
// Operators with 16-bit activations, through a session: numbers by hand, every thread count and set of CPU
// features, and what is refused.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/requantize.h"
#include "tests/testing/op_tester.h"
#include "tests/testing/random.h"

namespace octet {
namespace {

using schema::TensorType_F32;
using schema::TensorType_S16;
using schema::TensorType_S8;
using testing::OpTester;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<int16_t> random_s16(testing::Random* random, size_t count) {
  std::vector<int16_t> values(count);
  for (int16_t& value : values) value = static_cast<int16_t>(random->in_range(-16384, 16383));
  return values;
}

// The same answer with one thread on plain C++ and with three threads on all that the CPU has.
template <class T>
std::vector<T> run_everywhere(OpTester* t, const std::vector<int16_t>& input) {
  std::vector<T> first;
  for (const char* features : {"portable", ""}) {
    const bool created = static_cast<bool>(t->create(OpTester::options(*features ? 1 : 3, features)));
    EXPECT_TRUE(created);
    if (!created) return {};
    t->set<int16_t>(0, input);
    t->run();
    const std::vector<T> values = t->get<T>(0);
    if (*features) first = values;
    EXPECT_EQ(values, first);
  }
  return first;
}

TEST(S16, BoundariesAndPermutedBindings) {
  OpTester t;
  const int x = t.tensor(TensorType_S16, {1, 2, 3, 4}, 0.25f),
            y = t.tensor(TensorType_S16, {1, 2, 12}, 0.25f);
  t.declare_input(x, TensorType_F32, {1, 4, 2, 3}, {0, 2, 3, 1});
  t.add(schema::OperatorType_Reshape, {x}, {y});
  t.output(y);
  t.declare_output(y, TensorType_F32, {12, 1, 2}, {1, 2, 0});
  ASSERT_TRUE(t.create());
  std::vector<float> planes(24), back(24);
  for (size_t i = 0; i < 24; ++i) planes[i] = static_cast<float>(i) * 0.5f - 3;
  ASSERT_TRUE(t.session().set_input(0, planes.data(), 96).ok());
  t.session().run();
  const Tensor& tensor = t.session().output(0);
  for (size_t c = 0; c < 4; ++c)
    for (size_t p = 0; p < 6; ++p)
      EXPECT_EQ(tensor.as<int16_t>()[p * 4 + c], std::lround(planes[c * 6 + p] * 4));
  ASSERT_TRUE(t.session().get_output(1, back.data(), 96).ok());
  for (size_t i = 0; i < 2; ++i)
    for (size_t k = 0; k < 12; ++k)
      EXPECT_EQ(back[k * 2 + i], static_cast<float>(tensor.as<int16_t>()[i * 12 + k]) * 0.25f);
}

TEST(S16, PixelsThroughTheirTable) {
  OpTester t;
  const int x = t.tensor(TensorType_S16, {1, 1, 2, 3}, 0.5f);
  std::vector<int16_t> table(768);
  for (size_t i = 0; i < 768; ++i) table[i] = static_cast<int16_t>(i * 21 - 8000);
  const auto entries = t.builder().CreateVector(table);
  schema::PreprocessingBuilder preprocessing(t.builder());
  preprocessing.add_pixel_table_s16(entries);
  t.declare_input(x, TensorType_F32, {1, 1, 2, 3}, {}, preprocessing.Finish());
  const int y = t.tensor(TensorType_S16, {6}, 0.5f);
  t.add(schema::OperatorType_Reshape, {x}, {y});
  t.output(y);
  ASSERT_TRUE(t.create());
  const std::vector<uint8_t> pixels = {0, 1, 2, 253, 254, 255};
  ASSERT_TRUE(t.session().set_input_pixels(0, pixels.data(), 6).ok());
  t.session().run();
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(t.get<int16_t>(0)[i], table[i % 3 * 256 + pixels[i]]);
}

// 1x1 convolution and fully connected: the matrix product, to each type of output.
TEST(S16, FullyConnectedToEveryType) {
  testing::Random random(31);
  const std::vector<int16_t> input = random_s16(&random, 10 * 35);
  std::vector<int8_t> weights(20 * 35);
  for (int8_t& w : weights) w = random.s8(-127);
  for (const auto type : {TensorType_S16, TensorType_S8, TensorType_F32}) {
    OpTester t;
    const int x = t.input(TensorType_S16, {10, 35}, 0.001f), w = t.constant_s8({20, 35}, weights, 0.01f);
    const int y = t.tensor(type, {10, 20}, type == TensorType_F32 ? 0 : 0.1f, type == TensorType_S8 ? 5 : 0);
    const auto requantization = t.requantization({20000}, {type == TensorType_S16 ? int8_t{9} : int8_t{12}});
    const auto scale = t.builder().CreateVector(std::vector<float>(20, 1e-5f));
    schema::FullyConnectedOptionsBuilder options(t.builder());
    type == TensorType_F32 ? options.add_accumulator_scale(scale)
                           : options.add_requantization(requantization);
    t.add(schema::OperatorType_FullyConnected, {x, w}, {y}, options.Finish());
    t.output(y);
    const auto acc = [&](size_t i) {
      int32_t sum = 0;
      for (size_t k = 0; k < 35; ++k) sum += input[i / 20 * 35 + k] * weights[i % 20 * 35 + k];
      return sum;
    };
    if (type == TensorType_S16) {
      const std::vector<int16_t> actual = run_everywhere<int16_t>(&t, input);
      for (size_t i = 0; i < actual.size(); ++i)
        ASSERT_EQ(actual[i], kernels::requantize_s16(acc(i), 20000, 9, -16384, 16383));
    } else if (type == TensorType_S8) {
      const std::vector<int8_t> actual = run_everywhere<int8_t>(&t, input);
      for (size_t i = 0; i < actual.size(); ++i)
        ASSERT_EQ(actual[i], kernels::requantize(acc(i), 20000, 12, 5, -128, 127));
    } else {
      const std::vector<float> actual = run_everywhere<float>(&t, input);
      for (size_t i = 0; i < actual.size(); ++i) ASSERT_EQ(actual[i], static_cast<float>(acc(i)) * 1e-5f);
    }
  }
}

TEST(S16, SumsBroadcast) {
  testing::Random random(32);
  const std::vector<int16_t> input = random_s16(&random, 2 * 3 * 5);
  OpTester t;
  const int x = t.input(TensorType_S16, {2, 3, 5}, 0.001f);
  const int b = t.constant(TensorType_S16, {3, 1}, std::vector<int16_t>{100, -200, 16000}, 0.001f);
  const int y = t.tensor(TensorType_S16, {2, 3, 5}, 0.002f);
  t.add(
      schema::OperatorType_Binary, {x, b}, {y},
      schema::CreateBinaryOptions(t.builder(), schema::BinaryKind_Add, -kInfinity, kInfinity, 8192, 8192, 0));
  t.output(y);
  const std::vector<int16_t> actual = run_everywhere<int16_t>(&t, input);
  const int16_t addends[] = {100, -200, 16000};
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], (input[i] + addends[i / 5 % 3]) / 2.0, 1);
}

// The reduced axes are no neighbours: the input is copied first.
TEST(S16, MeansOverAnyAxes) {
  testing::Random random(33);
  const std::vector<int16_t> input = random_s16(&random, 4 * 3 * 6 * 2);
  OpTester t;
  const int x = t.input(TensorType_S16, {4, 3, 6, 2}, 0.001f), y = t.tensor(TensorType_S16, {3, 2}, 0.001f);
  const auto axes = t.ints({0, 2});
  const auto requantization = t.requantization({21845}, {4});  // 1 / 24
  t.add(schema::OperatorType_Reduce, {x}, {y},
        schema::CreateReduceOptions(t.builder(), schema::ReduceKind_Mean, axes, false, requantization));
  t.output(y);
  const std::vector<int16_t> actual = run_everywhere<int16_t>(&t, input);
  for (size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (size_t n = 0; n < 4; ++n)
      for (size_t k = 0; k < 6; ++k) sum += input[((n * 3 + i / 2) * 6 + k) * 2 + i % 2];
    EXPECT_NEAR(actual[i], sum / 24, 1.5);
  }
}

TEST(S16, DataMovementKeepsTheBytes) {
  const std::vector<int16_t> input = {-16384, -300, 1, 16383, 5, -6};
  OpTester t;
  const int x = t.input(TensorType_S16, {2, 3}, 0.5f), turned = t.tensor(TensorType_S16, {3, 2}, 0.5f);
  t.add(schema::OperatorType_Transpose, {x}, {turned},
        schema::CreateTransposeOptions(t.builder(), t.ints({1, 0})));
  const int padded = t.tensor(TensorType_S16, {3, 3}, 0.5f);
  const auto begin = t.ints({0, 1}), end = t.ints({0, 0});
  t.add(schema::OperatorType_Pad, {turned}, {padded},
        schema::CreatePadOptions(t.builder(), schema::PadMode_Constant, begin, end, 0, 0, -777));
  t.output(padded);
  EXPECT_EQ(run_everywhere<int16_t>(&t, input),
            (std::vector<int16_t>{-777, -16384, 16383, -777, -300, 5, -777, 1, -6}));
}

// ---- Refused ------------------------------------------------------------------------------------------

std::string conv_error(schema::OperatorType type, bool table) {
  OpTester t;
  const int x = t.input(TensorType_S16, {1, 4, 4, 2}, 0.1f);
  const int w = t.constant_s8({3, 1, 1, 2}, {1, 2, 3, 4, 5, 6}, 0.1f);
  const int y = t.tensor(TensorType_S16, {1, 4, 4, 3}, 0.1f);
  const auto requantization = t.requantization({20000}, {1});
  const auto entries = t.builder().CreateVector(std::vector<uint8_t>(256));
  schema::Conv2DOptionsBuilder options(t.builder());
  options.add_requantization(requantization);
  if (table) options.add_table(entries);
  t.add(type, {x, w}, {y}, options.Finish());
  t.output(y);
  return t.load_error();
}

TEST(S16Refused, Convolutions) {
  EXPECT_EQ(conv_error(schema::OperatorType_Conv2D, false), "");
  EXPECT_NE(conv_error(schema::OperatorType_Conv2D, true).find("a table behind S16 output"),
            std::string::npos);
  EXPECT_NE(conv_error(schema::OperatorType_ConvTranspose2D, false).find("types S16 x S8"),
            std::string::npos);
}

std::string requantize_error(TensorType in, TensorType out, int16_t min, int16_t max, bool options = true) {
  OpTester t;
  const int x = t.input(in, {4}, 0.1f), y = t.tensor(out, {4}, 0.1f);
  const std::vector<int16_t> multiplier = {20000};
  const std::vector<int8_t> right_shift = {1};
  const auto r =
      schema::CreateRequantizationDirect(t.builder(), &multiplier, &right_shift, -128, 127, min, max);
  if (options)
    t.add(schema::OperatorType_Requantize, {x}, {y}, schema::CreateRequantizeOptions(t.builder(), r));
  else
    t.add(schema::OperatorType_Requantize, {x}, {y});
  t.output(y);
  return t.load_error();
}

TEST(S16Refused, Requantize) {
  EXPECT_EQ(requantize_error(TensorType_S8, TensorType_S16, -16384, 16383), "");
  EXPECT_NE(requantize_error(TensorType_S8, TensorType_S8, 0, 1).find("S8 -> S8; must be"),
            std::string::npos);
  EXPECT_NE(requantize_error(TensorType_F32, TensorType_S16, 0, 1).find("F32 -> S16; must be"),
            std::string::npos);
  EXPECT_NE(requantize_error(TensorType_S8, TensorType_S16, 0, 1, false).find("no RequantizeOptions"),
            std::string::npos);
  for (const auto& [min, max] : {std::pair(-16385, 5), {0, 16384}, {7, 6}})
    EXPECT_NE(
        requantize_error(TensorType_S8, TensorType_S16, static_cast<int16_t>(min), static_cast<int16_t>(max))
            .find("must be ordered and in [-16384, 16383]"),
        std::string::npos);
}

TEST(S16Refused, SumsOfSixteenBitsHaveNoFractionalBits) {
  OpTester t;
  const int a = t.input(TensorType_S16, {4}, 0.1f), b = t.input(TensorType_S8, {4}, 0.1f);
  const int y = t.tensor(TensorType_S16, {4}, 0.1f);
  t.add(
      schema::OperatorType_Binary, {a, b}, {y},
      schema::CreateBinaryOptions(t.builder(), schema::BinaryKind_Add, -kInfinity, kInfinity, 9000, 9000, 3));
  t.output(y);
  EXPECT_NE(t.load_error().find("fractional_bits 3; must be in [0, 0]"), std::string::npos) << t.load_error();
}

TEST(S16Refused, PixelsWithoutATable) {
  OpTester t;
  const int x = t.tensor(TensorType_S16, {1, 1, 2, 3}, 0.5f);
  schema::PreprocessingBuilder preprocessing(t.builder());
  t.declare_input(x, TensorType_F32, {1, 1, 2, 3}, {}, preprocessing.Finish());
  const int y = t.tensor(TensorType_S16, {6}, 0.5f);
  t.add(schema::OperatorType_Reshape, {x}, {y});
  t.output(y);
  EXPECT_NE(t.load_error().find("pixel table of s16 has 0 entries; must be 768"), std::string::npos)
      << t.load_error();
}

}  // namespace
}  // namespace octet
