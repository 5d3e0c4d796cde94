// SPDX-License-Identifier: Apache-2.0
//
// Float operators, lowered and run, against loops in double.
#include <cmath>

#include "converter/quantize/tables.h"
#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected,
                 double tolerance = 1e-5) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::fabs(expected[i]))) << "element " << i;
}

struct ConvShape {
  int64_t h, w, c, o, kh, kw, stride, dilation, group;
  std::vector<int64_t> pads;
  int64_t oh() const { return (h + pads[0] + pads[2] - dilation * (kh - 1) - 1) / stride + 1; }
  int64_t ow() const { return (w + pads[1] + pads[3] - dilation * (kw - 1) - 1) / stride + 1; }
};

std::vector<double> conv_reference(const ConvShape& s, const std::vector<float>& x,
                                   const std::vector<float>& w, const std::vector<float>& b) {
  std::vector<double> y;
  const int64_t cg = s.c / s.group, og = s.o / s.group;
  for (int64_t oy = 0; oy < s.oh(); ++oy)
    for (int64_t ox = 0; ox < s.ow(); ++ox)
      for (int64_t o = 0; o < s.o; ++o) {
        double acc = b[static_cast<size_t>(o)];
        for (int64_t ky = 0; ky < s.kh; ++ky)
          for (int64_t kx = 0; kx < s.kw; ++kx) {
            const int64_t iy = oy * s.stride - s.pads[0] + ky * s.dilation;
            const int64_t ix = ox * s.stride - s.pads[1] + kx * s.dilation;
            if (iy < 0 || ix < 0 || iy >= s.h || ix >= s.w) continue;
            for (int64_t c = 0; c < cg; ++c)
              acc += static_cast<double>(x[static_cast<size_t>((iy * s.w + ix) * s.c + o / og * cg + c)]) *
                     w[static_cast<size_t>(((o * s.kh + ky) * s.kw + kx) * cg + c)];
          }
        y.push_back(acc);
      }
  return y;
}

void check_conv(const ConvShape& s, bool clamp) {
  GraphRunner r;
  Random random(11);
  const Dims weight_shape = {s.o, s.kh, s.kw, s.c / s.group};
  const std::vector<float> x = random.reals({s.h, s.w, s.c}), w = random.reals(weight_shape),
                           b = random.reals({s.o});
  const ValueId in = r.input({1, s.h, s.w, s.c});
  const ValueId out = r.output({1, s.oh(), s.ow(), s.o});
  Node& node = r.node("Conv", {in, r.constant(weight_shape, w), r.constant({s.o}, b)}, {out});
  set_ints(&node, "strides", {s.stride, s.stride});
  set_ints(&node, "dilations", {s.dilation, s.dilation});
  set_ints(&node, "pads", s.pads);
  node.attributes["group"] = s.group;
  if (clamp) node.attributes["activation_min"] = 0.0f, node.attributes["activation_max"] = 0.5f;
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.op(0).macs(), static_cast<uint64_t>(s.oh() * s.ow() * s.o * s.kh * s.kw * s.c / s.group));
  r.set<float>(0, x);
  r.run();
  std::vector<double> expected = conv_reference(s, x, w, b);
  if (clamp)
    for (double& y : expected) y = std::fmin(0.5, std::fmax(0.0, y));
  expect_near(r.get<float>(0), expected);
}

TEST(LowerF32, Conv) {
  check_conv({5, 6, 3, 4, 3, 3, 1, 1, 1, {1, 1, 1, 1}}, false);
  check_conv({7, 6, 4, 8, 3, 2, 2, 1, 2, {0, 1, 1, 0}}, true);
  check_conv({6, 6, 5, 5, 3, 3, 1, 2, 5, {2, 2, 2, 2}}, false);
}

