// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "converter/quantize/scales.h"
#include "quantize_graph.h"

namespace octet::converter {
namespace {

TEST(Quantize, AChainOfConvsHasNoBoundary) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {0, 6}, {{"activation_min", 0.0f}, {"activation_max", 6.0f}});
  const ValueId b = g.conv("b", a, 8, {-3, 3});
  g.output(b);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.graph.nodes.size(), 2u);
  EXPECT_EQ(g.type(x), schema::TensorType_S8);  // set_input quantizes
  EXPECT_EQ(g.type(a), schema::TensorType_S8);
  EXPECT_EQ(g.quantization(a).zero_point, -128);
  EXPECT_EQ(g.type(b), schema::TensorType_F32);  // written from the accumulator
  const Value& weights = g.graph.value(g.find("a")->inputs[1]);
  EXPECT_EQ(weights.type, schema::TensorType_S8);
  EXPECT_EQ(weights.quantization.channel_scales.size(), 8u);
  EXPECT_EQ(weights.constant->as<int8_t>()[0], 127);
}

TEST(Quantize, AnOutputWithActivationStaysS8) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {0, 6}, {{"activation_min", 0.0f}});
  g.output(a);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(a), schema::TensorType_S8);
}

TEST(Quantize, FloatOperatorGetsOneDequantizeAndSaysWhy) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  const ValueId a = g.conv("a", x, 8, {0, 6}, {{"activation_min", 0.0f}});
  const ValueId e = g.node("Exp", "e", {a}, {1, 4, 4, 8}, {1, 400});
  const ValueId l = g.node("Log", "l", {a}, {1, 4, 4, 8}, {-5, 2});
  const ValueId b = g.conv("b", a, 8, {-1, 5}, {{"activation_min", -1.0f}});
  for (ValueId id : {e, l, b}) g.output(id);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.count("Dequantize"), 1u);
  EXPECT_EQ(g.count("Quantize"), 0u);
  EXPECT_NE(g.find("e")->float_reason.find("Exp"), std::string::npos);
  EXPECT_EQ(g.find("e")->inputs[0], g.find("l")->inputs[0]);
  EXPECT_TRUE(g.find("b")->float_reason.empty());
}

TEST(Quantize, AnInputWithFloatReadersIsQuantizedByANodeOnce) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
  g.output(g.node("Exp", "e", {x}, {1, 4, 4, 8}, {0, 3}));
  g.output(g.conv("a", x, 8, {-1, 1}));
  g.output(g.conv("b", x, 8, {-1, 1}));
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(x), schema::TensorType_F32);
  EXPECT_EQ(g.count("Quantize"), 1u);
  EXPECT_EQ(g.count("Dequantize"), 0u);
}

TEST(Quantize, LightNodesAmongFloatOnesStayFloat) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 8}, {-1, 1});
  const ValueId e = g.node("Exp", "e", {x}, {1, 8}, {0.3f, 3});
  const ValueId s = g.node("Sigmoid", "s", {e}, {1, 8}, {0.5f, 1});
  const ValueId t = g.node("Transpose", "t", {s}, {8, 1}, {0.5f, 1}, {{"perm", std::vector<int64_t>{1, 0}}});
  const ValueId m = g.node("Mul", "m", {t, t}, {8, 1}, {0, 1});
  g.output(g.node("Log", "l", {m}, {8, 1}, {-1, 0}));
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.count("Quantize") + g.count("Dequantize"), 0u);
  for (const char* name : {"e", "s", "t", "m", "l"}) EXPECT_FALSE(g.find(name)->float_reason.empty()) << name;
}

// The decoding of boxes: centres and exp(sizes), of what three Convs wrote.
TEST(Quantize, LightNodesAroundAFloatOneAreFloatWhereConvsWriteF32) {
  for (const bool activation : {false, true}) {
    QuantizeGraph g;
    const ValueId x = g.input("x", {1, 4, 4, 8}, {-1, 1});
    std::map<std::string, Attribute> attributes;
    if (activation) attributes["activation_min"] = 0.0f;
    std::vector<ValueId> branches;
    for (const char* name : {"a", "b", "c"}) branches.push_back(g.conv(name, x, 8, {0, 6}, attributes));
    const ValueId all = g.node("Concat", "all", branches, {1, 12, 4, 8}, {0, 6}, {{"axis", int64_t{1}}});
    const ValueId centre = g.node("Mul", "centre", {all, all}, {1, 12, 4, 8}, {0, 36});
    const ValueId size = g.node("Exp", "size", {all}, {1, 12, 4, 8}, {1, 400});
    g.output(g.node("Concat", "boxes", {centre, size}, {1, 24, 4, 8}, {0, 400}, {{"axis", int64_t{1}}}));
    ASSERT_TRUE(g.quantize_all().ok());
    EXPECT_EQ(g.count("Dequantize"), activation ? 1u : 0u);
    EXPECT_EQ(g.count("Quantize"), activation ? 1u : 0u);
    EXPECT_EQ(g.find("centre")->float_reason.empty(), activation);
    EXPECT_EQ(g.type(branches[0]), activation ? schema::TensorType_S8 : schema::TensorType_F32);
  }
}

