// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "converter/quantize/scales.h"
#include "converter/quantize/wide_pin.h"
#include "quantize_graph.h"

namespace octet::converter {
namespace {

struct QdqGraph : QuantizeGraph {
  int made = 0;
  std::string fresh(const char* what) { return std::string(what) + std::to_string(made++); }

  ValueId zero(TensorType type, int z) {
    if (type == schema::TensorType_U8)
      return integers<uint8_t>(fresh("z"), type, {}, {static_cast<uint8_t>(z)});
    return integers<int8_t>(fresh("z"), type, {}, {static_cast<int8_t>(z)});
  }
  ValueId q(ValueId x, float scale, int z, TensorType type = schema::TensorType_S8) {
    return node("QuantizeLinear", fresh("q"), {x, constant(fresh("s"), {}, {scale}), zero(type, z)},
                graph.value(x).shape, {}, {}, type);
  }
  ValueId dq(ValueId x, float scale, int z) {
    return node("DequantizeLinear", fresh("dq"), {x, constant(fresh("s"), {}, {scale}), zero(type(x), z)},
                graph.value(x).shape, {});
  }
  ValueId qdq(ValueId x, float scale, int z, TensorType type = schema::TensorType_S8) {
    return dq(q(x, scale, z, type), scale, z);
  }

  Status run() {
    bool found = false;
    const Status status = import_qdq(&graph, &diagnostics, &found);
    if (!status.ok()) return status;
    EXPECT_TRUE(found);
    EXPECT_EQ(count("QuantizeLinear") + count("DequantizeLinear"), 0u);
    ranges.clear();
    return quantize_all();
  }
  size_t warnings() const {
    size_t total = 0;
    for (const Diagnostic& item : diagnostics.items()) total += item.severity == Severity::kWarning;
    return total;
  }
};

TEST(ImportQdq, ConvInU8TakesTheFilesScalesAndIntegers) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 2, 2, 2}, {});
  const ValueId w = g.integers<int8_t>("w", schema::TensorType_S8, {2, 1, 1, 2}, {1, -2, 127, 0});
  const ValueId wd = g.node(
      "DequantizeLinear", "wd",
      {w, g.constant("ws", {2}, {0.5f, 0.25f}), g.integers<int8_t>("wz", schema::TensorType_S8, {2}, {0, 0})},
      {2, 1, 1, 2}, {}, {{"axis", int64_t{0}}});
  const ValueId b = g.integers<int32_t>("b", schema::TensorType_S32, {2}, {100, -7});
  const ValueId bd = g.node("DequantizeLinear", "bd",
                            {b, g.constant("bs", {2}, {0.05f, 0.025f}),
                             g.integers<int32_t>("bz", schema::TensorType_S32, {2}, {0, 0})},
                            {2}, {}, {{"axis", int64_t{0}}});
  const ValueId xd = g.qdq(x, 0.1f, 128, schema::TensorType_U8);
  // The passes have fused a Clip.
  const ValueId r = g.node(
      "Conv", "c", {xd, wd, bd}, {1, 2, 2, 2}, {},
      {{"kernel_shape", std::vector<int64_t>{1, 1}}, {"activation_min", 0.0f}, {"activation_max", 6.0f}});
  g.output(g.qdq(r, 0.04f, 3, schema::TensorType_U8));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.type(x), schema::TensorType_S8);
  EXPECT_EQ(g.quantization(x).scale, 0.1f);
  EXPECT_EQ(g.quantization(x).zero_point, 0);
  EXPECT_EQ(g.graph.outputs[0].value, r);
  EXPECT_EQ(g.quantization(r).scale, 0.04f);
  EXPECT_EQ(g.quantization(r).zero_point, -125);
  const Node& conv = *g.find("c");
  const Value& weights = g.graph.value(conv.inputs[1]);
  const int8_t* q = weights.constant->as<int8_t>();
  EXPECT_EQ(std::vector<int>(q, q + 4), (std::vector<int>{1, -2, 127, 0}));
  EXPECT_EQ(weights.quantization.channel_scales, (std::vector<float>{0.5f, 0.25f}));
  const int32_t* bias = g.graph.value(conv.inputs[2]).constant->as<int32_t>();
  EXPECT_EQ(bias[0], 100);  // less 0.04 / 128 of an output step: 0.006 and 0.0125 units
  EXPECT_EQ(bias[1], -7);
  EXPECT_EQ(g.warnings(), 0u);
}

