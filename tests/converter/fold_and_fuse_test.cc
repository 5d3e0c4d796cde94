// SPDX-License-Identifier: Apache-2.0
//
// fold_batch_norm_into_conv, replace_batch_norm_with_depthwise_conv, fuse_activation, recognize_clip,
// move_reshape_behind_elementwise, fold_constants, eliminate_dead: what the graph becomes, and that the
// network computes the same as without the passes (behind the layout that transposes around everything).
#include <cmath>
#include <functional>

#include "converter/infer_shapes.h"
#include "converter/passes/passes.h"
#include "tests/converter/naive_layout.h"
#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

using Floats = std::vector<float>;
using Pass = Status (*)(converter::Graph*, converter::Diagnostics*, bool*);

// Imports `b`, runs `pass` until it is content, compares with the graph before.
class Passed {
 public:
  Passed(const OnnxBuilder& b, Pass pass, const std::function<void(converter::Graph*)>& edit = nullptr) {
    imported = import_model(b);
    EXPECT_TRUE(imported.status.ok()) << imported.status.message();
    if (!imported.status.ok()) return;
    if (edit) edit(&imported.graph);
    before = imported.graph.clone();
    for (bool again = true; again;) {
      again = false;
      const Status status = pass(&imported.graph, &imported.diagnostics, &again);
      EXPECT_TRUE(status.ok()) << status.message();
      if (!status.ok()) return;
      changed = changed || again;
    }
    const Status shapes = converter::check_graph(imported.graph);
    EXPECT_TRUE(shapes.ok()) << shapes.message();
  }

  void same_numbers() {
    std::vector<Floats> inputs, expected, actual;
    for (const auto& port : before.inputs)
      inputs.push_back(iota(static_cast<size_t>(converter::element_count(port.shape)), -7, 0.37f));
    converter::Graph plain = scatter_batch_norm(before);
    ASSERT_TRUE(run_graph(scatter_transposes(plain), inputs, &expected));
    const bool moved = imported.graph.layout == converter::Layout::kNhwc;
    ASSERT_TRUE(
        run_graph(moved ? imported.graph.clone() : scatter_transposes(imported.graph), inputs, &actual));
    for (size_t i = 0; i < expected.size(); ++i) expect_near(actual.at(i), expected[i], 1e-4f);
  }
  std::string ops() const { return imported.ops(); }
  const converter::Node& node(size_t i) const { return *imported.graph.nodes[i]; }

  Imported imported;
  converter::Graph before;
  bool changed = false;

 private:
  // BatchNormalization has no kernel; written out as ONNX defines it, step by step.
  static converter::Graph scatter_batch_norm(const converter::Graph& graph) {
    converter::Graph result = graph.clone();
    for (size_t i = 0; i < result.nodes.size(); ++i) {
      if (result.nodes[i]->op != "BatchNormalization") continue;
      const converter::Node norm = *result.nodes[i];
      result.nodes.erase(result.nodes.begin() + static_cast<std::ptrdiff_t>(i));
      const converter::Dims shape = result.value(norm.inputs[0]).shape;
      converter::Dims along(shape.size() - 1, 1);
      along[0] = shape[1];
      const auto parameter = [&](size_t input, bool deviation) {
        Floats data = converter::to_floats(*result.value(norm.inputs[input]).constant);
        if (deviation)
          for (float& value : data) value = std::sqrt(value + norm.number("epsilon"));
        return result.add_constant("p", converter::make_f32(along, data));
      };
      converter::ValueId x = norm.inputs[0];
      const std::pair<const char*, converter::ValueId> steps[] = {{"Sub", parameter(3, false)},
                                                                  {"Div", parameter(4, true)},
                                                                  {"Mul", parameter(1, false)},
                                                                  {"Add", parameter(2, false)}};
      for (const auto& [op, constant] : steps) {
        const bool last = std::string(op) == "Add";
        const converter::ValueId y =
            last ? norm.outputs[0] : result.add_value("s", schema::TensorType_F32, shape);
        converter::Node& step = result.insert_node(i++, op, norm.name + op);
        step.inputs = {x, constant};
        step.outputs = {y};
        x = y;
      }
      --i;
    }
    return result;
  }
};

