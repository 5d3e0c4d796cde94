// SPDX-License-Identifier: Apache-2.0
//
// Float-only composites and operators by index, lowered and run, against small loops in double.
#include <algorithm>
#include <cmath>

#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS64 = schema::TensorType_S64;
constexpr TensorType kS32 = schema::TensorType_S32;
constexpr TensorType kBool = schema::TensorType_BOOL;

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected,
                 double tolerance = 1e-5) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::fabs(expected[i]))) << "element " << i;
}

TEST(LowerComposite, GatherScatterWhereCastOneHot) {
  GraphRunner r;
  const ValueId x = r.input({2, 3});
  const ValueId columns = r.constant(kS64, {2}, std::vector<int64_t>{2, 0});
  r.node("Gather", {x, columns}, {r.output({2, 2})}).attributes["axis"] = int64_t{-1};
  const ValueId elements = r.constant(kS64, {1, 3}, std::vector<int64_t>{1, 0, 1});
  r.node("GatherElements", {x, elements}, {r.output({1, 3})}).attributes["axis"] = int64_t{0};
  const ValueId places = r.constant(kS64, {2, 2}, std::vector<int64_t>{0, 1, 1, 2});
  r.node("GatherND", {x, places}, {r.output({2})});
  const ValueId updates = r.constant({2}, {10, 20});
  r.node("ScatterND", {x, places, updates}, {r.output({2, 3})});
  const ValueId row = r.constant({1, 3}, {7, 8, 9});
  Node& add = r.node("ScatterElements", {x, elements, row}, {r.output({2, 3})});
  add.attributes["axis"] = int64_t{0};
  set_text(&add, "reduction", "add");
  const ValueId mask = r.value(kBool, {2, 3});
  r.node("Greater", {x, r.constant({}, {2.5f})}, {mask});
  r.node("Where", {mask, x, r.constant({}, {-1.0f})}, {r.output({2, 3})});
  r.node("Cast", {x}, {r.output(kS32, {2, 3})});
  const ValueId depth = r.constant(kS64, {}, std::vector<int64_t>{3});
  Node& one_hot = r.node("OneHot", {columns, depth, r.constant({2}, {0.5f, 2})}, {r.output({2, 3})});
  one_hot.attributes["axis"] = int64_t{-1};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {0, 1, 2, 3, 4, 5});
  r.run();
  EXPECT_EQ(r.get<float>(0), (std::vector<float>{2, 0, 5, 3}));
  EXPECT_EQ(r.get<float>(1), (std::vector<float>{3, 1, 5}));
  EXPECT_EQ(r.get<float>(2), (std::vector<float>{1, 5}));
  EXPECT_EQ(r.get<float>(3), (std::vector<float>{0, 10, 2, 3, 4, 20}));
  EXPECT_EQ(r.get<float>(4), (std::vector<float>{0, 9, 2, 10, 4, 14}));
  EXPECT_EQ(r.get<float>(5), (std::vector<float>{-1, -1, -1, 3, 4, 5}));
  EXPECT_EQ(r.get<int32_t>(6), (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(r.get<float>(7), (std::vector<float>{0.5f, 0.5f, 2, 2, 0.5f, 0.5f}));
}

TEST(LowerComposite, TopKCumSumTrilu) {
  GraphRunner r;
  const ValueId x = r.input({2, 4});
  r.node("TopK", {x, r.constant(kS64, {1}, std::vector<int64_t>{2})},
         {r.output({2, 2}), r.output(kS64, {2, 2})})
      .attributes["axis"] = int64_t{-1};
  r.node("CumSum", {x, r.constant(kS64, {}, std::vector<int64_t>{1})}, {r.output({2, 4})})
      .attributes["reverse"] = int64_t{1};
  r.node("Trilu", {x}, {r.output({2, 4})}).attributes["upper"] = int64_t{0};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {3, 1, 4, 1, 5, 9, 2, 6});
  r.run();
  EXPECT_EQ(r.get<float>(0), (std::vector<float>{4, 3, 9, 6}));
  EXPECT_EQ(r.get<int64_t>(1), (std::vector<int64_t>{2, 0, 1, 3}));
  EXPECT_EQ(r.get<float>(2), (std::vector<float>{9, 6, 5, 1, 22, 17, 8, 6}));
  EXPECT_EQ(r.get<float>(3), (std::vector<float>{3, 0, 0, 0, 5, 9, 0, 0}));
}

