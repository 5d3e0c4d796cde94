// SPDX-License-Identifier: Apache-2.0
//
// How operators become canonical: windows, matrix products, what is known at conversion.
#include <cmath>
#include <functional>

#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

using Floats = std::vector<float>;

// x [1, 1, h, w] through a Conv with a kernel of ones.
Answer box_filter(const std::vector<int64_t>& image, const std::vector<int64_t>& kernel,
                  const std::vector<AttributeProto>& attributes) {
  OnnxBuilder b(13);
  const size_t count = static_cast<size_t>(converter::element_count(image));
  std::vector<int64_t> weights = {1, 1};
  weights.insert(weights.end(), kernel.begin(), kernel.end());
  b.input("x", image);
  b.node("Conv", {"x", b.floats(weights, Floats(static_cast<size_t>(converter::element_count(kernel)), 1))},
         {"y"}, attributes);
  b.output("y");
  return run_model(b, {iota(count, 1)});
}

TEST(Windows, AutoPad) {
  // 1 2 3 4, a kernel of two, stride one: SAME_UPPER pads behind, SAME_LOWER in front.
  const std::vector<int64_t> image = {1, 1, 1, 4}, kernel = {1, 2};
  EXPECT_EQ(box_filter(image, kernel, {text("auto_pad", "SAME_UPPER")}).outputs.at(0), (Floats{3, 5, 7, 4}));
  EXPECT_EQ(box_filter(image, kernel, {text("auto_pad", "SAME_LOWER")}).outputs.at(0), (Floats{1, 3, 5, 7}));
  EXPECT_EQ(box_filter(image, kernel, {text("auto_pad", "VALID")}).outputs.at(0), (Floats{3, 5, 7}));
  EXPECT_EQ(box_filter(image, kernel, {ints("pads", {0, 1, 0, 0})}).outputs.at(0), (Floats{1, 3, 5, 7}));
  EXPECT_EQ(box_filter(image, kernel, {ints("dilations", {1, 2})}).outputs.at(0), (Floats{4, 6}));
  EXPECT_EQ(box_filter(image, kernel, {ints("strides", {1, 2})}).outputs.at(0), (Floats{3, 7}));
}

TEST(Windows, OneDimensional) {
  const auto answer = box_filter({1, 1, 4}, {2}, {ints("pads", {1, 0}), ints("strides", {2})});
  EXPECT_EQ(answer.outputs.at(0), (Floats{1, 5}));
  EXPECT_EQ(answer.shapes.at(0), (converter::Dims{1, 1, 2}));
}

TEST(Windows, CeilMode) {
  const auto pool = [](const char* op, const std::vector<AttributeProto>& attributes) {
    OnnxBuilder b(19);
    b.input("x", {1, 1, 1, 5});
    std::vector<AttributeProto> all = {ints("kernel_shape", {1, 2}), integer("ceil_mode", 1)};
    all.insert(all.end(), attributes.begin(), attributes.end());
    b.node(op, {"x"}, {"y"}, all);
    b.output("y");
    return run_model(b, {iota(5, 1)}).outputs.at(0);
  };
  EXPECT_EQ(pool("MaxPool", {ints("strides", {1, 2})}), (Floats{2, 4, 5}));
  EXPECT_EQ(pool("AveragePool", {ints("strides", {1, 2})}), (Floats{1.5f, 3.5f, 5}));
  // The last window would begin behind the input: it does not count (stride 3: windows at 0, 3, and no 6).
  EXPECT_EQ(pool("MaxPool", {ints("strides", {1, 3})}), (Floats{2, 5}));
  // Declared padding counts, the padding of ceil_mode does not: (0 + 1) / 2, (2 + 3) / 2, (4 + 5) / 2.
  EXPECT_EQ(pool("AveragePool",
                 {ints("strides", {1, 2}), ints("pads", {0, 1, 0, 0}), integer("count_include_pad", 1)}),
            (Floats{0.5f, 2.5f, 4.5f}));
}

TEST(Windows, ConvTranspose) {
  const auto transposed = [](const std::vector<AttributeProto>& attributes) {
    OnnxBuilder b(13);
    b.input("x", {1, 1, 1, 2});
    b.node("ConvTranspose", {"x", b.floats({1, 1, 1, 3}, {1, 10, 100})}, {"y"}, attributes);
    b.output("y");
    return run_model(b, {{1, 2}}).outputs.at(0);
  };
  const AttributeProto stride = ints("strides", {1, 2});
  EXPECT_EQ(transposed({stride}), (Floats{1, 10, 102, 20, 200}));
  EXPECT_EQ(transposed({stride, ints("output_padding", {0, 1})}), (Floats{1, 10, 102, 20, 200, 0}));
  EXPECT_EQ(transposed({stride, ints("pads", {0, 1, 0, 1})}), (Floats{10, 102, 20}));
  EXPECT_EQ(transposed({stride, text("auto_pad", "SAME_UPPER")}), (Floats{1, 10, 102, 20}));  // 5 - 4: behind
  EXPECT_EQ(transposed({stride, text("auto_pad", "SAME_LOWER")}), (Floats{10, 102, 20, 200}));
  EXPECT_EQ(transposed({stride, ints("output_shape", {1, 7})}), (Floats{1, 10, 102, 20, 200, 0, 0}));
}