// Scatter form: every input pixel adds its weights to the output.
TEST(LowerF32, ConvTranspose) {
  GraphRunner r;
  Random random(12);
  const int64_t h = 3, w = 4, c = 2, o = 3, k = 3, stride = 2, oh = 2 * h + 1 - 1, ow = 2 * w + 1 - 1;
  const std::vector<float> x = random.reals({h, w, c}), weights = random.reals({o, k, k, c}),
                           b = random.reals({o});
  const ValueId in = r.input({1, h, w, c});
  const ValueId out = r.output({1, oh, ow, o});
  Node& node = r.node("ConvTranspose", {in, r.constant({o, k, k, c}, weights), r.constant({o}, b)}, {out});
  set_ints(&node, "strides", {stride, stride});
  set_ints(&node, "pads", {0, 0, 1, 1});
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, x);
  r.run();
  std::vector<double> expected;
  for (int64_t i = 0; i < oh * ow; ++i) expected.insert(expected.end(), b.begin(), b.end());
  for (int64_t y = 0; y < h; ++y)
    for (int64_t xx = 0; xx < w; ++xx)
      for (int64_t ky = 0; ky < k; ++ky)
        for (int64_t kx = 0; kx < k; ++kx) {
          const int64_t oy = y * stride + ky, ox = xx * stride + kx;
          if (oy >= oh || ox >= ow) continue;
          for (int64_t oc = 0; oc < o; ++oc)
            for (int64_t ic = 0; ic < c; ++ic)
              expected[static_cast<size_t>((oy * ow + ox) * o + oc)] +=
                  static_cast<double>(x[static_cast<size_t>((y * w + xx) * c + ic)]) *
                  weights[static_cast<size_t>(((oc * k + ky) * k + kx) * c + ic)];
        }
  expect_near(r.get<float>(0), expected);
}

TEST(LowerF32, FullyConnectedWithTableActivationBecomesTwoOperators) {
  GraphRunner r;
  Random random(13);
  const std::vector<float> x = random.reals({2, 5}), w = random.reals({3, 5}), b = random.reals({3});
  const ValueId out = r.output({2, 3});
  Node& node = r.node("FullyConnected", {r.input({2, 5}), r.constant({3, 5}, w), r.constant({3}, b)}, {out});
  set_text(&node, "table_activation", "Silu");
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.root().operators()->size(), 2u);
  r.set<float>(0, x);
  r.run();
  std::vector<double> expected;
  for (size_t i = 0; i < 2; ++i)
    for (size_t o = 0; o < 3; ++o) {
      double acc = b[o];
      for (size_t k = 0; k < 5; ++k) acc += static_cast<double>(x[i * 5 + k]) * w[o * 5 + k];
      expected.push_back(acc / (1 + std::exp(-acc)));
    }
  expect_near(r.get<float>(0), expected);
}

TEST(LowerF32, EveryUnaryFunctionAgreesWithItsRow) {
  const char* const kOps[] = {"Relu",        "Clip",      "LeakyRelu", "Elu",
                              "Selu",        "Celu",      "Sigmoid",   "Tanh",
                              "HardSigmoid", "HardSwish", "Silu",      "Gelu",
                              "GeluTanh",    "Softplus",  "Softsign",  "ThresholdedRelu",
                              "Mish",        "Exp",       "Log",       "Sqrt",
                              "Reciprocal",  "Abs",       "Neg",       "Floor",
                              "Ceil",        "Round",     "Sign",      "Erf",
                              "Sin",         "Cos",       "Tan",       "Asin",
                              "Acos",        "Atan",      "Sinh",      "Cosh",
                              "Asinh",       "Acosh",     "Atanh",     "Shrink",
                              "Identity"};
  Random random(14);
  for (const char* op : kOps) {
    SCOPED_TRACE(op);
    const std::string name = op;
    const bool unit = name == "Asin" || name == "Acos" || name == "Atanh";
    const float low = name == "Acosh"                                           ? 1.01f
                      : name == "Log" || name == "Sqrt" || name == "Reciprocal" ? 0.1f
                      : unit                                                    ? -0.9f
                                                                                : -3.0f;
    const std::vector<float> x = random.reals({40}, low, unit ? 0.9f : 3.0f);
    GraphRunner r;
    const ValueId in = r.input({40});
    Node& node = r.node(op, {in}, {r.output({40})});
    if (name == "Clip") node.attributes["min"] = -1.0f, node.attributes["max"] = 0.75f;
    ASSERT_TRUE(r.prepare());
    r.set<float>(0, x);
    r.run();
    std::vector<double> expected;
    for (float v : x) expected.push_back(converter::evaluate_unary(node, v));
    expect_near(r.get<float>(0), expected, 2e-6);
  }
}

