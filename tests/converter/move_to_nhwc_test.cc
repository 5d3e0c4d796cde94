// SPDX-License-Identifier: Apache-2.0
//
// move_to_nhwc: how many Transposes are left, what the ports say, and that the numbers stay
// those of the graph that transposes around every convolution.
#include <tuple>

#include "converter/infer_shapes.h"
#include "converter/passes/passes.h"
#include "tests/converter/naive_layout.h"
#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

using Floats = std::vector<float>;
using converter::Permutation;

Floats noise(size_t count, uint32_t seed) {
  Floats data(count);
  for (float& value : data) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) / 8388608.0f - 1;
  }
  return data;
}

// Builds networks whose weights are noise, and compares the pass with the naive layout.
class Moved {
 public:
  explicit Moved(int opset = 13) : b(opset) {}
  OnnxBuilder b;

  std::string weights(const std::vector<int64_t>& shape) {
    return b.floats(shape, noise(static_cast<size_t>(converter::element_count(shape)), ++seed_));
  }
  std::string conv(const std::string& x, int64_t from, int64_t to, const std::string& y) {
    b.node("Conv", {x, weights({to, from, 3, 3}), weights({to})}, {y}, {ints("pads", {1, 1, 1, 1})});
    return y;
  }
  void compare() {
    imported = import_model(b);
    ASSERT_TRUE(imported.status.ok()) << imported.status.message();
    const converter::Graph naive = scatter_transposes(imported.graph);
    bool changed = false;
    const Status status = converter::move_to_nhwc(&imported.graph, &imported.diagnostics, &changed);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(changed);
    const Status shapes = converter::check_graph(imported.graph);
    EXPECT_TRUE(shapes.ok()) << shapes.message();
    std::vector<Floats> inputs, expected, actual;
    for (const auto& port : imported.graph.inputs)
      inputs.push_back(noise(static_cast<size_t>(converter::element_count(port.shape)), 99));
    ASSERT_TRUE(run_graph(naive, inputs, &expected));
    ASSERT_TRUE(run_graph(imported.graph, inputs, &actual));
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) expect_near(actual[i], expected[i]);
  }
  size_t transposes() const {
    size_t count = 0;
    for (const auto& node : imported.graph.nodes) count += node->op == "Transpose";
    return count;
  }
  std::string ops() const { return imported.ops(); }
  const converter::Graph& graph() const { return imported.graph; }

 private:
  Imported imported;
  uint32_t seed_ = 0;
};

TEST(MoveToNhwc, PortsAbsorbTheOrder) {
  Moved m;
  m.b.input("x", {1, 3, 4, 5});
  m.conv("x", 3, 4, "y");
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.ops(), "Conv");
  const Permutation nhwc = {0, 2, 3, 1};
  EXPECT_EQ(m.graph().inputs[0].permutation, nhwc);
  EXPECT_EQ(m.graph().outputs[0].permutation, nhwc);
  EXPECT_EQ(m.graph().value(m.graph().inputs[0].value).shape, (converter::Dims{1, 4, 5, 3}));
  EXPECT_EQ(m.graph().inputs[0].shape, (converter::Dims{1, 3, 4, 5}));
  EXPECT_EQ(m.graph().layout, converter::Layout::kNhwc);
}

TEST(MoveToNhwc, ResidualBlockWithBroadcastConstants) {
  Moved m;
  m.b.input("x", {2, 4, 4, 4});
  m.b.node("Mul", {"x", m.weights({1, 4, 1, 1})}, {"scaled"});  // before any convolution
  m.conv("scaled", 4, 4, "c");
  m.b.node("PRelu", {"c", m.weights({4, 1, 1})}, {"p"});
  m.b.node("Add", {"p", "scaled"}, {"sum"});
  m.b.node("Add", {"sum", m.weights({4, 4})}, {"y"});  // along height and width
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
}

TEST(MoveToNhwc, ConcatSlicePadReduceSoftmax) {
  Moved m;
  m.b.input("x", {1, 2, 6, 5});
  m.conv("x", 2, 4, "a");
  m.conv("x", 2, 3, "b");
  m.b.node("Concat", {"a", "b"}, {"cat"}, {integer("axis", 1)});
  m.b.node("Slice", {"cat", m.b.int64s({1, 1}), m.b.int64s({6, 5}), m.b.int64s({1, 2})}, {"cut"});
  m.b.node("Pad", {"cut", m.b.int64s({0, 1, 0, 2, 0, 0, 1, 0})}, {"padded"});
  m.b.node("Softmax", {"padded"}, {"soft"}, {integer("axis", 1)});
  m.b.node("ReduceMean", {"soft"}, {"mean"},
           {ints("axes", {2}), integer("keepdims", 0)});  // [1, C, W]: stored W, C
  m.b.node("ReduceMax", {"soft"}, {"most"}, {ints("axes", {1, 3}), integer("keepdims", 1)});
  m.b.node("ArgMax", {"soft"}, {"best"}, {integer("axis", 1), integer("keepdims", 0)});
  m.b.output("mean");
  m.b.output("most");
  m.b.output("best", TensorProto::INT64);
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
  EXPECT_EQ(m.graph().outputs[0].permutation, (Permutation{0, 2, 1}));
}