TEST(Quantize, LightNetworksWithoutFloatNeighboursAreS8) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 8}, {-1, 1});
  const ValueId y = g.input("y", {1, 8}, {-3, 2});
  const ValueId sum = g.node("Add", "sum", {x, y}, {1, 8}, {-4, 3});
  g.output(sum);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(x), schema::TensorType_S8);
  EXPECT_EQ(g.type(sum), schema::TensorType_S8);
  EXPECT_EQ(g.graph.nodes.size(), 1u);
}

TEST(Quantize, TwoActivationsInMatMulStayFloat) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {4, 4}, {-1, 1});
  g.output(g.node("MatMul", "m", {x, x}, {4, 4}, {-4, 4}));
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.find("m")->float_reason, "both MatMul inputs are activations");
}

TEST(Quantize, SameScaleOperatorsShareOneScale) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 8, 8, 4}, {-1, 1});
  const ValueId a = g.conv("a", x, 4, {-2, 5});
  const ValueId p = g.node("MaxPool", "p", {a}, {1, 4, 4, 4}, {0, 5});
  const ValueId r = g.node("Reshape", "r", {p}, {1, 64}, {0, 5});
  const ValueId s = g.node("Slice", "s", {r}, {1, 32}, {0, 2});
  const ValueId h = g.node("HardSwish", "h", {s}, {1, 32}, {-0.3f, 2});
  g.output(h);
  ASSERT_TRUE(g.quantize_all().ok());
  for (ValueId id : {p, r, s}) EXPECT_TRUE(same_quantization(g.quantization(id), g.quantization(a)));
  EXPECT_FALSE(same_quantization(g.quantization(h), g.quantization(a)));
  EXPECT_EQ(g.count("Requantize"), 0u);
}

TEST(Quantize, ConcatTakesOverWhatOnlyItReadsAndRequantizesTheRest) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {-1, 1});
  const ValueId wide = g.conv("wide", x, 4, {-8, 8});
  const ValueId narrow = g.conv("narrow", x, 4, {-1, 1});   // read only by the Concat
  const ValueId shared = g.conv("shared", x, 4, {-2, 2});   // read by another Conv too
  const ValueId close = g.conv("close", x, 4, {-7.6f, 8});  // another reader, but a close range
  const ValueId c =
      g.node("Concat", "c", {wide, narrow, shared, close}, {1, 4, 4, 16}, {-8, 8}, {{"axis", int64_t{3}}});
  const ValueId t1 = g.conv("t1", shared, 4, {-1, 1}, {{"activation_min", -1.0f}});
  const ValueId t2 = g.conv("t2", close, 4, {-1, 1}, {{"activation_min", -1.0f}});
  const ValueId t3 = g.conv("t3", c, 16, {-1, 1}, {{"activation_min", -1.0f}});
  for (ValueId id : {t1, t2, t3}) g.output(id);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.count("Requantize"), 1u);
  EXPECT_TRUE(same_quantization(g.quantization(narrow), g.quantization(c)));
  EXPECT_TRUE(same_quantization(g.quantization(close), g.quantization(c)));
  EXPECT_FALSE(same_quantization(g.quantization(shared), g.quantization(c)));
  EXPECT_TRUE(same_quantization(g.quantization(g.find("c")->inputs[2]), g.quantization(c)));
}

TEST(Quantize, PadValueIsRepresentable) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {0, 1});
  const ValueId p = g.node("Pad", "p", {x}, {1, 6, 6, 4}, {-2, 1},
                           {{"value", -2.0f}, {"pads", std::vector<int64_t>{0, 1, 1, 0, 0, 1, 1, 0}}});
  g.output(g.conv("a", p, 4, {-1, 1}));
  ASSERT_TRUE(g.quantize_all().ok());
  const Quantization& q = g.quantization(p);
  EXPECT_LE(q.scale * (-128 - q.zero_point), -2.0f + 1e-6f);
  EXPECT_TRUE(same_quantization(q, g.quantization(x)));
}

