// SPDX-License-Identifier: Apache-2.0
//
// PrecisionOptions::int16: types, boundaries, refusals, and what 16 bits are worth on a small network that
// has every 16-bit form.
#include "converter/quantize/wide_values.h"

#include <gtest/gtest.h>

#include <cmath>

#include "converter/golden.h"
#include "converter/quantize/quantize_weights.h"
#include "quantize_graph.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/random.h"

namespace octet::converter {
namespace {

Status quantize_with(QuantizeGraph* g, const std::vector<std::string>& int16) {
  ConvertOptions options;
  options.precision_options.int16 = int16;
  return quantize(&g->graph, g->ranges, options, &g->diagnostics);
}

std::string warnings(const QuantizeGraph& g) {
  std::string text;
  for (const Diagnostic& item : g.diagnostics.items())
    if (item.severity == Severity::kWarning) text += item.node + ": " + item.message + "\n";
  return text;
}

TEST(WideValues, ConvsReadAndWriteThemDirectly) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {0, 6}, {{"activation_min", 0.0f}, {"activation_max", 6.0f}});
  const ValueId b = g.conv("b", a, 8, {0, 3}, {{"activation_min", 0.0f}});
  g.output(b);
  const Status status = quantize_with(&g, {"a"});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(g.graph.nodes.size(), 2u);
  EXPECT_EQ(g.type(a), schema::TensorType_S16);
  EXPECT_EQ(g.quantization(a).zero_point, 0);
  EXPECT_FLOAT_EQ(g.quantization(a).scale, 6.0f / 16383);
  EXPECT_EQ(g.type(b), schema::TensorType_S8);
  EXPECT_EQ(warnings(g), "");
}

TEST(WideValues, AnInputMayBeOne) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-2, 1});
  g.output(g.conv("a", x, 8, {0, 6}, {{"activation_min", 0.0f}}));
  ASSERT_TRUE(quantize_with(&g, {"x"}).ok());
  EXPECT_EQ(g.type(x), schema::TensorType_S16);
  EXPECT_FLOAT_EQ(g.quantization(x).scale, 2.0f / 16384);
}

TEST(WideValues, MovementKeepsThemAndOthersGetEightBits) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {-6, 6});
  const ValueId p =
      g.node("MaxPool", "p", {a}, {1, 2, 2, 8}, {-5, 6},
             {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  const ValueId b = g.conv("b", p, 8, {0, 3}, {{"activation_min", 0.0f}});
  const ValueId s = g.node("Sigmoid", "s", {a}, {1, 4, 4, 8}, {0, 1});
  g.output(b);
  g.output(s);
  ASSERT_TRUE(quantize_with(&g, {"a"}).ok());
  EXPECT_EQ(g.type(a), schema::TensorType_S16);
  EXPECT_EQ(g.type(p), schema::TensorType_S16);
  EXPECT_EQ(g.quantization(p).scale, g.quantization(a).scale);
  ASSERT_EQ(g.count("Requantize"), 1u);  // in front of the table
  EXPECT_EQ(g.type(g.find("s")->inputs[0]), schema::TensorType_S8);
  EXPECT_NEAR(g.quantization(g.find("s")->inputs[0]).scale, 12.0 / 255, 1e-3);
}

TEST(WideValues, AConcatTakesTheOthersAlong) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {-6, 6}), b = g.conv("b", x, 8, {-5, 6});
  const ValueId c = g.node("Concat", "c", {a, b}, {1, 4, 4, 16}, {-6, 6}, {{"axis", int64_t{3}}});
  g.output(g.conv("d", c, 16, {0, 3}, {{"activation_min", 0.0f}}));
  ASSERT_TRUE(quantize_with(&g, {"a"}).ok());
  EXPECT_EQ(g.type(c), schema::TensorType_S16);
  EXPECT_EQ(g.type(b), schema::TensorType_S8);
  EXPECT_EQ(g.count("Requantize"), 1u);
}

