// SPDX-License-Identifier: Apache-2.0
//
// Quantized files: QLinear operators become DequantizeLinear -> the float operator -> QuantizeLinear,
// and weights stay quantized whatever moves their axes.
#include "converter/dequantized_constant.h"
#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

TensorProto u8(const std::vector<int64_t>& shape, const std::vector<uint8_t>& data) {
  return raw_tensor(TensorProto::UINT8, shape, data);
}
TensorProto s8(const std::vector<int64_t>& shape, const std::vector<int8_t>& data) {
  return raw_tensor(TensorProto::INT8, shape, data);
}

// A network of one QLinear operator on a u8 input x.
class Quantized {
 public:
  explicit Quantized(const std::vector<int64_t>& shape) {
    b.import_opset("com.microsoft", 1);
    b.input("x", shape, TensorProto::UINT8);
    xs_ = b.scalar(0.5f);
    xz_ = b.initializer(u8({}, {128}));
    ys_ = b.scalar(0.25f);
    yz_ = b.initializer(u8({}, {100}));
  }
  OnnxBuilder b;

  std::vector<std::string> x() const { return {"x", xs_, xz_}; }
  std::vector<std::string> y() const { return {ys_, yz_}; }
  Imported import(const std::string& op, std::vector<std::vector<std::string>> groups,
                  const std::vector<AttributeProto>& attributes = {},
                  const std::string& domain = "com.microsoft") {
    std::vector<std::string> inputs;
    for (const auto& group : groups) inputs.insert(inputs.end(), group.begin(), group.end());
    b.node(op, inputs, {"y"}, attributes, domain);
    b.output("y", TensorProto::UINT8);
    Imported imported = import_model(b);
    EXPECT_TRUE(imported.status.ok()) << imported.status.message();
    return imported;
  }

 private:
  std::string xs_, xz_, ys_, yz_;
};

const converter::Constant& constant(const Imported& imported, size_t node, size_t input) {
  return *imported.graph.value(imported.graph.nodes[node]->inputs[input]).constant;
}

TEST(QLinear, Conv) {
  Quantized q({1, 2, 2, 2});
  const std::vector<std::string> weights = {q.b.initializer(s8({3, 2, 1, 1}, {1, 2, 3, 4, 5, 6})),
                                            q.b.floats({3}, {1, 2, 4}), q.b.initializer(s8({3}, {0, 0, 0}))};
  const std::string bias = q.b.initializer(raw_tensor<int32_t>(TensorProto::INT32, {3}, {7, 8, 9}));
  const Imported imported = q.import("QLinearConv", {q.x(), weights, q.y(), {bias}}, {}, "");
  EXPECT_EQ(imported.ops(), "DequantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear");
  EXPECT_EQ(imported.graph.nodes[1]->integer("axis"), 0);
  // The bias counts in units of scale_x * scale_w.
  EXPECT_EQ(converter::to_floats(constant(imported, 2, 1)), (std::vector<float>{0.5f, 1, 2}));
}

