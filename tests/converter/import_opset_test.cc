// SPDX-License-Identifier: Apache-2.0
//
// One operator, several opsets: what was an attribute became an input, defaults changed.
// Each pair must give the same numbers, and those are the ones written down here.
#include <cmath>

#include "tests/converter/onnx_runner.h"

namespace octet::testing {
namespace {

using Floats = std::vector<float>;

// x -> one node -> y
Answer run_one(int opset, const std::vector<int64_t>& shape, const Floats& x, const std::string& op,
               const std::vector<AttributeProto>& attributes,
               const std::vector<TensorProto>& more_inputs = {}) {
  OnnxBuilder b(opset);
  b.input("x", shape);
  std::vector<std::string> inputs = {"x"};
  for (const TensorProto& tensor : more_inputs)
    inputs.push_back(tensor.data_type() == 0 ? "" : b.initializer(tensor));
  b.node(op, inputs, {"y"}, attributes);
  b.output("y");
  return run_model(b, {x});
}

TensorProto int64s(const std::vector<int64_t>& data) {
  return int_tensor({static_cast<int64_t>(data.size())}, data);
}
TensorProto scalar(float value) { return float_tensor({}, {value}); }

TEST(Opsets, Slice) {
  const Floats x = iota(12);
  const Floats expected = {5, 6, 9, 10};  // rows 1.., columns 1..2 of [3, 4]
  const auto old = run_one(9, {3, 4}, x, "Slice", {ints("starts", {1, 1}), ints("ends", {100, -1})});
  EXPECT_EQ(old.outputs.at(0), expected);
  const auto now = run_one(13, {3, 4}, x, "Slice", {}, {int64s({1, 1}), int64s({100, -1}), int64s({0, 1})});
  EXPECT_EQ(now.outputs.at(0), expected);
  const auto back =
      run_one(13, {3, 4}, x, "Slice", {}, {int64s({-1}), int64s({INT64_MIN}), int64s({1}), int64s({-2})});
  EXPECT_EQ(back.outputs.at(0), (Floats{3, 1, 7, 5, 11, 9}));
}

TEST(Opsets, Clip) {
  const Floats x = {-2, 0.5f, 9}, expected = {-1, 0.5f, 6};
  EXPECT_EQ(run_one(7, {3}, x, "Clip", {number("min", -1), number("max", 6)}).outputs.at(0), expected);
  EXPECT_EQ(run_one(11, {3}, x, "Clip", {}, {scalar(-1), scalar(6)}).outputs.at(0), expected);
  EXPECT_EQ(run_one(13, {3}, x, "Clip", {}, {TensorProto(), scalar(6)}).outputs.at(0), (Floats{-2, 0.5f, 6}));
  EXPECT_EQ(run_one(13, {3}, x, "Clip", {}, {scalar(7), scalar(6)}).outputs.at(0),
            (Floats{6, 6, 6}));  // max wins
}

TEST(Opsets, Pad) {
  const Floats x = {1, 2}, expected = {5, 1, 2, 5, 5};
  EXPECT_EQ(run_one(7, {1, 2}, x, "Pad", {ints("pads", {0, 1, 0, 2}), number("value", 5)}).outputs.at(0),
            expected);
  EXPECT_EQ(run_one(11, {1, 2}, x, "Pad", {}, {int64s({0, 1, 0, 2}), scalar(5)}).outputs.at(0), expected);
  EXPECT_EQ(run_one(18, {1, 2}, x, "Pad", {}, {int64s({1, 2}), scalar(5), int64s({-1})}).outputs.at(0),
            expected);
  EXPECT_EQ(
      run_one(11, {1, 4}, iota(4), "Pad", {text("mode", "reflect")}, {int64s({0, 2, 0, 1})}).outputs.at(0),
      (Floats{2, 1, 0, 1, 2, 3, 2}));
  EXPECT_EQ(run_one(11, {1, 4}, iota(4), "Pad", {}, {int64s({0, -1, 0, 1})}).outputs.at(0),
            (Floats{1, 2, 3, 0}));
}

TEST(Opsets, SqueezeAndUnsqueeze) {
  const Floats x = iota(3);
  using Shape = converter::Dims;
  EXPECT_EQ(run_one(11, {1, 3, 1}, x, "Squeeze", {ints("axes", {0})}).shapes.at(0), (Shape{3, 1}));
  EXPECT_EQ(run_one(13, {1, 3, 1}, x, "Squeeze", {}, {int64s({-1})}).shapes.at(0), (Shape{1, 3}));
  EXPECT_EQ(run_one(13, {1, 3, 1}, x, "Squeeze", {}).shapes.at(0), (Shape{3}));
  EXPECT_EQ(run_one(11, {3}, x, "Unsqueeze", {ints("axes", {0, 2})}).shapes.at(0), (Shape{1, 3, 1}));
  EXPECT_EQ(run_one(13, {3}, x, "Unsqueeze", {}, {int64s({-1, 0})}).shapes.at(0), (Shape{1, 3, 1}));
}

TEST(Opsets, Reductions) {
  const Floats x = iota(6), expected = {1, 4};
  EXPECT_EQ(run_one(13, {2, 3}, x, "ReduceMean", {ints("axes", {1}), integer("keepdims", 0)}).outputs.at(0),
            expected);
  EXPECT_EQ(run_one(18, {2, 3}, x, "ReduceMean", {integer("keepdims", 0)}, {int64s({-1})}).outputs.at(0),
            expected);
  EXPECT_EQ(run_one(12, {2, 3}, x, "ReduceSum", {ints("axes", {0})}).outputs.at(0), (Floats{3, 5, 7}));
  EXPECT_EQ(run_one(13, {2, 3}, x, "ReduceSum", {}, {int64s({0})}).outputs.at(0), (Floats{3, 5, 7}));
  EXPECT_EQ(run_one(13, {2, 3}, x, "ReduceSum", {}).outputs.at(0), (Floats{15}));
  EXPECT_EQ(run_one(13, {2, 3}, x, "ReduceSum", {integer("noop_with_empty_axes", 1)}).outputs.at(0), x);
}

TEST(Opsets, Split) {
  for (int variant = 0; variant < 3; ++variant) {
    SCOPED_TRACE(variant);
    const int opset = variant == 0 ? 11 : variant == 1 ? 13 : 18;
    OnnxBuilder b(opset);
    b.input("x", {5});
    if (variant == 0) b.node("Split", {"x"}, {"a", "b"}, {ints("split", {3, 2})});
    if (variant == 1) b.node("Split", {"x", b.int64s({3, 2})}, {"a", "b"});
    if (variant == 2) b.node("Split", {"x"}, {"a", "b"}, {integer("num_outputs", 2)});  // the last is smaller
    b.output("a");
    b.output("b");
    const auto answer = run_model(b, {iota(5)});
    EXPECT_EQ(answer.outputs.at(0), (Floats{0, 1, 2}));
    EXPECT_EQ(answer.outputs.at(1), (Floats{3, 4}));
  }
}

TEST(Opsets, SoftmaxOnceFlattened) {
  const Floats x(8, 0.0f);
  // Before 13, axis 1 of [2, 2, 2] flattened what follows: 4 equal elements a row. From 13 on 2 of an axis.
  EXPECT_EQ(run_one(11, {2, 2, 2}, x, "Softmax", {}).outputs.at(0), Floats(8, 0.25f));
  EXPECT_EQ(run_one(13, {2, 2, 2}, x, "Softmax", {integer("axis", 1)}).outputs.at(0), Floats(8, 0.5f));
}

TEST(Opsets, UpsampleAndResize) {
  const Floats x = {1, 2}, expected = {1, 1, 2, 2};
  const TensorProto scales = float_tensor({4}, {1, 1, 1, 2});
  EXPECT_EQ(run_one(7, {1, 1, 1, 2}, x, "Upsample", {numbers("scales", {1, 1, 1, 2})}).outputs.at(0),
            expected);
  EXPECT_EQ(run_one(9, {1, 1, 1, 2}, x, "Upsample", {}, {scales}).outputs.at(0), expected);
  EXPECT_EQ(run_one(10, {1, 1, 1, 2}, x, "Resize", {}, {scales}).outputs.at(0), expected);
  EXPECT_EQ(run_one(13, {1, 1, 1, 2}, x, "Resize", {}, {TensorProto(), scales}).outputs.at(0), expected);
  EXPECT_EQ(run_one(13, {1, 1, 1, 2}, x, "Resize", {}, {TensorProto(), TensorProto(), int64s({1, 1, 1, 4})})
                .outputs.at(0),
            expected);
  EXPECT_EQ(
      run_one(18, {1, 1, 1, 2}, x, "Resize", {ints("axes", {3})}, {TensorProto(), TensorProto(), int64s({4})})
          .outputs.at(0),
      expected);
  // Linear: half_pixel (1, 1.25, 1.75, 2), asymmetric as before opset 11 (1, 1.5, 2, 2), align_corners.
  const auto linear = [&](const char* mode) {
    return run_one(13, {1, 1, 1, 2}, x, "Resize",
                   {text("mode", "linear"), text("coordinate_transformation_mode", mode)},
                   {TensorProto(), scales})
        .outputs.at(0);
  };
  expect_near(linear("half_pixel"), {1, 1.25f, 1.75f, 2});
  expect_near(linear("asymmetric"), {1, 1.5f, 2, 2});
  expect_near(linear("align_corners"), {1, 1 + 1.0f / 3, 1 + 2.0f / 3, 2});
  expect_near(run_one(10, {1, 1, 1, 2}, x, "Resize", {text("mode", "linear")}, {scales}).outputs.at(0),
              {1, 1.5f, 2, 2});
  // A rank of 3, and channels last as TensorFlow has them.
  EXPECT_EQ(
      run_one(13, {1, 1, 2}, x, "Resize", {}, {TensorProto(), float_tensor({3}, {1, 1, 2})}).outputs.at(0),
      expected);
  EXPECT_EQ(run_one(13, {1, 1, 2, 1}, x, "Resize", {}, {TensorProto(), float_tensor({4}, {1, 1, 2, 1})})
                .outputs.at(0),
            expected);
}

TEST(Opsets, TopK) {
  for (int opset : {9, 11}) {
    OnnxBuilder b(opset);
    b.input("x", {4});
    if (opset == 9)
      b.node("TopK", {"x"}, {"v", "i"}, {integer("k", 2)});
    else
      b.node("TopK", {"x", b.int64s({2})}, {"v", "i"});
    b.output("v");
    b.output("i", TensorProto::INT64);
    const auto answer = run_model(b, {{3, 9, 1, 5}});
    EXPECT_EQ(answer.outputs.at(0), (Floats{9, 5}));
    EXPECT_EQ(answer.outputs.at(1), (Floats{1, 3}));
  }
}

TEST(Opsets, DropoutAndIdentityVanish) {
  EXPECT_EQ(run_one(7, {3}, iota(3), "Dropout", {number("ratio", 0.5f)}).outputs.at(0), iota(3));
  OnnxBuilder b(13);
  b.input("x", {3});
  b.node("Dropout", {"x", b.scalar(0.5f)}, {"d"});
  b.node("Identity", {"d"}, {"i"});
  b.node("Abs", {"i"}, {"y"});
  b.output("y");
  EXPECT_EQ(run_model(b, {{-1, 0, 1}}).ops, "Abs");
}

TEST(Opsets, BatchNormalization) {
  for (int opset : {7, 9, 14, 15}) {
    const auto answer = run_one(opset, {1, 2, 1, 1}, {3, 5}, "BatchNormalization", {number("epsilon", 0)},
                                {float_tensor({2}, {1, 2}), float_tensor({2}, {0, 10}),
                                 float_tensor({2}, {1, 1}), float_tensor({2}, {4, 16})});
    expect_near(answer.outputs.at(0), {1, 12});
    EXPECT_EQ(answer.ops, "Conv");  // nothing in front of it to fold into
  }
}

TEST(Opsets, LaterActivations) {
  const Floats x = {-4, -1, 0, 1, 4};
  const auto check = [&](int opset, const char* op, const std::vector<AttributeProto>& attributes,
                         double (*f)(double)) {
    SCOPED_TRACE(op);
    const auto answer = run_one(opset, {5}, x, op, attributes);
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(answer.outputs.at(0)[i], f(static_cast<double>(x[i])), 1e-5);
  };
  check(14, "HardSwish", {}, [](double v) { return v * std::max(0.0, std::min(1.0, v / 6 + 0.5)); });
  check(18, "Mish", {}, [](double v) { return v * std::tanh(std::log1p(std::exp(v))); });
  check(20, "Gelu", {}, [](double v) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); });
  check(20, "Gelu", {text("approximate", "tanh")},
        [](double v) { return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))); });
}

