// SPDX-License-Identifier: Apache-2.0
//
// s8 operators, lowered and run, against double math on dequantized values: never more than one step
// (and the half step of rounding) away.
#include <algorithm>
#include <cmath>

#include "converter/lower/linear.h"
#include "converter/quantize/tables.h"
#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr TensorType kS32 = schema::TensorType_S32;

struct S8Linear {
  Quantization in = quantization(0.02f, 5), out = quantization(0.03f, -7);
  std::vector<float> weight_scales = {0.01f, 0.003f, 0.02f};
  std::vector<int8_t> x, w;
  std::vector<int32_t> b;
  int64_t rows = 6, depth = 20, channels = 3;

  S8Linear() {
    Random random(21);
    x = random.s8({rows, depth});
    w = random.s8({channels, depth}, -127, 127);
    for (int64_t c = 0; c < channels; ++c) b.push_back(random.integer(-3000, 3000));
  }
  Node& build(GraphRunner* r, TensorType output_type) {
    std::vector<float> bias_scales;
    for (float scale : weight_scales) bias_scales.push_back(scale * in.scale);
    const ValueId weights = r->constant(kS8, {channels, depth}, w, per_channel(weight_scales));
    const ValueId bias = r->constant(kS32, {channels}, b, per_channel(bias_scales));
    const ValueId y = r->output(output_type, {rows, channels}, output_type == kS8 ? out : Quantization());
    return r->node("FullyConnected", {r->input(kS8, {rows, depth}, in), weights, bias}, {y});
  }
  std::vector<double> expected() const {
    std::vector<double> y;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t c = 0; c < channels; ++c) {
        double acc = b[static_cast<size_t>(c)];
        for (int64_t k = 0; k < depth; ++k)
          acc +=
              (x[static_cast<size_t>(i * depth + k)] - in.zero_point) * w[static_cast<size_t>(c * depth + k)];
        y.push_back(acc * in.scale * weight_scales[static_cast<size_t>(c)]);
      }
    return y;
  }
};

TEST(LowerS8, FullyConnected) {
  S8Linear linear;
  GraphRunner r;
  linear.build(&r, kS8);
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, linear.x);
  r.run();
  expect_one_step(r.get<int8_t>(0), linear.expected(), linear.out);
  EXPECT_EQ(r.op(0).macs(), 6u * 20 * 3);
  // The tightest channel: sum |w| * (128 + 5) + |b|, plus its rounding term.
  double bound = 0;
  const auto* requantization = r.op(0).options_as_FullyConnectedOptions()->requantization();
  for (size_t c = 0; c < 3; ++c) {
    double sum = std::abs(linear.b[c]);
    for (size_t k = 0; k < 20; ++k) sum += 133.0 * std::abs(linear.w[c * 20 + k]);
    bound = std::max(bound,
                     sum + std::ldexp(1.0, requantization->right_shift()->Get(static_cast<unsigned>(c)) - 1));
  }
  EXPECT_DOUBLE_EQ(r.lowered.minimum_headroom_bits, 31 - std::log2(bound));
}

TEST(LowerS8, FullyConnectedWithClampAndTable) {
  S8Linear linear;
  GraphRunner r;
  Node& node = linear.build(&r, kS8);
  node.attributes["activation_min"] = 0.0f;
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, linear.x);
  r.run();
  std::vector<double> expected = linear.expected();
  for (double& y : expected) y = std::max(y, 0.0);
  expect_one_step(r.get<int8_t>(0), expected, linear.out);

  GraphRunner t;
  Node& with_table = linear.build(&t, kS8);
  const Quantization between = quantization(0.05f, 11);
  Constant table;
  table.type = kS8;
  table.shape = {256};
  table.bytes =
      converter::build_table([](double x) { return std::tanh(x); }, between, quantization(1.0f / 128, 0));
  t.graph.value(with_table.outputs[0]).quantization = quantization(1.0f / 128, 0);
  with_table.attributes["table"] = std::make_shared<const Constant>(table);
  with_table.attributes["table_scale"] = between.scale;
  with_table.attributes["table_zero_point"] = static_cast<int64_t>(between.zero_point);
  ASSERT_TRUE(t.prepare());
  t.set<int8_t>(0, linear.x);
  t.run();
  const std::vector<int8_t> actual = t.get<int8_t>(0);
  expected = linear.expected();
  for (size_t i = 0; i < actual.size(); ++i)  // one step of the value in front is up to 0.05 behind tanh
    EXPECT_NEAR(actual[i] / 128.0, std::tanh(std::min(5.8, std::max(-6.95, expected[i]))), 0.08) << i;
}

TEST(LowerS8, FullyConnectedToF32IsTheScaledAccumulator) {
  S8Linear linear;
  GraphRunner r;
  linear.build(&r, schema::TensorType_F32);
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, linear.x);
  r.run();
  const std::vector<float> y = r.get<float>(0);
  const std::vector<double> expected = linear.expected();
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_NEAR(y[i], expected[i], 1e-6 * (1 + std::fabs(expected[i]))) << i;
}