// u8 weights with a zero point: within [-127, 127] steps they are exact, beyond they are changed and counted.
TEST(ImportQdq, AsymmetricWeights) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 2}, {});
  const ValueId w = g.integers<uint8_t>("w", schema::TensorType_U8, {3, 2}, {0, 110, 255, 100, 229, 1});
  const ValueId wd = g.dq(w, 0.5f, 100);
  const ValueId y = g.node("FullyConnected", "fc", {g.qdq(x, 0.1f, 5), wd}, {1, 3}, {});
  g.output(g.qdq(y, 0.3f, 0));
  ASSERT_TRUE(g.run().ok());
  const Value& weights = g.graph.value(g.find("fc")->inputs[1]);
  const int8_t* q = weights.constant->as<int8_t>();
  EXPECT_EQ(q[0], -100);
  EXPECT_EQ(q[1], 10);
  EXPECT_EQ(q[2], 127);  // 155 steps: a coarser scale
  EXPECT_FLOAT_EQ(weights.quantization.channel_scales[1], 0.5f * 155 / 127);
  EXPECT_EQ(weights.quantization.channel_scales[0], 0.5f);
  EXPECT_EQ(g.warnings(), 1u);
}

TEST(ImportQdq, WeightMinus128IsClampedAndCounted) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 9}, {});
  const ValueId wd =
      g.dq(g.integers<int8_t>("w", schema::TensorType_S8, {1, 9}, {-128, 63, 64, 62, 65, 63, 64, 62, 65}),
           0.5f, 0);
  const ValueId y = g.node("FullyConnected", "fc", {g.qdq(x, 0.1f, 5), wd}, {1, 1}, {});
  g.output(g.qdq(y, 0.3f, 0));
  ASSERT_TRUE(g.run().ok());
  const Value& weights = g.graph.value(g.find("fc")->inputs[1]);
  EXPECT_EQ(weights.constant->as<int8_t>()[0], -127);
  EXPECT_EQ(weights.constant->as<int8_t>()[1], 63);
  ASSERT_EQ(g.warnings(), 1u);
  for (const Diagnostic& item : g.diagnostics.items())
    if (item.severity == Severity::kWarning) {
      EXPECT_NE(item.message.find("1 weights were clamped"), std::string::npos) << item.message;
    }
}

TEST(ImportQdq, BackToBackRequantization) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId first = g.qdq(x, 0.1f, 128, schema::TensorType_U8);
  const ValueId same = g.qdq(first, 0.1f, 0);    // the same numbers in s8: nothing happens
  const ValueId other = g.qdq(same, 0.2f, -10);  // another scale: a table
  const ValueId y = g.node("Sigmoid", "y", {other}, {1, 4}, {});
  g.output(g.qdq(y, 1.0f / 256, -128));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.count("Requantize"), 1u);
  EXPECT_EQ(g.graph.nodes.size(), 2u);
  EXPECT_EQ(g.quantization(x).scale, 0.1f);
  EXPECT_EQ(g.quantization(g.find("y")->inputs[0]).scale, 0.2f);
  EXPECT_EQ(g.quantization(g.find("y")->inputs[0]).zero_point, -10);
}

TEST(ImportQdq, FloatReadersKeepTheFloatValue) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId e = g.node("Exp", "e", {x}, {1, 4}, {});
  const ValueId xd = g.qdq(x, 0.1f, 0);
  const ValueId y = g.node("Sigmoid", "y", {xd}, {1, 4}, {});
  g.output(g.qdq(y, 1.0f / 256, -128));
  g.output(e);
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.type(x), schema::TensorType_F32);
  EXPECT_EQ(g.count("Quantize"), 1u);
  EXPECT_EQ(g.count("Dequantize"), 0u);
  EXPECT_EQ(g.find("e")->inputs[0], x);
}

TEST(ImportQdq, AnActivationWithoutAScaleStaysFloatWithTheReason) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId a = g.node("Sigmoid", "a", {g.qdq(x, 0.1f, 0)}, {1, 4}, {});
  const ValueId b = g.node("Tanh", "b", {a}, {1, 4}, {});
  g.output(g.qdq(b, 1.0f / 128, 0));
  ASSERT_TRUE(g.run().ok());
  EXPECT_NE(g.find("a")->float_reason.find("gives no scale for 'a'"), std::string::npos)
      << g.find("a")->float_reason;
  EXPECT_EQ(g.count("Quantize") + g.count("Dequantize"), 0u + (g.type(x) == schema::TensorType_S8 ? 1u : 0u));
}