TEST(Quantize, SoftmaxBehindLogitsWritesFloatAndKeepsTheLogitsS8) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 8}, {-1, 1});
  const ValueId w = g.constant("w", {10, 8}, std::vector<float>(80, 0.1f));
  const ValueId logits = g.node("FullyConnected", "fc", {x, w}, {1, 10}, {-9, 12});
  const ValueId s = g.node("Softmax", "s", {logits}, {1, 10}, {0, 1}, {{"axis", int64_t{-1}}});
  g.output(s);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(logits), schema::TensorType_S8);
  EXPECT_EQ(g.type(s), schema::TensorType_F32);
  EXPECT_EQ(g.graph.nodes.size(), 2u);
}

TEST(Quantize, ReshapeBehindLogitsPassesTheFloatOn) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 1, 1, 8}, {-1, 1});
  const ValueId c = g.conv("c", x, 8, {-9, 12});
  const ValueId r = g.node("Reshape", "r", {c}, {1, 8}, {-9, 12});
  g.output(r);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(c), schema::TensorType_F32);
  EXPECT_EQ(g.type(r), schema::TensorType_F32);
  EXPECT_NE(g.find("r")->float_reason.find("Conv 'c'"), std::string::npos);
}

TEST(Quantize, TableActivationIsFusedBehindAConvWithOneReader) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {-1, 1});
  const ValueId a = g.conv("a", x, 4, {-4, 4});
  const ValueId h = g.node("HardSwish", "h", {a}, {1, 4, 4, 4}, {-0.375f, 4});
  const ValueId b = g.conv("b", h, 4, {-4, 4});
  const ValueId i = g.node("HardSwish", "i", {b}, {1, 4, 4, 4}, {-0.375f, 4});
  const ValueId m = g.node("Mul", "m", {b, i}, {1, 4, 4, 4}, {-2, 16});
  g.output(m);
  ASSERT_TRUE(g.quantize_all().ok());
  ASSERT_TRUE(g.find("a")->has("table"));
  EXPECT_EQ(g.find("a")->outputs[0], h);
  EXPECT_EQ(g.find("h"), nullptr);
  EXPECT_EQ(g.find("a")->number("table_scale"), range_to_quantization({-4, 4}).scale);
  EXPECT_FALSE(g.find("b")->has("table"));  // two readers
  EXPECT_NE(g.find("i"), nullptr);
}

TEST(Quantize, ConstantOperands) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {-1, 1});
  const ValueId vector = g.constant("v", {4}, {-1, 0, 1, 2});
  const ValueId scalar = g.constant("s", {}, {0.5f});
  const ValueId a = g.node("Add", "a", {x, vector}, {1, 4, 4, 4}, {-2, 3});
  const ValueId m = g.node("Mul", "m", {a, scalar}, {1, 4, 4, 4}, {-1, 1.5f});
  g.output(m);
  ASSERT_TRUE(g.quantize_all().ok());
  const Value& operand = g.graph.value(g.find("a")->inputs[1]);
  EXPECT_EQ(operand.type, schema::TensorType_S8);
  const int8_t* q = operand.constant->as<int8_t>();
  EXPECT_EQ(q[1], operand.quantization.zero_point);
  EXPECT_NEAR(operand.quantization.scale * (q[3] - operand.quantization.zero_point), 2.0, 0.01);
  EXPECT_EQ(g.find("m")->inputs[1], scalar);  // becomes a table in lower
}

TEST(Quantize, FormsOfScales) {
  for (const bool power_of_two : {false, true}) {
    QuantizeGraph g;
    const ValueId x = g.input("x", {1, 2, 2, 2}, {-1, 3});
    const ValueId w = g.constant("w", {2, 1, 1, 2}, {0.5f, -0.25f, 2.54f, 1});
    const ValueId y = g.node("Conv", "y", {x, w}, {1, 2, 2, 2}, {0, 5},
                             {{"kernel_shape", std::vector<int64_t>{1, 1}}, {"activation_min", 0.0f}});
    g.output(y);
    ConvertOptions options;
    options.ranges.form = {true, power_of_two, true};
    Diagnostics diagnostics;
    ASSERT_TRUE(quantize(&g.graph, g.ranges, options, &diagnostics).ok());
    EXPECT_EQ(g.quantization(x).zero_point, 0);
    EXPECT_EQ(g.quantization(y).zero_point, 0);
    EXPECT_FLOAT_EQ(g.quantization(x).scale, power_of_two ? 1.0f / 32 : 3.0f / 127);
    const Value& weights = g.graph.value(g.find("y")->inputs[1]);
    ASSERT_EQ(weights.quantization.channel_scales.size(), 2u);
    EXPECT_FLOAT_EQ(weights.quantization.channel_scales[0], power_of_two ? 1.0f / 32 : 0.02f);
    EXPECT_EQ(weights.quantization.channel_scales[0], weights.quantization.channel_scales[1]);
    EXPECT_EQ(weights.constant->as<int8_t>()[0], power_of_two ? 16 : 25);
  }
}

