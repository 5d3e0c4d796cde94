// SPDX-License-Identifier: Apache-2.0
//
// fold_mul_add_into_conv: every operator on every side, numbers through the runtime, weight layouts by hand.
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::fold_mul_add_into_conv;
using Attributes = std::map<std::string, converter::Attribute>;
using List = std::vector<int64_t>;

struct FoldCase {
  std::string linear = "Conv", op = "Mul";
  Dims operand_shape = {1, 1, 1, 4};
  bool first = false, bias = true;
  Attributes attributes;          // of the arithmetic
  Attributes linear_attributes;
};

// x -> linear with 4 output channels -> op with a constant. NHWC.
ValueId build(GraphRunner& r, const FoldCase& c) {
  Random random(9);
  const bool dense = c.linear == "FullyConnected";
  const Dims in = dense ? Dims{2, 3} : Dims{1, 5, 5, 3}, weights = dense ? Dims{4, 3} : Dims{4, 2, 2, 3};
  const int64_t side = c.linear == "Conv" ? 4 : 6;
  const Dims out = dense ? Dims{2, 4} : Dims{1, side, side, 4};
  std::vector<ValueId> inputs = {r.input(in), r.constant(weights, random.reals(weights))};
  if (c.bias) inputs.push_back(r.constant({4}, random.reals({4})));
  Attributes attributes = c.linear_attributes;
  if (!dense) attributes["kernel_shape"] = List{2, 2};
  const ValueId y = emit(r, c.linear, inputs, out, attributes);
  const ValueId operand = r.constant(c.operand_shape, random.reals(c.operand_shape, 0.5f, 2));
  return emit(r, c.op, c.first ? std::vector<ValueId>{operand, y} : std::vector<ValueId>{y, operand}, out, c.attributes);
}

Build graph_of(const FoldCase& c) {
  return [c](GraphRunner& r) { mark_output(r, build(r, c)); };
}

TEST(FoldMulAddIntoConv, EveryOperatorAndProducer) {
  for (const char* linear : {"Conv", "ConvTranspose", "FullyConnected"})
    for (const char* op : {"Mul", "Add", "Sub", "Div"})
      for (bool first : {false, true})
        for (bool bias : {false, true}) {
          FoldCase c;
          c.linear = linear;
          c.op = op;
          c.first = first;
          c.bias = bias;
          if (c.linear == "FullyConnected") c.operand_shape = {4};
          SCOPED_TRACE(c.linear + " " + op + (first ? " first" : "") + (bias ? " bias" : ""));
          PassTester t(fold_mul_add_into_conv, graph_of(c));
          const bool quotient = c.op == "Div" && first;   // c / y
          EXPECT_EQ(t.ops(), quotient ? c.linear + " Div" : c.linear);
          if (!quotient) t.expect_same_numbers(2e-5);
        }
}

TEST(FoldMulAddIntoConv, OperandShapes) {
  for (const Dims& shape : {Dims{}, Dims{1}, Dims{4}, Dims{1, 4}, Dims{1, 1, 4}, Dims{1, 1, 1, 1}}) {
    FoldCase c;
    c.operand_shape = shape;
    PassTester t(fold_mul_add_into_conv, graph_of(c));
    EXPECT_EQ(t.ops(), "Conv");
    t.expect_same_numbers(2e-5);
  }
  for (const Dims& shape : {Dims{4, 1}, Dims{4, 1, 1}, Dims{4, 4, 4}}) {   // vary over height or width
    FoldCase c;
    c.operand_shape = shape;
    EXPECT_FALSE(PassTester(fold_mul_add_into_conv, graph_of(c)).changed());
  }
}

TEST(FoldMulAddIntoConv, AChainFoldsInOneRoundAndKeepsTheLastActivation) {
  PassTester t(fold_mul_add_into_conv, [](GraphRunner& r) {
    Random random(10);
    FoldCase c;
    ValueId y = build(r, c);
    const Dims shape = r.graph.value(y).shape;
    y = emit(r, "Add", {r.constant({4}, random.reals({4})), y}, shape);
    y = emit(r, "Div", {y, scalar(r, -0.7)}, shape, {{"activation_min", 0.0f}, {"activation_max", 6.0f}});
    mark_output(r, emit(r, "Mul", {y, scalar(r, 2)}, shape));   // behind an activation
  });
  EXPECT_EQ(t.ops(), "Conv Mul");
  EXPECT_EQ(t.rounds, 1);
  EXPECT_EQ(t.node(0).number("activation_max"), 6.0f);
  t.expect_same_numbers(2e-5);
}

TEST(FoldMulAddIntoConv, WhatForbidsIt) {
  FoldCase active;
  active.linear_attributes["activation_min"] = 0.0f;
  EXPECT_FALSE(PassTester(fold_mul_add_into_conv, graph_of(active)).changed());
  PassTester two_readers(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId y = build(r, FoldCase());
    mark_output(r, emit(r, "Add", {y, r.graph.producer(y)->inputs[0]}, r.graph.value(y).shape));
  });
  EXPECT_FALSE(two_readers.changed());
  PassTester output(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId y = build(r, FoldCase());
    mark_output(r, y);
    mark_output(r, r.graph.producer(y)->inputs[0]);
  });
  EXPECT_FALSE(output.changed());
  PassTester by_zero(fold_mul_add_into_conv, [](GraphRunner& r) {
    FoldCase c;
    c.op = "Div";
    const ValueId y = build(r, c);
    r.graph.producer(y)->inputs[1] = r.constant({4}, {1, 2, 0, 3});
    mark_output(r, y);
  });
  EXPECT_FALSE(by_zero.changed());
  PassTester overflow(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId y = build(r, FoldCase());
    r.graph.producer(y)->inputs[1] = scalar(r, std::numeric_limits<float>::infinity());
    mark_output(r, y);
  });
  EXPECT_FALSE(overflow.changed());
}

