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