TEST(ImportQdq, MovementWithoutItsOwnScaleInheritsIt) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 2}, {});
  const ValueId p = g.node("MaxPool", "p", {g.qdq(x, 0.1f, 3)}, {1, 2, 2, 2}, {});
  const ValueId r = g.node("Reshape", "r", {p}, {1, 8}, {});
  const ValueId s = g.node("Sigmoid", "s", {r}, {1, 8}, {});
  g.output(g.qdq(s, 1.0f / 256, -128));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.quantization(r).scale, 0.1f);
  EXPECT_EQ(g.quantization(r).zero_point, 3);
  EXPECT_EQ(g.graph.nodes.size(), 3u);
}

TEST(ImportQdq, QuantizedInputsAndOutputsKeepTheirDeclaredType) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  g.graph.value(x).type = g.graph.inputs[0].type = schema::TensorType_U8;
  const ValueId a = g.node("Sigmoid", "a", {g.dq(x, 0.1f, 120)}, {1, 4}, {});
  const ValueId e = g.node("Exp", "e", {g.qdq(a, 1.0f / 256, -128)}, {1, 4}, {});
  g.output(g.q(a, 1.0f / 256, -128));
  g.output(g.q(e, 0.02f, 0, schema::TensorType_U8));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.type(x), schema::TensorType_S8);
  EXPECT_EQ(g.quantization(x).zero_point, -8);
  for (const GraphPort& port : g.graph.outputs)
    EXPECT_EQ(g.type(port.value), schema::TensorType_S8) << port.name;
  EXPECT_EQ(g.graph.outputs[0].value, a);
  EXPECT_EQ(g.count("Quantize"), 1u);  // behind Exp
  EXPECT_EQ(g.count("Requantize"), 0u);
}

TEST(ImportQdq, MovementOfQuantizedBytes) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId bytes = g.q(x, 0.1f, 130, schema::TensorType_U8);
  const ValueId r = g.node("Reshape", "r", {bytes}, {4, 1}, {}, {}, schema::TensorType_U8);
  const ValueId s = g.node("Sigmoid", "s", {g.dq(r, 0.1f, 130)}, {4, 1}, {});
  g.output(g.qdq(s, 1.0f / 256, -128));
  const Status status = g.run();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(g.type(r), schema::TensorType_S8);
  EXPECT_EQ(g.quantization(r).zero_point, 2);
  EXPECT_EQ(g.graph.nodes.size(), 2u);
}

TEST(ImportQdq, PaddingWithAByte) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 2}, {});
  const ValueId bytes = g.q(x, 0.1f, 130, schema::TensorType_U8);
  const ValueId p = g.node(
      "Pad", "p", {bytes}, {1, 3}, {},
      {{"pads", std::vector<int64_t>{0, 1, 0, 0}}, {"value", 140.0f}, {"mode", std::string("constant")}},
      schema::TensorType_U8);
  g.output(g.dq(p, 0.1f, 130));
  ASSERT_TRUE(g.run().ok());
  EXPECT_FLOAT_EQ(g.find("p")->number("value"), 1.0f);
  EXPECT_EQ(g.quantization(p).zero_point, 2);
}

TEST(ImportQdq, ReluAndClipKeepTheStepsOfTheirInput) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId r = g.node("Relu", "r", {g.qdq(x, 0.5f, 3)}, {1, 4}, {});
  const ValueId c = g.node("Clip", "c", {r}, {1, 4}, {}, {{"min", -2.0f}, {"max", 7.5f}});
  g.output(g.node("Sigmoid", "s", {c}, {1, 4}, {}));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.quantization(c).scale, 0.5f);
  EXPECT_EQ(g.quantization(c).zero_point, 3);
  QdqGraph between;  // a bound between two steps
  const ValueId y = between.input("x", {1, 4}, {});
  const ValueId d = between.node("Clip", "c", {between.qdq(y, 0.5f, 3)}, {1, 4}, {}, {{"max", 7.6f}});
  between.output(between.node("Sigmoid", "s", {d}, {1, 4}, {}));
  ASSERT_TRUE(between.run().ok());
  EXPECT_EQ(between.quantization(d).scale, 0);
}