TEST(FoldMulAddIntoConv, APinnedOutputForbidsIt) {
  PassTester t(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId y = build(r, FoldCase());
    r.graph.value(r.graph.producer(y)->inputs[0]).quantization = quantization(0.5f, 0);
    mark_output(r, y);
  });
  EXPECT_FALSE(t.changed());
  EXPECT_TRUE(t.noted("rounds value"));
}

// Weights pinned per channel: the same integers under new scales.
TEST(FoldMulAddIntoConv, PinnedWeightScalesFollow) {
  PassTester t(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId w = r.constant({2, 3}, {0.5f, -1, 63.5f, 2, 0.25f, -31.75f});
    r.graph.value(w).quantization = per_channel({0.5f, 0.25f});
    const ValueId y = emit(r, "FullyConnected", {r.input({1, 3}), w}, {1, 2});
    mark_output(r, emit(r, "Mul", {y, r.constant({2}, {-3, 0})}, {1, 2}));
  });
  ASSERT_EQ(t.ops(), "FullyConnected");
  const converter::Value& w = t.after.graph.value(t.node(0).inputs[1]);
  EXPECT_EQ(w.quantization.channel_scales, (std::vector<float>{1.5f, 0.25f}));
  EXPECT_EQ(w.quantization.channel_axis, 0);
  EXPECT_EQ(t.constant(t.node(0).inputs[1]), (std::vector<float>{-1.5f, 3, -190.5f, 0, 0, 0}));
}

TEST(FoldMulAddIntoConv, AddLeavesWeightsAndTheirScalesAlone) {
  PassTester t(fold_mul_add_into_conv, [](GraphRunner& r) {
    const ValueId w = r.constant({2, 3}, {1, 2, 3, 4, 5, 6});
    r.graph.value(w).quantization = per_channel({0.5f, 0.25f});
    const ValueId y = emit(r, "FullyConnected", {r.input({1, 3}), w}, {1, 2});
    mark_output(r, emit(r, "Add", {y, r.constant({2}, {-3, 7})}, {1, 2}));
  });
  ASSERT_EQ(t.ops(), "FullyConnected");
  EXPECT_EQ(t.node(0).inputs[1], t.before.graph.nodes[0]->inputs[1]);
  EXPECT_EQ(t.constant(t.node(0).inputs[2]), (std::vector<float>{-3, 7}));
}

// NCHW: OIHW weights of Conv, operands [1, C, 1, 1] and [C, 1, 1].
TEST(FoldMulAddIntoConv, NchwConv) {
  for (const Dims& shape : {Dims{1, 2, 1, 1}, Dims{2, 1, 1}}) {
    PassTester t(fold_mul_add_into_conv, [shape](GraphRunner& r) {
      r.graph.layout = converter::Layout::kNchw;
      const ValueId w = r.constant({2, 1, 1, 2}, {1, 2, 3, 4});
      const ValueId y = emit(r, "Conv", {r.input({1, 1, 2, 3}), w}, {1, 2, 2, 2}, {{"kernel_shape", List{1, 2}}});
      mark_output(r, emit(r, "Mul", {y, r.constant(shape, {10, 100})}, {1, 2, 2, 2}));
    });
    ASSERT_EQ(t.ops(), "Conv");
    EXPECT_EQ(t.constant(t.node(0).inputs[1]), (std::vector<float>{10, 20, 300, 400}));
  }
  PassTester along_width(fold_mul_add_into_conv, [](GraphRunner& r) {   // [2] is the width, not the channels
    r.graph.layout = converter::Layout::kNchw;
    const ValueId w = r.constant({2, 1, 1, 2}, {1, 2, 3, 4});
    const ValueId y = emit(r, "Conv", {r.input({1, 1, 2, 3}), w}, {1, 2, 2, 2}, {{"kernel_shape", List{1, 2}}});
    mark_output(r, emit(r, "Mul", {y, r.constant({2}, {10, 100})}, {1, 2, 2, 2}));
  });
  EXPECT_FALSE(along_width.changed());
}

// NCHW: IOHW weights of ConvTranspose in two groups: [4, 3, 1, 1] gives 6 channels; input i serves group i / 2.
TEST(FoldMulAddIntoConv, NchwGroupedConvTranspose) {
  PassTester t(fold_mul_add_into_conv, [](GraphRunner& r) {
    r.graph.layout = converter::Layout::kNchw;
    const ValueId w = r.constant({4, 3, 1, 1}, std::vector<float>(12, 1));
    r.graph.value(w).quantization = quantization(1.0f / 127, 0);
    const ValueId y = emit(r, "ConvTranspose", {r.input({1, 4, 2, 2}), w}, {1, 6, 2, 2},
                           {{"kernel_shape", List{1, 1}}, {"group", int64_t{2}}});
    mark_output(r, emit(r, "Mul", {y, r.constant({6, 1, 1}, {1, 2, 3, 4, 5, 6})}, {1, 6, 2, 2}));
  });
  ASSERT_EQ(t.ops(), "ConvTranspose");
  EXPECT_EQ(t.constant(t.node(0).inputs[1]), (std::vector<float>{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_FALSE(t.after.graph.value(t.node(0).inputs[1]).quantization.quantized());
  EXPECT_EQ(t.constant(t.node(0).inputs[2]), std::vector<float>(6, 0));
}

}  // namespace
}  // namespace octet::testing