TEST(Opsets, GroupNormalizationPerGroupAndPerChannel) {
  const Floats x = {1, 3, 2, 6, 10, 20, 30, 60};  // [1, 4, 2], two groups of two channels
  const auto expected = [&] {
    Floats y(8);
    for (size_t g = 0; g < 2; ++g) {
      double mean = 0, variance = 0;
      for (size_t i = 0; i < 4; ++i) mean += static_cast<double>(x[4 * g + i]) / 4;
      for (size_t i = 0; i < 4; ++i) variance += std::pow(static_cast<double>(x[4 * g + i]) - mean, 2) / 4;
      for (size_t i = 0; i < 4; ++i)
        y[4 * g + i] = static_cast<float>(
            (static_cast<double>(x[4 * g + i]) - mean) / std::sqrt(variance + 1e-5) * (g == 0 ? 2 : 3) + 1);
    }
    return y;
  }();
  const auto old = run_one(18, {1, 4, 2}, x, "GroupNormalization", {integer("num_groups", 2)},
                           {float_tensor({2}, {2, 3}), float_tensor({2}, {1, 1})});
  expect_near(old.outputs.at(0), expected, 1e-4f);
  const auto now = run_one(21, {1, 4, 2}, x, "GroupNormalization", {integer("num_groups", 2)},
                           {float_tensor({4}, {2, 2, 3, 3}), float_tensor({4}, {1, 1, 1, 1})});
  expect_near(now.outputs.at(0), expected, 1e-4f);
}

TEST(Opsets, LayerNormalization) {
  const auto answer = run_one(17, {1, 2}, {1, 3}, "LayerNormalization", {number("epsilon", 0)},
                              {float_tensor({2}, {1, 2}), float_tensor({2}, {0, 5})});
  expect_near(answer.outputs.at(0), {-1, 7});
}

TEST(Opsets, EdgesOfTheRange) {
  for (int opset : {6, 22}) {
    OnnxBuilder b(opset);
    b.input("x", {1});
    b.node("Relu", {"x"}, {"y"});
    b.output("y");
    const Imported imported = import_model(b);
    EXPECT_EQ(imported.status.code(), StatusCode::kUnsupported);
    EXPECT_NE(imported.status.message().find("opset " + std::to_string(opset)), std::string::npos);
  }
  for (int opset = 7; opset <= 21; ++opset)
    EXPECT_EQ(run_one(opset, {2}, {-1, 1}, "Relu", {}).outputs.at(0), (Floats{0, 1})) << opset;
}

}  // namespace
}  // namespace octet::testing