TEST(QLinear, MatMulTurnsItsWeightsAndTheirAxis) {
  Quantized q({1, 3});
  const std::vector<std::string> weights = {q.b.initializer(s8({3, 2}, {1, 2, 3, 4, 5, 6})),
                                            q.b.floats({2}, {1, 2}), q.b.initializer(s8({2}, {0, 0}))};
  const Imported imported = q.import("QLinearMatMul", {q.x(), weights, q.y()}, {}, "");
  converter::DequantizedConstant found;
  for (const auto& node : imported.graph.nodes) {
    if (node->op != "FullyConnected") continue;
    ASSERT_TRUE(find_dequantized_constant(imported.graph, node->inputs[1], &found));
  }
  ASSERT_NE(found.data, nullptr);
  EXPECT_EQ(found.data->shape, (converter::Dims{2, 3}));
  EXPECT_EQ(converter::to_integers(*found.data), (std::vector<int64_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(found.axis, 0);
}

TEST(QLinear, OthersOfTheMicrosoftDomain) {
  const std::string unary = "DequantizeLinear Sigmoid QuantizeLinear";
  Quantized a({1, 2, 2, 2});
  EXPECT_EQ(a.import("QLinearSigmoid", {a.x(), a.y()}).ops(), unary);
  Quantized b({1, 2, 2, 2});
  const Imported leaky = b.import("QLinearLeakyRelu", {b.x(), b.y()}, {number("alpha", 0.3f)});
  EXPECT_EQ(leaky.graph.nodes[1]->number("alpha"), 0.3f);
  Quantized c({1, 2, 2, 2});
  EXPECT_EQ(c.import("QLinearAdd", {c.x(), c.x(), c.y()}).ops(),
            "DequantizeLinear DequantizeLinear Add QuantizeLinear");
  Quantized d({1, 2, 2, 2});
  EXPECT_EQ(d.import("QLinearGlobalAveragePool", {d.x(), d.y()}, {integer("channels_last", 0)}).ops(),
            "DequantizeLinear Reduce QuantizeLinear");
  Quantized e({1, 2, 4, 4});
  EXPECT_EQ(e.import("QLinearAveragePool", {e.x(), e.y()}, {ints("kernel_shape", {2, 2})}).ops(),
            "DequantizeLinear AveragePool QuantizeLinear");
  Quantized f({1, 2, 2, 2});
  const Imported concat = f.import("QLinearConcat", {f.y(), f.x(), f.x()}, {integer("axis", 1)});
  EXPECT_EQ(concat.ops(), "DequantizeLinear DequantizeLinear Concat QuantizeLinear");
  EXPECT_EQ(concat.graph.outputs[0].shape, (converter::Dims{1, 4, 2, 2}));
  Quantized g({2, 3, 4});
  EXPECT_EQ(g.import("QLinearSoftmax", {g.x(), g.y()}, {integer("axis", 1), integer("opset", 12)}).ops(),
            "DequantizeLinear Reshape Softmax Reshape QuantizeLinear");
  Quantized h({1, 2});
  const std::vector<std::string> weights = {h.b.initializer(u8({3, 2}, {1, 2, 3, 4, 5, 6})), h.b.scalar(1),
                                            h.b.initializer(u8({}, {128}))};
  const std::string bias = h.b.initializer(raw_tensor<int32_t>(TensorProto::INT32, {3}, {7, 8, 9}));
  EXPECT_EQ(h.import("QGemm", {h.x(), weights, {bias}, h.y()}, {integer("transB", 1)}).ops(),
            "DequantizeLinear DequantizeLinear DequantizeLinear FullyConnected QuantizeLinear");
}

TEST(QLinear, ReduceMeanAndWhere) {
  Quantized a({1, 2, 3, 4});
  const Imported mean =
      a.import("QLinearReduceMean", {a.x(), a.y()}, {ints("axes", {-1, 1}), integer("keepdims", 0)});
  EXPECT_EQ(mean.ops(), "DequantizeLinear Reduce QuantizeLinear");
  EXPECT_EQ(mean.graph.nodes[1]->integers("axes"), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(mean.graph.outputs[0].shape, (converter::Dims{1, 3}));
  Quantized b({1, 4});
  b.b.input("choose", {1, 4}, TensorProto::BOOL);
  EXPECT_EQ(b.import("QLinearWhere", {{"choose"}, b.x(), b.x(), b.y()}).ops(),
            "DequantizeLinear DequantizeLinear Where QuantizeLinear");
}

// x -> DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul -> Add, as onnxruntime's quantize_dynamic writes
// it.
TEST(Dynamic, WeightsKeepTheirIntegersAndTheirScale) {
  OnnxBuilder b(13);
  b.input("x", {2, 3});
  b.node("DynamicQuantizeLinear", {"x"}, {"q", "s", "z"});
  b.node("MatMulInteger",
         {"q", b.initializer(u8({3, 2}, {128, 129, 130, 131, 132, 127})), "z", b.initializer(u8({}, {128}))},
         {"sum"});
  b.node("Cast", {"sum"}, {"real"}, {integer("to", TensorProto::FLOAT)});
  b.node("Mul", {"s", b.floats({2}, {0.5f, 2})}, {"scale"});
  b.node("Mul", {"real", "scale"}, {"product"});
  b.node("Add", {"product", b.floats({2}, {1, -1})}, {"y"});
  b.output("y");
  Imported imported = import_model(b);
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_TRUE(imported.warned("dynamic quantization"));
  bool found = true;
  ASSERT_TRUE(converter::import_qdq(&imported.graph, &imported.diagnostics, &found).ok());
  EXPECT_FALSE(found);  // the activations have no scales
  ASSERT_TRUE(converter::run_passes(&imported.graph, &imported.diagnostics).ok());
  ASSERT_EQ(imported.ops(), "FullyConnected");
  const converter::Value& weights = imported.graph.value(imported.graph.nodes[0]->inputs[1]);
  EXPECT_EQ(weights.quantization.channel_scales, (std::vector<float>{0.5f, 2}));
  EXPECT_EQ(converter::to_floats(*weights.constant), (std::vector<float>{0, 1, 2, 2, 6, -2}));
  EXPECT_EQ(converter::to_floats(constant(imported, 0, 2)), (std::vector<float>{1, -1}));
}

TEST(Dynamic, OnBytesWithAScaleOfTheirOwn) {
  OnnxBuilder b(13);
  b.input("x", {1, 2});
  const std::string zero = b.initializer(u8({}, {7}));
  b.node("QuantizeLinear", {"x", b.scalar(0.5f), zero}, {"q"});
  b.node("MatMulInteger", {"q", b.initializer(s8({2, 1}, {3, -4})), zero}, {"sum"});
  b.node("Cast", {"sum"}, {"real"}, {integer("to", TensorProto::FLOAT)});
  b.node("Mul", {"real", b.scalar(0.25f)}, {"y"});
  b.output("y");
  const Answer answer = run_quantized(b, {{2, 1}});
  ASSERT_EQ(answer.outputs.size(), 1u);
  expect_near(answer.outputs[0], {0.25f * (3 * 4 - 4 * 2)});
}

// A chain of Div, Round, Clip, Mul on activations and on weights.
OnnxBuilder arithmetic(float low, float high, float behind) {
  OnnxBuilder b(13);
  b.input("x", {1, 2});
  b.node("Div", {"x", b.scalar(0.5f)}, {"a"});
  b.node("Round", {"a"}, {"b"});
  b.node("Clip", {"b", b.scalar(low), b.scalar(high)}, {"c"});
  b.node("Mul", {"c", b.scalar(behind)}, {"d"});
  const std::string scale = b.floats({1, 2}, {0.5f, 0.25f});
  b.node("Div", {b.floats({2, 2}, {1, 0.3f, -100, 0.1f}), scale}, {"e"});
  b.node("Round", {"e"}, {"f"});
  b.node("Max", {"f", b.scalar(-127)}, {"g"});
  b.node("Min", {"g", b.scalar(127)}, {"h"});
  b.node("Mul", {scale, "h"}, {"w"});
  b.node("MatMul", {"d", "w"}, {"y"});
  b.output("y");
  return b;
}

TEST(FakeQuantization, InArithmeticBecomesAPair) {
  const Imported whole = import_model(arithmetic(-128, 127, 0.5f));
  ASSERT_TRUE(whole.status.ok()) << whole.status.message();
  EXPECT_EQ(whole.ops(), "QuantizeLinear DequantizeLinear DequantizeLinear FullyConnected");
  EXPECT_EQ(converter::to_integers(constant(whole, 2, 0)), (std::vector<int64_t>{2, -127, 1, 0}));
  EXPECT_EQ(whole.graph.nodes[2]->integer("axis"), 0);
  const Imported narrow = import_model(arithmetic(0, 15, 0.5f));
  EXPECT_EQ(narrow.ops(), "Clip QuantizeLinear DequantizeLinear DequantizeLinear FullyConnected");
  EXPECT_EQ(narrow.graph.nodes[0]->number("max"), 7.5f);
}

TEST(FakeQuantization, OtherArithmeticStaysWhatItIs) {
  // Another scale behind; more than 256 steps; steps that are no integers; a range without 0.
  for (const OnnxBuilder& b : {arithmetic(-128, 127, 0.25f), arithmetic(-1000, 1000, 0.5f),
                               arithmetic(-1.5f, 3, 0.5f), arithmetic(2, 9, 0.5f)}) {
    const Imported imported = import_model(b);
    ASSERT_TRUE(imported.status.ok()) << imported.status.message();
    EXPECT_EQ(imported.ops(), "Div Round Clip Mul DequantizeLinear FullyConnected");
  }
}

TEST(FakeQuantization, AClipOfBytesMovesInFront) {
  OnnxBuilder b(13);
  b.input("x", {4});
  const std::string scale = b.scalar(0.5f), zero = b.initializer(s8({}, {3}));
  b.node("QuantizeLinear", {"x", scale, zero}, {"q"});
  b.node("Clip", {"q", b.initializer(s8({}, {-127})), b.initializer(s8({}, {100}))}, {"c"});
  b.node("DequantizeLinear", {"c", scale, zero}, {"y"});
  b.output("y");
  const Imported imported = import_model(b);
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_EQ(imported.ops(), "Clip QuantizeLinear DequantizeLinear");
  EXPECT_EQ(imported.graph.nodes[0]->number("min"), -65);
  EXPECT_EQ(imported.graph.nodes[0]->number("max"), 48.5f);
}

TEST(Qdq, WeightsKeepTheirBytesBehindATranspose) {
  OnnxBuilder b(13);
  b.input("x", {1, 3});
  b.node("DequantizeLinear", {b.initializer(s8({2, 3}, {1, 2, 3, 4, 5, 6})), b.floats({2}, {1, 2})}, {"w"},
         {integer("axis", 0)});
  b.node("Transpose", {"w"}, {"t"});
  b.node("MatMul", {"x", "t"}, {"y"});
  b.output("y");
  const Imported imported = import_model(b);
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_EQ(imported.ops(), "DequantizeLinear FullyConnected");  // turned twice
  EXPECT_EQ(converter::to_integers(constant(imported, 0, 0)), (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(imported.graph.nodes[0]->integer("axis"), 0);
}

TEST(Qdq, FloatWeightsAreQuantizedAtImport) {
  OnnxBuilder b(13);
  b.input("x", {1, 2});
  const std::string scale = b.scalar(0.5f), zero = b.initializer(s8({}, {1}));
  // 0.25 and 0.75 are ties: to even. 100 saturates.
  b.node("QuantizeLinear", {b.floats({2, 2}, {0.25f, 0.75f, -1, 100}), scale, zero}, {"q"});
  b.node("DequantizeLinear", {"q", scale, zero}, {"w"});
  b.node("MatMul", {"x", "w"}, {"y"});
  b.output("y");
  const Imported imported = import_model(b);
  ASSERT_TRUE(imported.status.ok()) << imported.status.message();
  EXPECT_EQ(imported.ops(), "DequantizeLinear FullyConnected");
  EXPECT_EQ(converter::to_integers(constant(imported, 0, 0)), (std::vector<int64_t>{1, -1, 3, 127}));
}

TEST(Qdq, ScalesThatAreComputedAreRefused) {
  OnnxBuilder b(13);
  b.input("x", {4});
  b.input("s", {});
  b.node("QuantizeLinear", {"x", "s"}, {"y"});
  b.output("y", TensorProto::UINT8);
  const Imported imported = import_model(b);
  EXPECT_NE(imported.status.message().find("dynamic quantization"), std::string::npos)
      << imported.status.message();
}

}  // namespace
}  // namespace octet::testing