TEST(WideValues, WhatCannotBeWideSaysWhy) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {-6, 6});
  const ValueId s = g.node("Sigmoid", "s", {a}, {1, 4, 4, 8}, {0, 1});
  const ValueId b = g.conv("b", s, 8, {-6, 6});
  g.output(b);
  ASSERT_TRUE(quantize_with(&g, {"s", "b"}).ok());
  EXPECT_EQ(g.type(s), schema::TensorType_S8);
  EXPECT_NE(warnings(g).find("s: stays as it is, not in 16 bits: Sigmoid 's' has no 16-bit form"),
            std::string::npos)
      << warnings(g);
  EXPECT_NE(warnings(g).find("b: stays as it is, not in 16 bits: Conv 'b' writes f32"), std::string::npos)
      << warnings(g);
}

TEST(WideValues, AnUnknownNameIsAnError) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  g.output(g.conv("a", x, 8, {-6, 6}));
  const Status status = quantize_with(&g, {"a", "nobody"});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("'nobody' in 16 bits: no operator or tensor has this name"),
            std::string::npos)
      << status.message();
}

// 16-bit inputs and many weights: the channel's scale rises no more than the accumulator needs.
TEST(WideValues, WeightScalesLeaveRoomInTheAccumulator) {
  const std::vector<float> weights(1200, 0.25f);
  ChannelInput input;
  input.weights = weights.data();
  input.count = weights.size();
  input.bias = 3;
  input.input_scale = 0.001;
  input.output_scale = 0.05;
  const ChannelWeights narrow = quantize_channel(input);
  EXPECT_FALSE(narrow.raised);
  input.input_type = schema::TensorType_S16;
  const ChannelWeights wide = quantize_channel(input);
  EXPECT_TRUE(wide.raised);
  double bound = std::fabs(wide.bias);
  for (int8_t w : wide.weights) bound += 16384.0 * std::abs(w);
  EXPECT_LT(bound, 2147483647.0);
  EXPECT_GT(bound, 0.9 * 2147483647.0);
}

// Weights of `outputs` channels that 8 bits hold exactly.
std::vector<float> grid_weights(testing::Random* random, size_t count, size_t outputs, float size) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = size * (i % (count / outputs) == 0 ? 1 : static_cast<float>(random->s8(-127)) / 127);
  return values;
}

// ---- A network with every form --------------------------------------------------------------------

std::vector<float> random_floats(testing::Random* random, size_t count, float size) {
  std::vector<float> values(count);
  for (float& value : values) value = random->f32(-size, size);
  return values;
}

struct Network : QuantizeGraph {
  Network() {
    testing::Random random(21);
    const auto linear = [&](const char* op, const char* name, ValueId from, Dims weights, Dims shape,
                            std::map<std::string, Attribute> attributes) {
      size_t count = 1;
      for (int64_t dim : weights) count *= static_cast<size_t>(dim);
      const float size = 1.5f / std::sqrt(static_cast<float>(count) / static_cast<float>(weights[0]));
      const auto outputs = static_cast<size_t>(weights[0]);
      const ValueId w =
          constant(std::string(name) + "/w", weights, grid_weights(&random, count, outputs, size));
      const ValueId b =
          constant(std::string(name) + "/b", {weights[0]}, random_floats(&random, outputs, 0.2f));
      return node(op, name, {from, w, b}, std::move(shape), {}, std::move(attributes));
    };
    const std::map<std::string, Attribute> relu = {{"activation_min", 0.0f}};
    std::map<std::string, Attribute> same = {{"kernel_shape", std::vector<int64_t>{3, 3}},
                                             {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                                             {"activation_min", 0.0f}};
    const ValueId x = input("x", {1, 12, 12, 3}, {-1, 1});
    const ValueId stem = linear("Conv", "stem", x, {20, 3, 3, 3}, {1, 12, 12, 20}, same);
    same["group"] = int64_t{20};
    const ValueId depthwise = linear("Conv", "depthwise", stem, {20, 3, 3, 1}, {1, 12, 12, 20}, same);
    const ValueId point = linear("Conv", "point", depthwise, {20, 1, 1, 20}, {1, 12, 12, 20}, {});
    const ValueId sum = node("Add", "sum", {point, stem}, {1, 12, 12, 20}, {}, relu);
    const ValueId difference = node("Sub", "difference", {sum, depthwise}, {1, 12, 12, 20}, {});
    const ValueId product = node("Mul", "product", {difference, sum}, {1, 12, 12, 20}, {});
    const std::map<std::string, Attribute> window = {{"kernel_shape", std::vector<int64_t>{2, 2}},
                                                     {"strides", std::vector<int64_t>{2, 2}}};
    const ValueId largest = node("MaxPool", "largest", {product}, {1, 6, 6, 20}, {}, window);
    const ValueId average = node("AveragePool", "average", {largest}, {1, 3, 3, 20}, {}, window);
    const ValueId mean =
        node("Reduce", "mean", {average}, {1, 20}, {},
             {{"kind", std::string("Mean")}, {"axes", std::vector<int64_t>{1, 2}}, {"keepdims", int64_t{0}}});
    const ValueId hidden = linear("FullyConnected", "hidden", mean, {24, 20}, {1, 24}, relu);
    output(linear("FullyConnected", "last", hidden, {10, 24}, {1, 10}, {}));
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all = {"x"};
    for (const auto& node : graph.nodes)
      if (node->name != "last") all.push_back(node->name);
    return all;
  }
};

struct Runner {
  LoweredModel lowered;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;