TEST(LowerF32, BinaryBroadcastsAndClamps) {
  Random random(15);
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow"}) {
    SCOPED_TRACE(op);
    GraphRunner r;
    const std::vector<float> a = random.reals({2, 3, 4}, 0.5f, 2), b = random.reals({4}, 0.5f, 2);
    Node& node = r.node(op, {r.input({2, 3, 4}), r.input({4})}, {r.output({2, 3, 4})});
    const bool clamp = std::string(op) == "Add" || std::string(op) == "Mul";
    if (clamp) node.attributes["activation_max"] = 2.0f;
    ASSERT_TRUE(r.prepare());
    r.set<float>(0, a);
    r.set<float>(1, b);
    r.run();
    std::vector<double> expected;
    for (size_t i = 0; i < a.size(); ++i) {
      const double y = converter::evaluate_binary(op, a[i], b[i % 4]);
      expected.push_back(clamp ? std::fmin(y, 2.0) : y);
    }
    expect_near(r.get<float>(0), expected);
  }
}

TEST(LowerF32, Pooling) {
  Random random(16);
  const std::vector<float> x = random.reals({5, 5, 2});
  for (const char* op : {"AveragePool", "MaxPool"}) {
    for (int64_t include_pad : {0, 1}) {
      GraphRunner r;
      Node& node = r.node(op, {r.input({1, 5, 5, 2})}, {r.output({1, 3, 3, 2})});
      set_ints(&node, "kernel_shape", {3, 3});
      set_ints(&node, "strides", {2, 2});
      set_ints(&node, "pads", {1, 1, 1, 1});
      node.attributes["count_include_pad"] = include_pad;
      ASSERT_TRUE(r.prepare()) << op;
      r.set<float>(0, x);
      r.run();
      const bool average = std::string(op) == "AveragePool";
      std::vector<double> expected;
      for (int64_t oy = 0; oy < 3; ++oy)
        for (int64_t ox = 0; ox < 3; ++ox)
          for (int64_t c = 0; c < 2; ++c) {
            double sum = 0, largest = -1e9, count = 0;
            for (int64_t iy = oy * 2 - 1; iy < oy * 2 + 2; ++iy)
              for (int64_t ix = ox * 2 - 1; ix < ox * 2 + 2; ++ix) {
                if (iy < 0 || ix < 0 || iy >= 5 || ix >= 5) continue;
                const double v = x[static_cast<size_t>((iy * 5 + ix) * 2 + c)];
                sum += v, count += 1, largest = std::fmax(largest, v);
              }
            expected.push_back(average ? sum / (include_pad != 0 ? 9 : count) : largest);
          }
      expect_near(r.get<float>(0), expected);
    }
  }
}

TEST(LowerF32, ReduceSoftmaxAndArgMax) {
  Random random(17);
  const std::vector<float> x = random.reals({2, 3, 4}, 0.5f, 2);
  GraphRunner r;
  const ValueId in = r.input({2, 3, 4});
  Node& mean = r.node("Reduce", {in}, {r.output({2, 4})});
  set_text(&mean, "kind", "Mean");
  set_ints(&mean, "axes", {1});
  mean.attributes["keepdims"] = int64_t{0};
  r.node("Softmax", {in}, {r.output({2, 3, 4})}).attributes["axis"] = int64_t{-1};
  r.node("ArgMax", {in}, {r.output(schema::TensorType_S64, {2, 3, 1})}).attributes["axis"] = int64_t{2};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, x);
  r.run();
  std::vector<double> means, softmax;
  std::vector<int64_t> largest;
  for (size_t n = 0; n < 2; ++n)
    for (size_t c = 0; c < 4; ++c)
      means.push_back((static_cast<double>(x[n * 12 + c]) + x[n * 12 + 4 + c] + x[n * 12 + 8 + c]) / 3);
  for (size_t row = 0; row < 6; ++row) {
    double sum = 0;
    size_t best = 0;
    for (size_t c = 0; c < 4; ++c) {
      sum += std::exp(x[row * 4 + c]);
      if (x[row * 4 + c] > x[row * 4 + best]) best = c;
    }
    for (size_t c = 0; c < 4; ++c) softmax.push_back(std::exp(x[row * 4 + c]) / sum);
    largest.push_back(static_cast<int64_t>(best));
  }
  expect_near(r.get<float>(0), means);
  expect_near(r.get<float>(1), softmax);
  EXPECT_EQ(r.get<int64_t>(2), largest);
}