TEST(MoveToNhwc, TransposesOfTheNetworkVanish) {
  Moved m;
  m.b.input("x", {1, 4, 5, 3});  // channels last already
  m.b.node("Transpose", {"x"}, {"t"}, {ints("perm", {0, 3, 1, 2})});
  m.conv("t", 3, 4, "c");
  m.b.node("Transpose", {"c"}, {"last"}, {ints("perm", {0, 2, 3, 1})});
  m.b.node("Reshape", {"last", m.b.int64s({1, 20, 4})}, {"boxes"});  // the head of a detector
  m.b.output("boxes");
  m.compare();
  EXPECT_EQ(m.ops(), "Conv Reshape");
  EXPECT_TRUE(m.graph().inputs[0].permutation.empty());
  EXPECT_TRUE(m.graph().outputs[0].permutation.empty());
}

TEST(MoveToNhwc, FlattenIsAbsorbedByTheWeights) {
  Moved m;
  m.b.input("x", {2, 2, 3, 3});
  m.conv("x", 2, 4, "c");
  m.b.node("Flatten", {"c"}, {"f"});
  m.b.node("Relu", {"f"}, {"r"});
  m.b.node("MatMul", {"r", m.weights({36, 5})}, {"y"});
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.ops(), "Conv Reshape Relu FullyConnected");
}

TEST(MoveToNhwc, FlattenThatSomebodyElseReadsIsNot) {
  Moved m;
  m.b.input("x", {1, 2, 3, 3});
  m.conv("x", 2, 4, "c");
  m.b.node("Flatten", {"c"}, {"f"});
  m.b.node("MatMul", {"f", m.weights({36, 5})}, {"y"});
  m.b.output("y");
  m.b.output("f");
  m.compare();
  EXPECT_EQ(m.transposes(), 1u);
}

TEST(MoveToNhwc, ReshapesThatKeepGroupsOfAxes) {
  Moved m;
  m.b.input("x", {1, 4, 4, 6});
  m.conv("x", 4, 6, "c");
  m.b.node("Reshape", {"c", m.b.int64s({1, 2, 3, 24})}, {"split"});  // C -> 2, 3; H W -> 24
  m.b.node("Softmax", {"split"}, {"s"}, {integer("axis", 2)});
  m.b.node("Reshape", {"s", m.b.int64s({1, 6, 4, 6})}, {"back"});
  m.conv("back", 6, 2, "y");
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
}

TEST(MoveToNhwc, ReshapeThatTearsAxesApartMovesBytesOnce) {
  Moved m;
  m.b.input("x", {1, 4, 4, 6});
  m.conv("x", 4, 6, "c");
  m.b.node("Reshape", {"c", m.b.int64s({1, 12, 2, 6})}, {"r"});  // C and H join
  m.b.output("r");
  m.compare();
  EXPECT_EQ(m.transposes(), 1u);
}

TEST(MoveToNhwc, ShufflesBecomeOneTranspose) {
  for (const char* mode : {"DCR", "CRD"}) {
    SCOPED_TRACE(mode);
    Moved m;
    m.b.input("x", {1, 2, 3, 3});
    m.conv("x", 2, 8, "c");
    m.b.node("DepthToSpace", {"c"}, {"d"}, {integer("blocksize", 2), text("mode", mode)});
    m.b.node("SpaceToDepth", {"d"}, {"s"}, {integer("blocksize", 2)});
    m.conv("s", 8, 2, "y");
    m.b.output("y");
    m.compare();
    EXPECT_EQ(m.ops(), "Conv Reshape Transpose Reshape Reshape Transpose Reshape Conv");
  }
}

TEST(MoveToNhwc, SqueezeAndExcite) {
  Moved m;
  m.b.input("x", {1, 4, 5, 5});
  m.conv("x", 4, 4, "c");
  m.b.node("GlobalAveragePool", {"c"}, {"p"});
  m.b.node("Flatten", {"p"}, {"f"});
  m.b.node("MatMul", {"f", m.weights({4, 4})}, {"w"});
  m.b.node("Sigmoid", {"w"}, {"g"});
  m.b.node("Reshape", {"g", m.b.int64s({1, 4, 1, 1})}, {"gate"});
  m.b.node("Mul", {"c", "gate"}, {"y"});
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
}