std::vector<std::string> norm_parameters(OnnxBuilder* b, const std::string& x, size_t channels) {
  const int64_t c = static_cast<int64_t>(channels);
  return {x, b->floats({c}, iota(channels, 0.5f, 0.25f)), b->floats({c}, iota(channels, -1, 0.5f)),
          b->floats({c}, iota(channels, 0.1f, 0.3f)), b->floats({c}, iota(channels, 0.2f, 0.7f))};
}

OnnxBuilder conv_then_norm(bool transposed, int64_t groups, bool bias) {
  OnnxBuilder b(13);
  b.input("x", {1, 4, 3, 3});
  const std::vector<int64_t> shape =
      transposed ? std::vector<int64_t>{4, 6 / groups, 2, 2} : std::vector<int64_t>{6, 4 / groups, 2, 2};
  std::vector<std::string> inputs = {"x", b.floats(shape, iota(96 / static_cast<size_t>(groups), -2, 0.07f))};
  if (bias) inputs.push_back(b.floats({6}, iota(6, 1)));
  b.node(transposed ? "ConvTranspose" : "Conv", inputs, {"c"}, {integer("group", groups)});
  b.node("BatchNormalization", norm_parameters(&b, "c", 6), {"y"});
  b.output("y");
  return b;
}

TEST(FoldBatchNorm, IntoConvolutions) {
  for (bool transposed : {false, true})
    for (int64_t groups : {1, 2})
      for (bool bias : {false, true}) {
        SCOPED_TRACE(::testing::Message() << transposed << groups << bias);
        Passed p(conv_then_norm(transposed, groups, bias), converter::fold_batch_norm_into_conv);
        EXPECT_EQ(p.ops(), transposed ? "ConvTranspose" : "Conv");
        p.same_numbers();
      }
}

TEST(FoldBatchNorm, IntoFullyConnected) {
  OnnxBuilder b(13);
  b.input("x", {2, 3});
  b.node("MatMul", {"x", b.floats({3, 4}, iota(12, -1, 0.2f))}, {"f"});
  b.node("BatchNormalization", norm_parameters(&b, "f", 4), {"y"});
  b.output("y");
  Passed p(b, converter::fold_batch_norm_into_conv);
  EXPECT_EQ(p.ops(), "FullyConnected");
  p.same_numbers();
}

TEST(FoldBatchNorm, NotWhereSomebodyElseReadsTheConvolution) {
  OnnxBuilder b = conv_then_norm(false, 1, true);
  b.output("c");
  Passed p(b, converter::fold_batch_norm_into_conv);
  EXPECT_FALSE(p.changed);
}

TEST(FoldBatchNorm, NotWhereTheNetworkRoundsInBetween) {
  Passed p(conv_then_norm(false, 1, true), converter::fold_batch_norm_into_conv, [](converter::Graph* graph) {
    graph->value(graph->nodes[0]->outputs[0]).quantization.scale = 0.1f;
  });
  EXPECT_FALSE(p.changed);
}

TEST(FoldBatchNorm, NegativeVarianceIsAnError) {
  OnnxBuilder b(13);
  b.input("x", {1, 1, 1, 1});
  const std::string one = b.floats({1}, {1});
  b.node("Conv", {"x", b.floats({1, 1, 1, 1}, {1})}, {"c"});
  b.node("BatchNormalization", {"c", one, one, one, b.floats({1}, {-2})}, {"y"}).set_name("bn");
  b.output("y");
  Imported imported = import_model(b);
  const Status status = converter::run_passes(&imported.graph, &imported.diagnostics);
  EXPECT_NE(status.message().find("BatchNormalization 'bn': variance of channel 0"), std::string::npos);
}

TEST(ReplaceBatchNorm, ByDepthwiseConvOrMulAdd) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3, 2, 2}, {2, 3}}) {
    OnnxBuilder b(13);
    b.input("x", shape);
    b.node("BatchNormalization", norm_parameters(&b, "x", 3), {"y"});
    b.output("y");
    Passed p(b, converter::replace_batch_norm_with_depthwise_conv);
    EXPECT_EQ(p.ops(), shape.size() == 4 ? "Conv" : "Mul Add");
    p.same_numbers();
  }
}

TEST(FuseActivation, BoundsMeet) {
  OnnxBuilder b(13);
  b.input("x", {1, 1, 3, 3});
  b.node("Conv", {"x", b.floats({1, 1, 1, 1}, {1})}, {"c"});
  b.node("Clip", {"c", b.scalar(-1), b.scalar(4)}, {"k"});
  b.node("Relu", {"k"}, {"y"});
  b.output("y");
  Passed p(b, converter::fuse_activation);
  EXPECT_EQ(p.ops(), "Conv");
  EXPECT_EQ(p.node(0).number("activation_min"), 0);
  EXPECT_EQ(p.node(0).number("activation_max"), 4);
  p.same_numbers();
}