TEST(ImportQdq, SixteenBitsKeepTheirRange) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {});
  const ValueId c = g.conv("c", g.qdq(x, 0.1f, 0), 4, {});
  const ValueId scale = g.constant("s", {}, {0.001f});
  const ValueId zero = g.integers<int32_t>("z", schema::TensorType_S32, {}, {0});  // u16 is read as s32
  const ValueId bytes =
      g.node("QuantizeLinear", "q16", {c, scale, zero}, {1, 4, 4, 4}, {}, {}, schema::TensorType_S32);
  const ValueId back = g.node("DequantizeLinear", "dq16", {bytes, scale, zero}, {1, 4, 4, 4}, {});
  g.output(g.qdq(g.conv("d", back, 4, {}), 0.2f, 0));
  bool found = false;
  ASSERT_TRUE(import_qdq(&g.graph, &g.diagnostics, &found).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(g.warnings(), 0u);
  const Node& clip = *g.find("q16");  // zero point 0: the rounding is the ReLU
  EXPECT_EQ(clip.op, "Clip");
  EXPECT_EQ(clip.number("min"), 0);
  EXPECT_EQ(clip.inputs[0], c);
  std::vector<std::string> int16;
  g.ranges.clear();
  take_wide_pins(&g.graph, &g.ranges, &int16);
  EXPECT_EQ(int16, std::vector<std::string>{"c/clamped"});
  ASSERT_EQ(g.ranges.count(clip.outputs[0]), 1u);
  EXPECT_EQ(g.ranges[clip.outputs[0]].min, 0);
  EXPECT_FLOAT_EQ(g.ranges[clip.outputs[0]].max, 65.535f);
  EXPECT_FALSE(g.quantization(clip.outputs[0]).quantized());
}

TEST(ImportQdq, ASymmetricScaleOfSixteenBitsIsTakenWithoutAClamp) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 4}, {});
  const ValueId c = g.conv("c", g.qdq(x, 0.1f, 0), 4, {});
  const ValueId scale = g.constant("s", {}, {0.001f});
  const ValueId zero = g.integers<int16_t>("z", schema::TensorType_S16, {}, {0});
  const ValueId bytes =
      g.node("QuantizeLinear", "q16", {c, scale, zero}, {1, 4, 4, 4}, {}, {}, schema::TensorType_S16);
  const ValueId back = g.node("DequantizeLinear", "dq16", {bytes, scale, zero}, {1, 4, 4, 4}, {});
  g.output(g.qdq(g.conv("d", back, 4, {}), 0.2f, 0));
  bool found = false;
  ASSERT_TRUE(import_qdq(&g.graph, &g.diagnostics, &found).ok());
  EXPECT_TRUE(is_wide_pin(g.quantization(c)));
  ConvertOptions options;
  g.ranges.clear();
  take_wide_pins(&g.graph, &g.ranges, &options.precision_options.int16);
  EXPECT_FLOAT_EQ(g.ranges[c].min, -32.768f);
  ASSERT_TRUE(quantize(&g.graph, g.ranges, options, &g.diagnostics).ok());
  EXPECT_EQ(g.type(c), schema::TensorType_S16);
  EXPECT_EQ(g.count("Quantize") + g.count("Dequantize"), 0u);
}

TEST(ImportQdq, IndexOfTheLargestByte) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {});
  const ValueId s = g.node("Sigmoid", "s", {g.qdq(x, 0.1f, 3)}, {1, 4}, {});
  const ValueId bytes = g.q(s, 1.0f / 256, 0, schema::TensorType_U8);
  g.output(g.node("ArgMax", "best", {bytes}, {1, 1}, {}, {{"axis", int64_t{1}}}, schema::TensorType_S64));
  const Status status = g.run();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(g.find("best")->inputs[0], s);
  EXPECT_EQ(g.type(s), schema::TensorType_S8);
  EXPECT_EQ(g.graph.nodes.size(), 2u);
}

TEST(ImportQdq, ConcatOfDifferentScalesRequantizesTheInputs) {
  QdqGraph g;
  const ValueId x = g.input("x", {1, 4}, {}), y = g.input("y", {1, 4}, {});
  const ValueId c =
      g.node("Concat", "c", {g.qdq(x, 0.1f, 3), g.qdq(y, 0.2f, 3)}, {1, 8}, {}, {{"axis", int64_t{1}}});
  g.output(g.qdq(c, 0.2f, 3));
  ASSERT_TRUE(g.run().ok());
  EXPECT_EQ(g.count("Requantize"), 1u);
  EXPECT_EQ(g.quantization(g.find("c")->inputs[0]).scale, 0.2f);
}

TEST(ImportQdq, AFloatNetworkIsNotFound) {
  QuantizeGraph g;
  g.output(g.conv("a", g.input("x", {1, 4, 4, 4}, {-1, 1}), 4, {-1, 1}));
  bool found = true;
  ASSERT_TRUE(import_qdq(&g.graph, &g.diagnostics, &found).ok());
  EXPECT_FALSE(found);
}

}  // namespace
}  // namespace octet::converter