TEST(MoveToNhwc, GroupedConvTransposeResizeAndPools) {
  Moved m;
  m.b.input("x", {1, 4, 3, 3});
  m.b.node("ConvTranspose", {"x", m.weights({4, 2, 2, 2}), m.weights({4})}, {"up"},
           {integer("group", 2), ints("strides", {2, 2})});
  m.b.node("MaxPool", {"up"}, {"max"}, {ints("kernel_shape", {3, 3})});
  m.b.node("AveragePool", {"max"}, {"avg"}, {ints("kernel_shape", {2, 2}), ints("pads", {0, 0, 1, 1})});
  m.b.node("Resize", {"avg", "", m.b.floats({4}, {1, 1, 2, 3})}, {"y"}, {text("mode", "linear")});
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
}

TEST(MoveToNhwc, OneDimensionalConvolutionsShareTheirOrder) {
  Moved m;
  m.b.input("x", {1, 3, 8});
  for (const auto& [from, x, y] :
       {std::tuple<int64_t, const char*, const char*>{3, "x", "a"}, {4, "r", "c"}}) {
    m.b.node("Conv", {x, m.weights({4, from, 3})}, {y}, {ints("pads", {1, 1})});
    m.b.node("Relu", {y}, {std::string(y) == "a" ? "r" : "y"});
  }
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 0u);
  EXPECT_EQ(m.graph().inputs[0].permutation, (Permutation{0, 2, 1}));
}

TEST(MoveToNhwc, AttentionKeepsItsOrder) {
  Moved m;
  m.b.input("x", {1, 4, 6});
  m.b.node("Reshape", {"x", m.b.int64s({1, 4, 2, 3})}, {"h"});
  m.b.node("Transpose", {"h"}, {"q"}, {ints("perm", {0, 2, 1, 3})});
  m.b.node("Transpose", {"h"}, {"k"}, {ints("perm", {0, 2, 3, 1})});
  m.b.node("MatMul", {"q", "k"}, {"s"});
  m.b.node("Softmax", {"s"}, {"a"}, {integer("axis", -1)});
  m.b.node("MatMul", {"a", "q"}, {"o"});
  m.b.node("Transpose", {"o"}, {"t"}, {ints("perm", {0, 2, 1, 3})});
  m.b.node("Reshape", {"t", m.b.int64s({1, 4, 6})}, {"y"});
  m.b.output("y");
  m.compare();
  EXPECT_EQ(m.transposes(), 3u);  // MatMul and the last Reshape insist
}

// Conv -> Transpose, which the network rounds behind; the Conv's own output may have another reader.
Imported rounded_behind_transpose(bool second_reader) {
  OnnxBuilder b(13);
  b.input("x", {1, 2, 3, 3});
  b.node("Conv", {"x", b.floats({4, 2, 1, 1}, noise(8, 1))}, {"c"});
  b.node("Transpose", {"c"}, {"t"}, {ints("perm", {0, 2, 3, 1})});
  b.output("t");
  if (second_reader) {
    b.node("Relu", {"c"}, {"r"});
    b.output("r");
  }
  Imported imported = import_model(b);
  EXPECT_TRUE(imported.status.ok()) << imported.status.message();
  converter::Graph& graph = imported.graph;
  converter::Quantization& weights = graph.value(graph.nodes[0]->inputs[1]).quantization;
  weights.channel_scales = {1, 2, 3, 4};
  weights.channel_axis = 0;
  graph.value(graph.nodes[1]->outputs[0]).quantization.scale = 0.5f;
  bool changed = false;
  EXPECT_TRUE(converter::move_to_nhwc(&graph, &imported.diagnostics, &changed).ok());
  EXPECT_EQ(graph.value(graph.nodes[0]->inputs[1]).quantization.channel_scales, (Floats{1, 2, 3, 4}));
  EXPECT_EQ(graph.value(graph.outputs[0].value).quantization.scale, 0.5f);
  EXPECT_TRUE(graph.outputs[0].permutation.empty());
  return imported;
}

TEST(MoveToNhwc, PinnedScalesMoveWithTheValues) {
  EXPECT_EQ(rounded_behind_transpose(false).ops(), "Conv");  // rounding commutes with moving
  const Imported both = rounded_behind_transpose(true);
  EXPECT_EQ(both.ops(), "Conv Requantize Relu");
  EXPECT_EQ(both.graph.value(both.graph.nodes[0]->outputs[0]).quantization.scale,
            0);  // Relu reads real numbers
}

}  // namespace
}  // namespace octet::testing