  explicit Runner(const Graph& graph, bool golden = false) {
    Diagnostics diagnostics;
    const Status status = golden ? finish_model(graph, LowerOptions(), {}, &lowered, &diagnostics)
                                 : lower(graph, LowerOptions(), &lowered, &diagnostics);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) return;
    const Status loaded = Model::load_memory(lowered.data(), lowered.bytes, &model);
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    SessionOptions options;
    options.keep_all_tensors = true;
    if (loaded.ok()) EXPECT_TRUE(Session::create(*model, options, &session).ok());
  }

  std::vector<float> run(const std::vector<float>& input, size_t outputs) {
    std::vector<float> result(outputs);
    EXPECT_TRUE(session->set_input(0, input.data(), input.size() * 4).ok());
    session->run();
    EXPECT_TRUE(session->get_output(0, result.data(), outputs * 4).ok());
    return result;
  }
};

// The ranges that the float network shows.
void calibrate(QuantizeGraph* network, const std::vector<std::vector<float>>& samples, size_t outputs) {
  Runner runner(network->graph);
  for (const auto& node : network->graph.nodes) {
    Range range;
    for (const auto& sample : samples) {
      runner.run(sample, outputs);
      const int index = runner.lowered.value_to_tensor[static_cast<size_t>(node->outputs[0])];
      const Tensor& tensor = runner.session->tensor(static_cast<size_t>(index));
      for (size_t i = 0; i < tensor.shape.elements(); ++i)
        range = {std::min(range.min, tensor.as<float>()[i]), std::max(range.max, tensor.as<float>()[i])};
    }
    network->ranges[node->outputs[0]] = range;
  }
}

double sqnr(const std::vector<std::vector<float>>& samples, const std::vector<std::string>& int16) {
  Network real, integers;
  calibrate(&integers, samples, 10);
  const Status status = quantize_with(&integers, int16);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(warnings(integers), "");
  Runner expected(real.graph),
      actual(integers.graph, true);  // golden: all kernels give the reference's bytes
  if (actual.session == nullptr) return 0;
  for (const std::string& name : int16)
    EXPECT_EQ(integers.type(name == "x" ? 0 : integers.find(name)->outputs[0]), schema::TensorType_S16)
        << name;
  size_t wide = 0;
  for (const CoveredTensor& covered : find_covered_tensors(*actual.model))
    wide += actual.model->tensors()[covered.tensor].is_s16();
  EXPECT_EQ(wide, int16.size() - (int16.empty() ? 0 : 1));  // all but the input
  double signal = 0, noise = 0;
  for (const auto& sample : samples) {
    const std::vector<float> e = expected.run(sample, 10), a = actual.run(sample, 10);
    for (size_t i = 0; i < 10; ++i) {
      signal += e[i] * e[i];
      noise += (a[i] - e[i]) * (a[i] - e[i]);
    }
  }
  return 10 * std::log10(signal / noise);
}