TEST(Windows, GroupedConvTransposeKeepsItsGroups) {
  OnnxBuilder b(13);
  b.input("x", {1, 4, 1, 1});
  // Two groups of two inputs and two outputs: w[i][o] = 10 * i + o + 1.
  b.node("ConvTranspose", {"x", b.floats({4, 2, 1, 1}, {1, 2, 11, 12, 21, 22, 31, 32})}, {"y"},
         {integer("group", 2)});
  b.output("y");
  EXPECT_EQ(run_model(b, {{1, 1, 1, 1}}).outputs.at(0), (Floats{12, 14, 52, 54}));
}

TEST(Products, GemmVariants) {
  // A [2, 3], B [3, 2]
  const Floats a = iota(6), bt = {1, 3, 5, 2, 4, 6}, plain = {1, 2, 3, 4, 5, 6};
  const Floats expected = {13, 16, 40, 52};  // A B
  const auto gemm = [&](bool transpose_a, bool transpose_b, bool constant_b, const std::string& bias,
                        std::vector<AttributeProto> attributes) {
    OnnxBuilder b(13);
    b.input("a", transpose_a ? std::vector<int64_t>{3, 2} : std::vector<int64_t>{2, 3});
    std::vector<std::vector<float>> inputs = {transpose_a ? Floats{0, 3, 1, 4, 2, 5} : a};
    const std::vector<int64_t> shape = transpose_b ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{3, 2};
    std::string right = "b";
    if (constant_b)
      right = b.floats(shape, transpose_b ? bt : plain);
    else
      b.input("b", shape), inputs.push_back(transpose_b ? bt : plain);
    attributes.push_back(integer("transA", transpose_a));
    attributes.push_back(integer("transB", transpose_b));
    std::vector<std::string> names = {"a", right};
    if (bias == "vector") names.push_back(b.floats({2}, {100, 200}));
    if (bias == "column") names.push_back(b.floats({2, 1}, {100, 200}));
    if (bias == "scalar") names.push_back(b.floats({1}, {100}));
    b.node("Gemm", names, {"y"}, attributes);
    b.output("y");
    return run_model(b, inputs);
  };
  for (bool transpose_a : {false, true})
    for (bool transpose_b : {false, true})
      for (bool constant_b : {false, true})
        EXPECT_EQ(gemm(transpose_a, transpose_b, constant_b, "", {}).outputs.at(0), expected);
  EXPECT_EQ(gemm(false, true, true, "", {}).ops, "FullyConnected");
  for (bool constant_b : {false, true}) {
    EXPECT_EQ(gemm(false, false, constant_b, "vector", {}).outputs.at(0), (Floats{113, 216, 140, 252}));
    EXPECT_EQ(gemm(false, false, constant_b, "column", {}).outputs.at(0), (Floats{113, 116, 240, 252}));
    EXPECT_EQ(gemm(false, false, constant_b, "scalar", {}).outputs.at(0), (Floats{113, 116, 140, 152}));
    EXPECT_EQ(
        gemm(false, false, constant_b, "vector", {number("alpha", 2), number("beta", 0.5f)}).outputs.at(0),
        (Floats{76, 132, 130, 204}));
  }
  EXPECT_EQ(gemm(false, false, true, "vector", {number("alpha", 2)}).ops, "FullyConnected");
}

TEST(Products, MatMulOfVectorsAndStacks) {
  const auto product = [](const std::vector<int64_t>& a, const std::vector<int64_t>& right,
                          const Floats& weights, const Floats& x) {
    OnnxBuilder b(13);
    b.input("a", a);
    b.node("MatMul", {"a", b.floats(right, weights)}, {"y"});
    b.output("y");
    return run_model(b, {x});
  };
  EXPECT_EQ(product({2}, {2, 2}, {1, 2, 3, 4}, {1, 10}).outputs.at(0), (Floats{31, 42}));
  EXPECT_EQ(product({2}, {2, 2}, {1, 2, 3, 4}, {1, 10}).shapes.at(0), (converter::Dims{2}));
  EXPECT_EQ(product({2, 2}, {2}, {1, 10}, {1, 2, 3, 4}).outputs.at(0), (Floats{21, 43}));
  EXPECT_EQ(product({2, 2}, {2}, {1, 10}, {1, 2, 3, 4}).shapes.at(0), (converter::Dims{2}));
  EXPECT_EQ(product({2}, {2}, {1, 10}, {1, 2}).shapes.at(0), (converter::Dims{}));
  EXPECT_EQ(product({1, 1, 2}, {1, 2, 1}, {1, 10}, {1, 2}).ops, "FullyConnected");
  EXPECT_EQ(product({2, 1, 2}, {2, 2, 1}, {1, 10, 2, 20}, {1, 2, 3, 4}).outputs.at(0), (Floats{21, 86}));
}