TEST(Quantize, NonFiniteWeightsAreAnError) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 2}, {-1, 1});
  const ValueId w = g.constant("w", {1, 2}, {1.0f, NAN});
  g.output(g.node("FullyConnected", "fc", {x, w}, {1, 1}, {-9, 12}));
  const Status status = g.quantize_all();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("FullyConnected 'fc'"), std::string::npos);
}

TEST(Quantize, IntegerNodesAreLeftAlone) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 2}, {-1, 1});
  const ValueId w = g.constant("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  const ValueId logits = g.node("FullyConnected", "fc", {x, w}, {1, 3}, {-9, 12});
  const ValueId best =
      g.node("ArgMax", "best", {logits}, {1, 1}, {}, {{"axis", int64_t{1}}}, schema::TensorType_S64);
  g.output(best);
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_EQ(g.type(logits), schema::TensorType_S8);
  EXPECT_EQ(g.type(best), schema::TensorType_S64);
  EXPECT_EQ(g.graph.nodes.size(), 2u);
}

// A detector's shared head: the same weights at two places. Each place has scales of its own.
TEST(Quantize, SharedWeightsGetActivationScalesOfTheirOwn) {
  QuantizeGraph g;
  const ValueId w = g.constant("w", {4, 1, 1, 4}, std::vector<float>(16, 0.5f));
  const std::map<std::string, Attribute> attributes = {{"kernel_shape", std::vector<int64_t>{1, 1}},
                                                       {"activation_min", 0.0f}};
  std::vector<ValueId> heads;
  for (const float reach : {1.0f, 40.0f}) {
    const std::string name = reach > 1 ? "far" : "near";
    const ValueId x = g.input(name + "/x", {1, 4, 4, 4}, {-reach, reach});
    heads.push_back(g.node("Conv", name, {x, w}, {1, 4, 4, 4}, {0, 2 * reach}, attributes));
    g.output(g.conv(name + "/out", heads.back(), 4, {-reach, reach}));
  }
  ASSERT_TRUE(g.quantize_all().ok());
  EXPECT_FLOAT_EQ(g.quantization(heads[0]).scale, 2.0f / 255);
  EXPECT_FLOAT_EQ(g.quantization(heads[1]).scale, 80.0f / 255);
  for (const char* name : {"near", "far"}) {
    const Value& weights = g.graph.value(g.find(name)->inputs[1]);
    EXPECT_FLOAT_EQ(weights.quantization.channel_scales[0], 0.5f / 127) << name;
  }
}

// Heads of different reach that a Concat collects for an output: each writes f32.
TEST(Quantize, HeadsBehindAConcatThatIsAnAnswerAreNotRounded) {
  for (const bool answer : {true, false}) {
    QuantizeGraph g;
    const ValueId x = g.input("x", {1, 4, 4, 4}, {-1, 1});
    std::vector<ValueId> parts;
    for (const float reach : {1.0f, 40.0f}) {
      const std::string name = reach > 1 ? "far" : "near";
      const ValueId head = g.conv(name, x, 4, {-reach, reach});
      parts.push_back(g.node("Reshape", name + "/r", {head}, {1, 16, 4}, {-reach, reach}));
    }
    const ValueId all = g.node("Concat", "all", parts, {1, 32, 4}, {-40, 40}, {{"axis", int64_t{1}}});
    g.output(answer ? all : g.node("Sigmoid", "s", {all}, {1, 32, 4}, {0, 1}));
    ASSERT_TRUE(g.quantize_all().ok());
    EXPECT_EQ(g.type(all), answer ? schema::TensorType_F32 : schema::TensorType_S8);
    EXPECT_EQ(g.type(g.find("near")->outputs[0]), answer ? schema::TensorType_F32 : schema::TensorType_S8);
    EXPECT_EQ(g.find("all")->float_reason.empty(), !answer);
    EXPECT_EQ(g.count("Dequantize") + g.count("Requantize"), 0u);
  }
}

}  // namespace
}  // namespace octet::converter