TEST(WideValues, ANetworkInSixteenBitsIsNearerToFloat) {
  testing::Random random(22);
  std::vector<std::vector<float>> samples;
  for (int i = 0; i < 8; ++i) samples.push_back(random_floats(&random, 12 * 12 * 3, 1));
  const double narrow = sqnr(samples, {}), wide = sqnr(samples, Network().names());
  std::printf("SQNR %.1f dB in 8 bits, %.1f dB in 16\n", narrow, wide);
  EXPECT_GT(narrow, 15);
  EXPECT_GT(wide, 68);
}

// Movement of 16-bit values: exact, so what is lost is lost at the boundaries and at the last convolution.
struct Movement : QuantizeGraph {
  Movement() {
    const std::vector<int64_t> ones = {1, 1, 1, 1};
    const ValueId x = input("x", {1, 4, 4, 8}, {-1, 1});
    const ValueId deep = conv("deep", x, 8, {});
    const ValueId wide = node("DepthToSpace", "wide", {deep}, {1, 8, 8, 2}, {}, {{"blocksize", int64_t{2}}});
    const ValueId shuffled =
        node("ChannelShuffle", "shuffled", {wide}, {1, 8, 8, 2}, {}, {{"group", int64_t{2}}});
    const ValueId slice = node("Slice", "slice", {shuffled}, {1, 7, 8, 2}, {},
                               {{"starts", std::vector<int64_t>{0, 1, 0, 0}}, {"steps", ones}});
    const ValueId padded = node("Pad", "padded", {slice}, {1, 8, 8, 2}, {},
                                {{"pads", std::vector<int64_t>{0, 1, 0, 0, 0, 0, 0, 0}}, {"value", 0.25f}});
    const ValueId turned =
        node("Transpose", "turned", {padded}, {1, 8, 8, 2}, {}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
    const ValueId tiled =
        node("Tile", "tiled", {turned}, {1, 8, 8, 4}, {}, {{"repeats", std::vector<int64_t>{1, 1, 1, 2}}});
    const ValueId indices = integers<int64_t>("indices", schema::TensorType_S64, {3}, {3, 0, 1});
    const ValueId some = node("Gather", "some", {tiled, indices}, {1, 8, 8, 3}, {}, {{"axis", int64_t{3}}});
    const ValueId constants = constant("constants", {1, 8, 8, 1}, std::vector<float>(64, 0.125f));
    const ValueId both = node("Concat", "both", {some, constants}, {1, 8, 8, 4}, {}, {{"axis", int64_t{3}}});
    output(conv("last", both, 4, {}));
  }
};

TEST(WideValues, MovementOfEveryKindInSixteenBits) {
  testing::Random random(23);
  std::vector<std::vector<float>> samples;
  for (int i = 0; i < 4; ++i) samples.push_back(random_floats(&random, 4 * 4 * 8, 1));
  Movement real, integers;
  calibrate(&integers, samples, 256);
  const std::vector<std::string> names = {"deep",   "wide",  "shuffled", "slice", "padded",
                                          "turned", "tiled", "some",     "both"};
  const Status status = quantize_with(&integers, {"x", "some"});
  ASSERT_TRUE(status.ok()) << status.message();
  for (const std::string& name : names)
    EXPECT_EQ(integers.type(integers.find(name)->outputs[0]), schema::TensorType_S16) << name;
  Runner expected(real.graph), actual(integers.graph, true);
  ASSERT_NE(actual.session, nullptr);
  double signal = 0, noise = 0;
  for (const auto& sample : samples) {
    const std::vector<float> e = expected.run(sample, 256), a = actual.run(sample, 256);
    for (size_t i = 0; i < 256; ++i) {
      signal += e[i] * e[i];
      noise += (a[i] - e[i]) * (a[i] - e[i]);
    }
  }
  EXPECT_GT(10 * std::log10(signal / noise), 65);
}

}  // namespace
}  // namespace octet::converter