TEST(Known, ShapesAreConstants) {
  // Flatten as exporters write it: Shape, Gather, Unsqueeze, Concat, Reshape.
  OnnxBuilder b(11);
  b.input("x", {2, 3, 2, 1});
  b.node("Shape", {"x"}, {"s"});
  b.node("Gather", {"s", b.initializer(int_tensor({}, {0}))}, {"n"});
  b.node("Unsqueeze", {"n"}, {"u"}, {ints("axes", {0})});
  b.node("Concat", {"u", b.int64s({-1})}, {"t"}, {integer("axis", 0)});
  b.node("Reshape", {"x", "t"}, {"y"});
  b.output("y");
  const auto answer = run_model(b, {iota(12)});
  EXPECT_EQ(answer.ops, "Reshape");
  EXPECT_EQ(answer.shapes.at(0), (converter::Dims{2, 6}));
}

TEST(Known, ConstantsOfManyKinds) {
  const auto value = [](int opset, const std::function<void(OnnxBuilder&)>& build) {
    OnnxBuilder b(opset);
    b.input("x", {2, 2});
    build(b);
    b.node("Cast", {"c"}, {"f"}, {integer("to", TensorProto::FLOAT)});
    b.node("Add", {"x", "f"}, {"y"});
    b.output("y");
    return run_model(b, {{0, 0, 0, 0}}).outputs.at(0);
  };
  using B = OnnxBuilder;
  EXPECT_EQ(value(13, [](B& b) { b.node("Constant", {}, {"c"}, {integer("value_int", 3)}); }), Floats(4, 3));
  EXPECT_EQ(value(13, [](B& b) { b.node("Constant", {}, {"c"}, {numbers("value_floats", {1, 2})}); }),
            (Floats{1, 2, 1, 2}));
  EXPECT_EQ(value(13,
                  [](B& b) {
                    b.node("ConstantOfShape", {b.int64s({2, 2})}, {"c"},
                           {tensor("value", int_tensor({1}, {7}))});
                  }),
            Floats(4, 7));
  EXPECT_EQ(value(15, [](B& b) { b.node("Shape", {"x"}, {"c"}, {integer("start", 1)}); }), Floats(4, 2));
  EXPECT_EQ(value(13, [](B& b) { b.node("Size", {"x"}, {"c"}); }), Floats(4, 4));
  EXPECT_EQ(value(13,
                  [](B& b) {
                    b.node("Range",
                           {b.initializer(int_tensor({}, {5})), b.initializer(int_tensor({}, {1})),
                            b.initializer(int_tensor({}, {-2}))},
                           {"c"});
                  }),
            (Floats{5, 3, 5, 3}));
  EXPECT_EQ(value(13, [](B& b) { b.node("EyeLike", {"x"}, {"c"}, {integer("k", 1)}); }),
            (Floats{0, 1, 0, 0}));
  EXPECT_EQ(value(13, [](B& b) { b.node("NonZero", {b.int64s({0, 5, 0, 7})}, {"c"}); }),
            (Floats{1, 3, 1, 3}));
}

TEST(Known, IntegerArithmeticFolds) {
  const auto fold = [](const char* op, std::vector<int64_t> a, std::vector<int64_t> c,
                       const std::vector<AttributeProto>& attributes = {}) {
    OnnxBuilder b(13);
    b.input("x", {2});
    b.node(op, {b.int64s(a), b.int64s(c)}, {"i"}, attributes);
    b.node("Cast", {"i"}, {"f"}, {integer("to", TensorProto::FLOAT)});
    b.node("Add", {"x", "f"}, {"y"});
    b.output("y");
    const auto answer = run_model(b, {{0, 0}});
    EXPECT_EQ(answer.ops, "Add");
    return answer.outputs.at(0);
  };
  EXPECT_EQ(fold("Add", {1, 2}, {10, 20}), (Floats{11, 22}));
  EXPECT_EQ(fold("Div", {-7, 7}, {2, 2}), (Floats{-3, 3}));   // towards zero
  EXPECT_EQ(fold("Mod", {-7, 7}, {3, -3}), (Floats{2, -2}));  // the divisor's sign
  EXPECT_EQ(fold("Mod", {-7, 7}, {3, -3}, {integer("fmod", 1)}), (Floats{-1, 1}));
  EXPECT_EQ(fold("Less", {1, 5}, {3, 3}), (Floats{1, 0}));
}