TEST(LowerComposite, NonMaxSuppressionTakesThresholdsFromInputsOrAttributes) {
  GraphRunner r;
  const ValueId boxes = r.input({1, 3, 4}), scores = r.input({1, 1, 3});
  const ValueId most = r.constant(kS64, {1}, std::vector<int64_t>{2});
  const ValueId iou = r.constant({1}, {0.5f}), score = r.constant({1}, {0.3f});
  r.node("NonMaxSuppression", {boxes, scores, most, iou, score}, {r.output(kS64, {2, 3})});
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {0, 0, 1, 1, 0, 0, 1, 0.9f, 2, 2, 3, 3});  // the second overlaps the first
  r.set<float>(1, {0.9f, 0.8f, 0.2f});                       // the third scores too little
  r.run();
  EXPECT_EQ(r.get<int64_t>(0), (std::vector<int64_t>{0, 0, 0, -1, -1, -1}));
}

TEST(LowerComposite, Normalizations) {
  Random random(41);
  const std::vector<float> x = random.reals({1, 3, 2, 4}, -2, 2), scale = random.reals({4}),
                           bias = random.reals({4});
  GraphRunner r;
  const ValueId in = r.input({1, 3, 2, 4});
  const ValueId s = r.constant({4}, scale), b = r.constant({4}, bias);
  r.node("LayerNormalization", {in, s, b}, {r.output({1, 3, 2, 4})}).attributes["epsilon"] = 1e-3f;
  r.node("InstanceNormalization", {in, s, b}, {r.output({1, 3, 2, 4})});
  Node& lrn = r.node("LRN", {in}, {r.output({1, 3, 2, 4})});
  lrn.attributes["size"] = int64_t{3};
  lrn.attributes["alpha"] = 0.3f;
  r.node("LpNormalization", {in}, {r.output({1, 3, 2, 4})}).attributes["axis"] = int64_t{-1};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, x);
  r.run();
  std::vector<double> layer, instance, local, lp;
  for (size_t pixel = 0; pixel < 6; ++pixel) {
    const float* at = &x[pixel * 4];
    double mean = 0, square = 0;
    for (size_t c = 0; c < 4; ++c) mean += at[c] / 4.0, square += static_cast<double>(at[c]) * at[c];
    for (size_t c = 0; c < 4; ++c) {
      layer.push_back((at[c] - mean) / std::sqrt(square / 4 - mean * mean + 1e-3) * scale[c] + bias[c]);
      lp.push_back(at[c] / std::sqrt(square));
      double near = 0, channel_mean = 0, channel_square = 0;
      for (size_t k = c > 0 ? c - 1 : 0; k < std::min<size_t>(4, c + 2); ++k)
        near += static_cast<double>(at[k]) * at[k];
      local.push_back(at[c] / std::pow(1 + 0.3 / 3 * near, 0.75));
      for (size_t p = 0; p < 6; ++p)
        channel_mean += x[p * 4 + c] / 6.0,
            channel_square += static_cast<double>(x[p * 4 + c]) * x[p * 4 + c] / 6;
      instance.push_back((at[c] - channel_mean) /
                             std::sqrt(channel_square - channel_mean * channel_mean + 1e-5) * scale[c] +
                         bias[c]);
    }
  }
  expect_near(r.get<float>(0), layer);
  expect_near(r.get<float>(1), instance, 1e-4);
  expect_near(r.get<float>(2), local);
  expect_near(r.get<float>(3), lp);
}

// LeakyRelu with its own alpha as the activation of an RNN.
TEST(LowerComposite, RecurrentActivationsKeepTheirParameters) {
  GraphRunner r;
  const ValueId x = r.input({2, 1, 1});
  const ValueId w = r.constant({1, 1, 1}, {2}), recurrence = r.constant({1, 1, 1}, {0.5f});
  Node& node = r.node("RNN", {x, w, recurrence}, {r.output({2, 1, 1, 1})});
  node.attributes["hidden_size"] = int64_t{1};
  node.attributes["activations"] = std::vector<std::string>{"LeakyRelu"};
  node.attributes["activation_alpha"] = std::vector<float>{0.25f};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {-1, 3});
  r.run();
  // h1 = leaky(-2) = -0.5, h2 = leaky(6 + 0.5 * -0.5) = 5.75
  expect_near(r.get<float>(0), {-0.5, 5.75});
}

