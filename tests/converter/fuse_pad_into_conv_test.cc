// SPDX-License-Identifier: Apache-2.0
//
// fuse_pad_into_conv: Conv, AveragePool, MaxPool, and every reason against it.
#include <limits>

#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::fuse_pad_into_conv;
using Attributes = std::map<std::string, converter::Attribute>;
using List = std::vector<int64_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct PadCase {
  std::string op = "Conv", mode = "constant", writer = "Neg";
  float value = 0;
  List pads = {0, 1, 2, 0, 0, 0, 1, 0};   // NHWC: top 1, left 2, bottom 0, right 1
  List own = {0, 0, 0, 0};
  int64_t kernel = 3, dilation = 1, count_include_pad = -1;   // -1: no attribute
};

// [1, 6, 7, 2] -> writer -> Pad -> op -> [1, ., ., 2]
Build pad_graph(const PadCase& c) {
  return [c](GraphRunner& r) {
    Random random(5);
    const Dims shape = {1, 6, 7, 2};
    Dims padded = shape, out = shape;
    for (size_t i = 0; i < 4; ++i) padded[i] += c.pads[i] + c.pads[i + 4];
    const int64_t extent = c.dilation * (c.kernel - 1) + 1;
    for (size_t i = 1; i < 3; ++i) out[i] = padded[i] + c.own[i - 1] + c.own[i + 1] - extent + 1;
    const ValueId x = emit(r, c.writer, {r.input(shape)}, shape);
    std::vector<ValueId> inputs = {
        emit(r, "Pad", {x}, padded, {{"mode", c.mode}, {"pads", c.pads}, {"value", c.value}})};
    if (c.op == "Conv") {
      const Dims weights = {3, c.kernel, c.kernel, padded[3]};
      inputs.push_back(r.constant(weights, random.reals(weights)));
    }
    out[0] = padded[0];
    out[3] = c.op == "Conv" ? 3 : padded[3];
    Attributes attributes = {{"kernel_shape", List{c.kernel, c.kernel}}, {"pads", c.own},
                             {"dilations", List{c.dilation, c.dilation}}, {"strides", List{1, 1}}};
    if (c.count_include_pad >= 0) attributes["count_include_pad"] = c.count_include_pad;
    mark_output(r, emit(r, c.op, inputs, out, attributes));
  };
}

void expect_fused(const PadCase& c) {
  PassTester t(fuse_pad_into_conv, pad_graph(c));
  EXPECT_EQ(t.ops(), c.writer + " " + c.op);
  t.expect_same_numbers(1e-5);
}

void expect_stays(const PadCase& c) { EXPECT_FALSE(PassTester(fuse_pad_into_conv, pad_graph(c)).changed()); }

TEST(FusePadIntoConv, Conv) {
  PadCase c;
  PassTester t(fuse_pad_into_conv, pad_graph(c));
  ASSERT_EQ(t.ops(), "Neg Conv");
  EXPECT_EQ(t.node(1).integers("pads"), (List{1, 2, 0, 1}));
  t.expect_same_numbers();
  c.own = {1, 0, 2, 1};
  expect_fused(c);
  c.pads = {0, 5, 0, 0, 0, 0, 9, 0};   // more than a window: zeros are zeros
  expect_fused(c);
}

TEST(FusePadIntoConv, ConvInNchw) {
  PassTester t(fuse_pad_into_conv, [](GraphRunner& r) {
    r.graph.layout = converter::Layout::kNchw;
    const ValueId padded = emit(r, "Pad", {r.input({1, 2, 4, 4})}, {1, 2, 5, 6},
                                {{"mode", std::string("constant")}, {"pads", List{0, 0, 0, 2, 0, 0, 1, 0}}, {"value", 0.0f}});
    mark_output(r, emit(r, "Conv", {padded, r.constant({1, 2, 2, 2}, std::vector<float>(8, 1))}, {1, 1, 4, 5},
                        {{"kernel_shape", List{2, 2}}}));
  });
  ASSERT_EQ(t.ops(), "Conv");
  EXPECT_EQ(t.node(0).integers("pads"), (List{0, 2, 1, 0}));
}

TEST(FusePadIntoConv, OtherPadsStay) {
  PadCase value, mode, channels, batch;
  value.value = 1;
  mode.mode = "reflect";
  channels.pads = {0, 1, 1, 0, 0, 0, 0, 1};
  batch.pads = {1, 1, 1, 0, 0, 0, 0, 0};
  for (const PadCase& c : {value, mode, channels, batch}) expect_stays(c);
}

TEST(FusePadIntoConv, AveragePool) {
  PadCase c;
  c.op = "AveragePool";
  expect_fused(c);   // no pads of its own: they count now
  c.count_include_pad = 1;
  c.own = {1, 0, 1, 1};
  c.pads = {0, 1, 1, 0, 0, 0, 1, 0};
  expect_fused(c);
  c.count_include_pad = 0;   // the Pad counts, its own pads do not: two kinds
  expect_stays(c);
}

TEST(FusePadIntoConv, WindowsInPaddingAloneStay) {
  PadCase c;
  c.op = "AveragePool";
  c.pads = {0, 3, 0, 0, 0, 0, 0, 0};
  expect_stays(c);
  c.pads = {0, 1, 0, 0, 0, 0, 0, 0};
  c.dilation = 2;
  expect_stays(c);
}

TEST(FusePadIntoConv, MaxPool) {
  PadCase c;
  c.op = "MaxPool";
  c.value = -kInfinity;
  expect_fused(c);
  c.value = 0;
  expect_stays(c);       // Neg may be below 0
  c.writer = "Relu";
  expect_fused(c);       // Relu may not
  c.value = 0.5f;
  expect_stays(c);
}

// Quantizers drop a Relu and leave it to zero point -128: nothing below 0 can be said.
TEST(FusePadIntoConv, MaxPoolOfARoundedValue) {
  for (int32_t zero_point : {-128, -127}) {
    PassTester t(fuse_pad_into_conv, [=](GraphRunner& r) {
      PadCase c;
      c.op = "MaxPool";
      pad_graph(c)(r);
      r.graph.value(r.graph.nodes[1]->inputs[0]).quantization = quantization(0.5f, zero_point);
    });
    EXPECT_EQ(t.changed(), zero_point == -128);
  }
}

TEST(FusePadIntoConv, PinnedScales) {
  const Quantization none, a = quantization(0.5f, 3), b = quantization(0.25f, 3);
  const auto tester = [](const Quantization& before, const Quantization& behind) {
    return PassTester(fuse_pad_into_conv, [=](GraphRunner& r) {
      pad_graph(PadCase())(r);
      r.graph.value(r.graph.nodes[1]->inputs[0]).quantization = before;
      r.graph.value(r.graph.nodes[1]->outputs[0]).quantization = behind;
    });
  };
  EXPECT_TRUE(tester(a, a).changed());
  EXPECT_TRUE(tester(a, none).changed());
  EXPECT_FALSE(tester(a, b).changed());
  EXPECT_TRUE(tester(a, b).noted("rounds value"));
  const PassTester moved = tester(none, a);
  ASSERT_EQ(moved.ops(), "Neg Conv");
  EXPECT_EQ(moved.after.graph.value(moved.node(1).inputs[0]).quantization.scale, 0.5f);
}

}  // namespace
}  // namespace octet::testing