TEST(Structure, IfOfAKnownConditionIsItsBranch) {
  for (const bool taken : {true, false}) {
    OnnxBuilder b(13);
    b.input("x", {2});
    onnx::NodeProto& node =
        b.node("If", {b.initializer(raw_tensor<uint8_t>(TensorProto::BOOL, {}, {taken}))}, {"y"});
    for (const char* name : {"then_branch", "else_branch"}) {
      AttributeProto branch = attribute(name, AttributeProto::GRAPH);
      onnx::NodeProto* inner = branch.mutable_g()->add_node();
      inner->set_op_type(std::string(name) == "then_branch" ? "Neg" : "Abs");
      inner->add_input("x");
      inner->add_output("z");
      branch.mutable_g()->set_name(name);
      auto* out = branch.mutable_g()->add_output();
      out->set_name("z");
      out->mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::FLOAT);
      out->mutable_type()->mutable_tensor_type()->mutable_shape();
      *node.add_attribute() = branch;
    }
    b.output("y");
    const auto answer = run_model(b, {{-1, 2}});
    EXPECT_EQ(answer.outputs.at(0), taken ? (Floats{1, -2}) : (Floats{1, 2}));
  }
}

TEST(Structure, LocalFunctionsAreInlined) {
  OnnxBuilder b(16);
  b.import_opset("mine", 1);
  onnx::FunctionProto& function = *b.model.add_functions();
  function.set_name("Leaky");
  function.set_domain("mine");
  function.add_input("a");
  function.add_output("b");
  function.add_attribute("slope");
  auto* import = function.add_opset_import();
  import->set_version(16);
  onnx::NodeProto* inner = function.add_node();
  inner->set_op_type("LeakyRelu");
  inner->add_input("a");
  inner->add_output("b");
  AttributeProto slope = attribute("alpha", AttributeProto::FLOAT);
  slope.set_ref_attr_name("slope");
  *inner->add_attribute() = slope;
  b.input("x", {2});
  b.node("Leaky", {"x"}, {"h"}, {number("slope", 0.5f)}, "mine");
  b.node("Leaky", {"h"}, {"y"}, {number("slope", 0.25f)}, "mine");
  b.output("y");
  EXPECT_EQ(run_model(b, {{-8, 2}}).outputs.at(0), (Floats{-1, 2}));
}

TEST(Structure, OutputsThatAreInputsOrConstantsGetTheirOwnTensor) {
  OnnxBuilder b(13);
  b.input("x", {2});
  b.node("Identity", {"x"}, {"y"});
  b.node("Identity", {"x"}, {"z"});
  b.node("Constant", {}, {"c"}, {numbers("value_floats", {4, 5})});
  b.output("y");
  b.output("z");
  b.output("c");
  const auto answer = run_model(b, {{1, 2}});
  EXPECT_EQ(answer.outputs.at(0), (Floats{1, 2}));
  EXPECT_EQ(answer.outputs.at(1), (Floats{1, 2}));
  EXPECT_EQ(answer.outputs.at(2), (Floats{4, 5}));
}

TEST(Structure, NodeNamesAreUnique) {
  OnnxBuilder b(13);
  b.input("x", {2});
  b.node("Relu", {"x"}, {"a"}).set_name("same");
  b.node("Exp", {"a"}, {"b"}).set_name("same");
  b.node("Neg", {"b"}, {"y"}).set_name("");
  b.output("y");
  const Imported imported = import_model(b);
  ASSERT_TRUE(imported.status.ok());
  EXPECT_EQ(imported.graph.nodes[0]->name, "same");
  EXPECT_EQ(imported.graph.nodes[1]->name, "same_2");
  EXPECT_EQ(imported.graph.nodes[2]->name, "Neg_y");
  EXPECT_EQ(imported.graph.nodes[2]->source, "Neg (opset 13)");
}

TEST(Structure, FusedConvOfTheOtherDomain) {
  OnnxBuilder b(13);
  b.import_opset("com.microsoft", 1);
  b.input("x", {1, 1, 1, 2});
  b.node("FusedConv", {"x", b.floats({1, 1, 1, 1}, {2}), b.floats({1}, {-3})}, {"y"},
         {text("activation", "Relu")}, "com.microsoft");
  b.output("y");
  const auto answer = run_model(b, {{1, 5}});
  EXPECT_EQ(answer.outputs.at(0), (Floats{0, 7}));
  EXPECT_EQ(answer.ops, "Conv");
}

}  // namespace
}  // namespace octet::testing