TEST(LowerF32, DataMovement) {
  GraphRunner r;
  const ValueId in = r.input({1, 2, 3});
  set_ints(&r.node("Transpose", {in}, {r.output({3, 1, 2})}), "perm", {2, 0, 1});
  r.node("Reshape", {in}, {r.output({6})});
  r.node("Concat", {in, in}, {r.output({1, 4, 3})}).attributes["axis"] = int64_t{-2};
  Node& slice = r.node("Slice", {in}, {r.output({1, 2, 2})});
  set_ints(&slice, "starts", {0, 0, 2});
  set_ints(&slice, "steps", {1, 1, -2});
  Node& pad = r.node("Pad", {in}, {r.output({1, 2, 5})});
  set_ints(&pad, "pads", {0, 0, 1, 0, 0, 1});
  pad.attributes["value"] = 9.0f;
  r.node("Expand", {in}, {r.output({2, 2, 3})});
  set_ints(&r.node("Tile", {in}, {r.output({1, 2, 6})}), "repeats", {1, 1, 2});
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, {0, 1, 2, 3, 4, 5});
  r.run();
  EXPECT_EQ(r.get<float>(0), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(r.get<float>(1), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(r.get<float>(2), (std::vector<float>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(r.get<float>(3), (std::vector<float>{2, 0, 5, 3}));
  EXPECT_EQ(r.get<float>(4), (std::vector<float>{9, 0, 1, 2, 9, 9, 3, 4, 5, 9}));
  EXPECT_EQ(r.get<float>(5), (std::vector<float>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(r.get<float>(6), (std::vector<float>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
}

// [1, 1, 2, 8] with blocks of 2: DCR takes the block offset from the slow end of C, CRD from the fast end.
TEST(LowerF32, DepthToSpaceBothModesAndBack) {
  std::vector<float> x(16);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  GraphRunner r;
  const ValueId in = r.input({1, 1, 2, 8});
  Node& dcr = r.node("DepthToSpace", {in}, {r.output({1, 2, 4, 2})});
  dcr.attributes["blocksize"] = int64_t{2};
  Node& crd = r.node("DepthToSpace", {in}, {r.output({1, 2, 4, 2})});
  crd.attributes["blocksize"] = int64_t{2};
  set_text(&crd, "mode", "CRD");
  Node& back = r.node("SpaceToDepth", {dcr.outputs[0]}, {r.output({1, 1, 2, 8})});
  back.attributes["blocksize"] = int64_t{2};
  Node& shuffle = r.node("ChannelShuffle", {in}, {r.output({1, 1, 2, 8})});
  shuffle.attributes["group"] = int64_t{2};
  ASSERT_TRUE(r.prepare());
  r.set<float>(0, x);
  r.run();
  EXPECT_EQ(r.get<float>(0), (std::vector<float>{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15}));
  EXPECT_EQ(r.get<float>(1), (std::vector<float>{0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15}));
  EXPECT_EQ(r.get<float>(2), x);
  EXPECT_EQ(r.get<float>(3), (std::vector<float>{0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15}));
}

TEST(LowerF32, TensorsAndBuffersOfUsedValuesOnlyAndConstantsOnce) {
  GraphRunner r;
  const ValueId in = r.input({2});
  r.constant({2}, {5, 6});  // nobody reads it
  const ValueId a = r.constant({2}, {1, 2}), b = r.constant({2}, {1, 2});
  const ValueId middle = r.value(schema::TensorType_F32, {2});
  r.node("Add", {in, a}, {middle});
  Node& last = r.node("Mul", {middle, b}, {r.output({2})});
  last.float_reason = "because the test says so";
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.root().tensors()->size(), 5u);
  EXPECT_EQ(r.root().buffers()->size(), 2u);  // the empty one and {1, 2}
  EXPECT_EQ(r.op(0).float_reason(), nullptr);
  EXPECT_EQ(r.op(1).float_reason()->str(), "because the test says so");
  EXPECT_EQ(r.op(1).name()->str(), "node1");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(r.lowered.data()) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(r.root().buffers()->Get(1)->data()->data()) % 64, 0u);
  r.set<float>(0, {3, 4});
  r.run();
  EXPECT_EQ(r.get<float>(0), (std::vector<float>{4, 12}));
}

TEST(LowerF32, UnknownOperatorIsNamed) {
  GraphRunner r;
  r.node("Frobnicate", {r.input({2})}, {r.output({2})}).source = "Frobnicate (opset 13)";
  const Status status = r.lower();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("'node0'"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Frobnicate (opset 13)"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace octet::testing