TEST(LowerS8, F32OutputWithClampGetsAClipBehind) {
  S8Linear linear;
  GraphRunner r;
  linear.build(&r, schema::TensorType_F32).attributes["activation_min"] = 0.0f;
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.root().operators()->size(), 2u);
  r.set<int8_t>(0, linear.x);
  r.run();
  const std::vector<float> y = r.get<float>(0);
  const std::vector<double> expected = linear.expected();
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], std::max(expected[i], 0.0), 1e-5) << i;
}

TEST(LowerS8, OverflowNamesNodeAndChannel) {
  GraphRunner r;
  const int64_t depth = 70000;  // 70000 * 127 * 255 > 2^31
  const std::vector<int8_t> small(static_cast<size_t>(depth), 1);
  std::vector<int8_t> w = small;
  w.insert(w.end(), static_cast<size_t>(depth), int8_t{127});
  const ValueId weights = r.constant(kS8, {2, depth}, w, per_channel({0.01f, 0.01f}));
  Node& node = r.node("FullyConnected", {r.input(kS8, {1, depth}, quantization(0.1f, -128)), weights},
                      {r.output(kS8, {1, 2}, quantization(100.0f, 0))});
  node.name = "dense_7";
  const Status status = r.lower();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("'dense_7'"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("channel 1"), std::string::npos) << status.message();
  EXPECT_FALSE(converter::prove_accumulator(r.graph, node).ok());
}

TEST(LowerS8, LeftShiftIsProvedToo) {
  GraphRunner r;
  const int64_t depth = 1000;  // 1000 * 127 * 128 = 2^23.95; with p = -8 it is 2^31.95
  const std::vector<int8_t> w(static_cast<size_t>(depth), int8_t{127});
  const ValueId weights = r.constant(kS8, {1, depth}, w, per_channel({1.0f}));
  r.node("FullyConnected", {r.input(kS8, {1, depth}, quantization(1.0f, 0)), weights},
         {r.output(kS8, {1, 1}, quantization(0.5f, 0))});
  const Status status = r.lower();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.message();
  EXPECT_NE(status.message().find("right_shift -8"), std::string::npos) << status.message();
}

TEST(LowerS8, WeightOfMinus128IsRefused) {
  GraphRunner r;
  const ValueId weights = r.constant(kS8, {1, 2}, std::vector<int8_t>{1, -128}, per_channel({0.1f}));
  r.node("FullyConnected", {r.input(kS8, {1, 2}, quantization(0.1f, 0)), weights},
         {r.output(kS8, {1, 1}, quantization(0.1f, 0))});
  EXPECT_FALSE(r.lower().ok());
}

TEST(LowerS8, BinaryWithBroadcast) {
  Random random(23);
  const Quantization qa = quantization(0.02f, 4), qb = quantization(0.05f, -9), out = quantization(0.06f, 2);
  for (const char* op : {"Add", "Sub", "Mul"}) {
    SCOPED_TRACE(op);
    GraphRunner r;
    const std::vector<int8_t> a = random.s8({1, 4, 4, 8}), b = random.s8({1, 1, 1, 8});
    Node& node = r.node(op, {r.input(kS8, {1, 4, 4, 8}, qa), r.input(kS8, {1, 1, 1, 8}, qb)},
                        {r.output(kS8, {1, 4, 4, 8}, out)});
    node.attributes["activation_max"] = 3.0f;
    ASSERT_TRUE(r.prepare());
    r.set<int8_t>(0, a);
    r.set<int8_t>(1, b);
    r.run();
    std::vector<double> expected;
    for (size_t i = 0; i < a.size(); ++i)
      expected.push_back(
          std::min(3.0, converter::evaluate_binary(op, dequantized(a[i], qa), dequantized(b[i % 8], qb))));
    expect_one_step(r.get<int8_t>(0), expected, out);
  }
}

std::vector<int8_t> all_s8() {
  std::vector<int8_t> all;
  for (int q = -128; q <= 127; ++q) all.push_back(static_cast<int8_t>(q));
  return all;
}

TEST(LowerS8, UnaryIsAnExactTable) {
  const Quantization in = quantization(0.05f, -3), out = quantization(0.01f, 1);
  for (const char* op :
       {"Sigmoid", "Tanh", "HardSwish", "Silu", "Gelu", "LeakyRelu", "Exp", "Log", "Clip", "Requantize"}) {
    SCOPED_TRACE(op);
    GraphRunner r;
    Node& node = r.node(op, {r.input(kS8, {256}, in)}, {r.output(kS8, {256}, out)});
    if (std::string(op) == "Clip") node.attributes["max"] = 0.5f;
    ASSERT_TRUE(r.prepare());
    EXPECT_EQ(r.op(0).type(), schema::OperatorType_Table);
    r.set<int8_t>(0, all_s8());
    r.run();
    const std::vector<int8_t> actual = r.get<int8_t>(0);
    const bool identity = std::string(op) == "Requantize";
    for (size_t i = 0; i < 256; ++i) {
      const double x = dequantized(all_s8()[i], in);
      EXPECT_EQ(actual[i], converter::quantize_value(identity ? x : converter::evaluate_unary(node, x), out))
          << i;
    }
  }
}