TEST(FuseActivation, IntoSumsAndNotIntoOthers) {
  for (const char* op : {"Add", "Sub", "Mul", "Div"}) {
    OnnxBuilder b(13);
    b.input("x", {5});
    b.input("z", {5});
    b.node(op, {"x", "z"}, {"s"});
    b.node("Relu", {"s"}, {"y"});
    b.output("y");
    EXPECT_EQ(Passed(b, converter::fuse_activation).changed, std::string(op) != "Div");
  }
}

TEST(FuseActivation, NotBehindARounding) {
  OnnxBuilder b(13);
  b.input("x", {5});
  b.node("Add", {"x", "x"}, {"s"});
  b.node("Relu", {"s"}, {"y"});
  b.output("y");
  EXPECT_FALSE(Passed(b, converter::fuse_activation, [](converter::Graph* graph) {
                 graph->value(graph->nodes[0]->outputs[0]).quantization.scale = 1;
               }).changed);
  EXPECT_TRUE(Passed(b, converter::fuse_activation, [](converter::Graph* graph) {
                graph->value(graph->nodes[1]->outputs[0]).quantization.scale = 1;
              }).changed);
}

TEST(RecognizeClip, MinMaxAndChains) {
  OnnxBuilder b(13);
  b.input("x", {2, 20});
  b.node("Max", {"x", b.scalar(0)}, {"a"});
  b.node("Min", {b.floats({1}, {6}), "a"}, {"y"});
  b.output("y");
  Passed p(b, converter::recognize_clip);
  EXPECT_EQ(p.ops(), "Clip");
  EXPECT_EQ(p.node(0).number("min"), 0);
  EXPECT_EQ(p.node(0).number("max"), 6);
  p.same_numbers();
  OnnxBuilder c(13);  // a bound that enlarges the output stays
  c.input("x", {2, 1});
  c.node("Max", {"x", c.floats({1, 1, 1}, {0})}, {"y"});
  c.output("y");
  EXPECT_FALSE(Passed(c, converter::recognize_clip).changed);
}

TEST(MoveReshape, OneDimensionalNetworksFold) {
  OnnxBuilder b(13);
  b.input("x", {1, 3, 8});
  b.node("Conv", {"x", b.floats({4, 3, 3}, iota(36, -1, 0.05f))}, {"c1"}, {ints("pads", {1, 1})});
  b.node("BatchNormalization", norm_parameters(&b, "c1", 4), {"n1"});
  b.node("Relu", {"n1"}, {"r1"});
  b.node("Conv", {"r1", b.floats({4, 4, 3}, iota(48, -1, 0.04f))}, {"c2"}, {ints("pads", {1, 1})});
  b.node("Add", {"c2", "r1"}, {"s"});
  b.node("Relu", {"s"}, {"y"});
  b.output("y");
  Passed p(b, [](converter::Graph* graph, converter::Diagnostics* diagnostics, bool* changed) {
    *changed = graph->layout == converter::Layout::kNchw;
    return *changed ? converter::run_passes(graph, diagnostics) : Status();
  });
  EXPECT_EQ(p.ops(), "Reshape Conv Conv Add Reshape");
  p.same_numbers();
}

TEST(FoldConstants, WhatStaysAndWhatGoes) {
  OnnxBuilder b(13);
  b.input("x", {2});
  b.node("Add", {"x", "x"}, {"y"});
  b.output("y");
  Passed p(b, converter::fold_constants, [](converter::Graph* graph) {
    // Exp of a constant: the runtime's kernels answer.
    const auto c = graph->add_constant("c", converter::make_f32({2}, {0, 1}));
    const auto e = graph->add_value("e", schema::TensorType_F32, {2});
    converter::Node& node = graph->insert_node(0, "Erf", "erf");
    node.inputs = {c};
    node.outputs = {e};
    graph->nodes[1]->inputs[1] = e;
  });
  EXPECT_EQ(p.ops(), "Add");
  const Floats folded = converter::to_floats(*p.imported.graph.value(p.node(0).inputs[1]).constant);
  expect_near(folded, {0, 0.84270079f});
}

}  // namespace
}  // namespace octet::testing