TEST(LowerComposite, LstmStep) {
  Random random(42);
  const std::vector<float> w = random.reals({1, 8, 3}), rec = random.reals({1, 8, 2}),
                           b = random.reals({1, 16});
  const std::vector<float> x = random.reals({4, 1, 3});
  GraphRunner r;
  Node& node = r.node(
      "LSTM",
      {r.input({4, 1, 3}), r.constant({1, 8, 3}, w), r.constant({1, 8, 2}, rec), r.constant({1, 16}, b)},
      {r.output({4, 1, 1, 2}), converter::kNoValue, r.output({1, 1, 2})});
  node.attributes["hidden_size"] = int64_t{2};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, x);
  r.run();
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  double h[2] = {0, 0}, c[2] = {0, 0};
  std::vector<double> y;
  for (size_t t = 0; t < 4; ++t) {
    double gate[8];
    for (size_t g = 0; g < 8; ++g) {  // i, o, f, c
      gate[g] = static_cast<double>(b[g]) + b[8 + g];
      for (size_t k = 0; k < 3; ++k) gate[g] += static_cast<double>(w[g * 3 + k]) * x[t * 3 + k];
      for (size_t k = 0; k < 2; ++k) gate[g] += rec[g * 2 + k] * h[k];
    }
    for (size_t k = 0; k < 2; ++k) {
      c[k] = sigmoid(gate[4 + k]) * c[k] + sigmoid(gate[k]) * std::tanh(gate[6 + k]);
      h[k] = sigmoid(gate[2 + k]) * std::tanh(c[k]);
    }
    y.insert(y.end(), {h[0], h[1]});
  }
  expect_near(r.get<float>(0), y);
  expect_near(r.get<float>(1), {c[0], c[1]});
}

TEST(LowerComposite, MatMulOfTwoActivations) {
  Random random(43);
  const std::vector<float> a = random.reals({2, 3, 4}), b = random.reals({4, 5});
  GraphRunner r;
  r.node("MatMul", {r.input({2, 3, 4}), r.input({4, 5})}, {r.output({2, 3, 5})});
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.op(0).macs(), 2u * 3 * 5 * 4);
  r.set<float>(0, a);
  r.set<float>(1, b);
  r.run();
  std::vector<double> expected;
  for (size_t i = 0; i < 6; ++i)
    for (size_t j = 0; j < 5; ++j) {
      double sum = 0;
      for (size_t k = 0; k < 4; ++k) sum += static_cast<double>(a[i * 4 + k]) * b[k * 5 + j];
      expected.push_back(sum);
    }
  expect_near(r.get<float>(0), expected);
}

TEST(LowerComposite, ResizeBilinearInF32AndS8) {
  Random random(44);
  const Quantization q = quantization(0.1f, 4);
  const std::vector<int8_t> x = random.s8({3, 3, 2});
  std::vector<float> real;
  for (int8_t v : x) real.push_back(static_cast<float>(dequantized(v, q)));
  GraphRunner r;
  for (bool s8 : {false, true}) {
    const TensorType type = s8 ? schema::TensorType_S8 : schema::TensorType_F32;
    Node& node = r.node("Resize", {r.input(type, {1, 3, 3, 2}, s8 ? q : Quantization())},
                        {r.output(type, {1, 6, 6, 2}, s8 ? q : Quantization())});
    set_text(&node, "mode", "linear");
    node.attributes["scales_height"] = 2.0f;
    node.attributes["scales_width"] = 2.0f;
  }
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, real);
  r.set<int8_t>(1, x);
  r.run();
  const std::vector<float> y = r.get<float>(0);
  const std::vector<int8_t> y8 = r.get<int8_t>(1);
  for (int oy = 0; oy < 6; ++oy)
    for (int ox = 0; ox < 6; ++ox)
      for (size_t c = 0; c < 2; ++c) {
        const double fy = std::min(2.0, std::max(0.0, (oy + 0.5) / 2 - 0.5));
        const double fx = std::min(2.0, std::max(0.0, (ox + 0.5) / 2 - 0.5));
        const int y0 = static_cast<int>(fy), x0 = static_cast<int>(fx);
        const auto at = [&](int row, int column) {
          return static_cast<double>(
              real[static_cast<size_t>(std::min(2, row) * 3 + std::min(2, column)) * 2 + c]);
        };
        const double top = at(y0, x0) * (1 - fx + x0) + at(y0, x0 + 1) * (fx - x0);
        const double bottom = at(y0 + 1, x0) * (1 - fx + x0) + at(y0 + 1, x0 + 1) * (fx - x0);
        const double expected = top * (1 - fy + y0) + bottom * (fy - y0);
        const size_t i = static_cast<size_t>(oy * 6 + ox) * 2 + c;
        EXPECT_NEAR(y[i], expected, 1e-5);
        EXPECT_NEAR(dequantized(y8[i], q), expected, 0.0501);
      }
}

}  // namespace
}  // namespace octet::testing