TEST(LowerS8, BinaryWithAScalarIsATable) {
  const Quantization in = quantization(0.05f, -3), out = quantization(0.1f, 1);
  GraphRunner r;
  const ValueId x = r.input(kS8, {256}, in);
  const ValueId three = r.constant({}, {3.0f});
  r.node("Div", {x, three}, {r.output(kS8, {256}, out)});
  r.node("Sub", {three, x}, {r.output(kS8, {1, 256}, out)});
  const ValueId wide = r.constant({1, 1}, {3.0f});
  r.graph.nodes.back()->inputs[0] = wide;
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, all_s8());
  r.run();
  for (size_t i = 0; i < 256; ++i) {
    const double v = dequantized(all_s8()[i], in);
    EXPECT_EQ(r.get<int8_t>(0)[i], converter::quantize_value(v / 3, out)) << i;
    EXPECT_EQ(r.get<int8_t>(1)[i], converter::quantize_value(3 - v, out)) << i;
  }
}

TEST(LowerS8, PRelu) {
  Random random(24);
  const Quantization in = quantization(0.05f, 10), out = quantization(0.04f, -20);
  const std::vector<float> slopes = {0.25f, -0.5f, 1.5f};
  const std::vector<int8_t> x = random.s8({1, 5, 5, 3});
  GraphRunner r;
  r.node("PRelu", {r.input(kS8, {1, 5, 5, 3}, in), r.constant({1, 1, 3}, slopes)},
         {r.output(kS8, {1, 5, 5, 3}, out)});
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> expected;
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = dequantized(x[i], in);
    expected.push_back(v >= 0 ? v : v * slopes[i % 3]);
  }
  expect_one_step(r.get<int8_t>(0), expected, out);
}

TEST(LowerS8, ReduceMeanSumAndMax) {
  Random random(26);
  const Quantization in = quantization(0.05f, 7), out = quantization(0.1f, 0);
  const std::vector<int8_t> x = random.s8({1, 7, 7, 5});
  GraphRunner r;
  const ValueId id = r.input(kS8, {1, 7, 7, 5}, in);
  const Quantization quantizations[] = {out, quantization(1.0f, 0), in};
  const char* const kinds[] = {"Mean", "Sum", "Max"};
  for (size_t k = 0; k < 3; ++k) {
    Node& node = r.node("Reduce", {id}, {r.output(kS8, {1, 1, 1, 5}, quantizations[k])});
    set_text(&node, "kind", kinds[k]);
    set_ints(&node, "axes", {1, 2});
  }
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> mean(5), sum(5), largest(5, -1e9);
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = dequantized(x[i], in);
    sum[i % 5] += v;
    mean[i % 5] += v / 49;
    largest[i % 5] = std::max(largest[i % 5], v);
  }
  expect_one_step(r.get<int8_t>(0), mean, out);
  expect_one_step(r.get<int8_t>(1), sum, quantizations[1]);
  expect_one_step(r.get<int8_t>(2), largest, in);
}

TEST(LowerS8, SoftmaxToS8AndF32) {
  Random random(27);
  const Quantization in = quantization(0.08f, 7), out = quantization(1.0f / 256, -128);
  const std::vector<int8_t> x = random.s8({4, 10});
  GraphRunner r;
  const ValueId id = r.input(kS8, {4, 10}, in);
  r.node("Softmax", {id}, {r.output(kS8, {4, 10}, out)});
  r.node("Softmax", {id}, {r.output({4, 10})});
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> expected;
  for (size_t row = 0; row < 4; ++row) {
    double sum = 0;
    for (size_t c = 0; c < 10; ++c) sum += std::exp(dequantized(x[row * 10 + c], in));
    for (size_t c = 0; c < 10; ++c) expected.push_back(std::exp(dequantized(x[row * 10 + c], in)) / sum);
  }
  expect_one_step(r.get<int8_t>(0), expected, out);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(r.get<float>(1)[i], expected[i], 1e-4) << i;
}

TEST(LowerS8, QuantizeAndDequantize) {
  const Quantization q = quantization(0.1f, 3);
  GraphRunner r;
  const ValueId middle = r.value(kS8, {6}, q);
  r.node("Quantize", {r.input({6})}, {middle});
  r.node("Dequantize", {middle}, {r.output({6})});
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {0, 0.1f, -0.25f, 100, -100, NAN});
  r.run();
  const std::vector<float> y = r.get<float>(0);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 0.1f);
  EXPECT_NEAR(y[2], -0.2f, 1e-6);
  EXPECT_NEAR(y[3], 12.4f, 1e-5);
  EXPECT_NEAR(y[4], -13.1f, 1e-5);
  EXPECT_EQ(y[5], 0);
}

TEST(LowerS8, DifferentQuantizationsInDataMovementAreRefused) {
  GraphRunner r;
  r.node("Reshape", {r.input(kS8, {4}, quantization(0.1f, 0))},
         {r.output(kS8, {2, 2}, quantization(0.2f, 0))});
  const Status status = r.lower();
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_NE(status.message().find("same quantization"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace octet::testing
