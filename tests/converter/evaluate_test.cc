// SPDX-License-Identifier: Apache-2.0
//
// evaluate_node: constants in, constants out, in any element type.
#include <cmath>

#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS64 = schema::TensorType_S64;

template <class T>
std::vector<T> elements(const Constant& constant) {
  return std::vector<T>(constant.as<T>(), constant.as<T>() + constant.elements());
}

TEST(EvaluateNode, Float) {
  GraphRunner r;
  const ValueId y = r.value(schema::TensorType_F32, {3});
  const Node& node = r.node("Exp", {r.constant({3}, {0, 1, -2})}, {y});
  std::vector<Constant> out;
  const Status status = converter::evaluate_node(r.graph, node, &out);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].shape, (Dims{3}));
  EXPECT_NEAR(elements<float>(out[0])[1], std::exp(1.0), 1e-6);
  EXPECT_NEAR(elements<float>(out[0])[2], std::exp(-2.0), 1e-7);
}

TEST(EvaluateNode, Integers) {
  GraphRunner r;
  const ValueId table = r.constant(kS64, {4}, std::vector<int64_t>{10, 20, 30, int64_t{1} << 40});
  const ValueId index = r.constant(kS64, {2}, std::vector<int64_t>{3, -4});
  const Node& node = r.node("Gather", {table, index}, {r.value(kS64, {2})});
  std::vector<Constant> out;
  const Status status = converter::evaluate_node(r.graph, node, &out);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(elements<int64_t>(out[0]), (std::vector<int64_t>{int64_t{1} << 40, 10}));
}

TEST(EvaluateNode, ScalarResult) {
  GraphRunner r;
  Node& node = r.node("Reduce", {r.constant({2, 2}, {1, 2, 3, 4})}, {r.value(schema::TensorType_F32, {})});
  set_text(&node, "kind", "Sum");
  set_ints(&node, "axes", {0, 1});
  node.attributes["keepdims"] = int64_t{0};
  std::vector<Constant> out;
  const Status status = converter::evaluate_node(r.graph, node, &out);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(elements<float>(out[0]), (std::vector<float>{10}));
}

TEST(EvaluateNode, SpatialOperatorBeforeTheLayoutPassIsUnsupported) {
  GraphRunner r;
  r.graph.layout = converter::Layout::kNchw;
  Node& node = r.node("MaxPool", {r.constant({1, 1, 2, 2}, {1, 2, 3, 4})},
                      {r.value(schema::TensorType_F32, {1, 1, 1, 1})});
  set_ints(&node, "kernel_shape", {2, 2});
  std::vector<Constant> out;
  EXPECT_EQ(converter::evaluate_node(r.graph, node, &out).code(), StatusCode::kUnsupported);
}

TEST(EvaluateNode, ActivationInputIsRefused) {
  GraphRunner r;
  const Node& node = r.node("Exp", {r.input({3})}, {r.value(schema::TensorType_F32, {3})});
  std::vector<Constant> out;
  EXPECT_EQ(converter::evaluate_node(r.graph, node, &out).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace octet::testing
