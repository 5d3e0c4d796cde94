// SPDX-License-Identifier: Apache-2.0
//
// recognize_layer_norm and recognize_channel_shuffle.
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::recognize_channel_shuffle;
using converter::recognize_layer_norm;

struct NormForm {
  Dims shape = {2, 5, 8};
  std::vector<int64_t> axes = {2};
  Dims reduced = {2, 5, 1};
  bool pow = true, reciprocal = false;
  int64_t keepdims = 1;
};

struct NormValues {
  ValueId x, difference, variance, y;
};

NormValues normalize(GraphRunner& r, const NormForm& form) {
  NormValues v;
  v.x = r.input(form.shape);
  const auto mean_of = [&](ValueId value) {
    return emit(r, "Reduce", {value}, form.reduced,
                {{"kind", std::string("Mean")}, {"axes", form.axes}, {"keepdims", form.keepdims}});
  };
  v.difference = emit(r, "Sub", {v.x, mean_of(v.x)}, form.shape);
  const ValueId square = form.pow ? emit(r, "Pow", {v.difference, scalar(r, 2)}, form.shape)
                                  : emit(r, "Mul", {v.difference, v.difference}, form.shape);
  v.variance = mean_of(square);
  const ValueId root = emit(r, "Sqrt", {emit(r, "Add", {v.variance, scalar(r, 1e-3)}, form.reduced)}, form.reduced);
  v.y = form.reciprocal
            ? emit(r, "Mul", {emit(r, "Reciprocal", {root}, form.reduced), v.difference}, form.shape)
            : emit(r, "Div", {v.difference, root}, form.shape);
  return v;
}

TEST(RecognizeLayerNorm, CoreForms) {
  for (bool pow : {false, true})
    for (bool reciprocal : {false, true}) {
      SCOPED_TRACE(std::string(pow ? "Pow" : "Mul") + (reciprocal ? ", Reciprocal" : ", Div"));
      PassTester t(recognize_layer_norm, [=](GraphRunner& r) {
        NormForm form;
        form.pow = pow;
        form.reciprocal = reciprocal;
        mark_output(r, normalize(r, form).y);
      });
      ASSERT_EQ(t.ops(), "LayerNormalization");
      EXPECT_EQ(t.node(0).integer("axis"), 2);
      EXPECT_FLOAT_EQ(t.node(0).number("epsilon"), 1e-3f);
      t.expect_same_numbers(2e-5);
    }
}

TEST(RecognizeLayerNorm, ScaleAndBiasOverTwoAxes) {
  PassTester t(recognize_layer_norm, [](GraphRunner& r) {
    Random random(3);
    NormForm form;
    form.shape = {2, 3, 4};
    form.axes = {1, 2};
    form.reduced = {2, 1, 1};
    const ValueId y = normalize(r, form).y;
    const ValueId scaled = emit(r, "Mul", {r.constant({1, 3, 4}, random.reals({3, 4})), y}, form.shape);
    mark_output(r, emit(r, "Add", {scaled, r.constant({4}, random.reals({4}))}, form.shape));
  });
  ASSERT_EQ(t.ops(), "LayerNormalization");
  EXPECT_EQ(t.node(0).integer("axis"), 1);
  EXPECT_EQ(t.node(0).inputs.size(), 3u);
  t.expect_same_numbers(2e-5);
}

TEST(RecognizeLayerNorm, AFactorBehindTheBiasTakesTheBiasAlong) {
  PassTester t(recognize_layer_norm, [](GraphRunner& r) {
    NormForm form;
    const ValueId y = normalize(r, form).y;
    const ValueId biased = emit(r, "Add", {y, scalar(r, 0.5)}, form.shape);
    mark_output(r, emit(r, "Mul", {biased, r.constant({8}, {1, 2, 3, 4, -5, 6, 7, 0})}, form.shape));
  });
  EXPECT_EQ(t.ops(), "LayerNormalization");
  t.expect_same_numbers(2e-5);
}

TEST(RecognizeLayerNorm, ScaleThatVariesElsewhereStaysBehind) {
  PassTester t(recognize_layer_norm, [](GraphRunner& r) {
    NormForm form;
    const ValueId y = normalize(r, form).y;
    mark_output(r, emit(r, "Mul", {y, r.constant({5, 1}, {1, 2, 3, 4, 5})}, form.shape));
  });
  EXPECT_EQ(t.ops(), "LayerNormalization Mul");
  t.expect_same_numbers(2e-5);
}

TEST(RecognizeLayerNorm, ASecondReaderKeepsTheUnscaledValue) {
  PassTester t(recognize_layer_norm, [](GraphRunner& r) {
    NormForm form;
    const ValueId y = normalize(r, form).y;
    mark_output(r, emit(r, "Mul", {y, scalar(r, 3)}, form.shape));
    mark_output(r, y);
  });
  EXPECT_EQ(t.ops(), "LayerNormalization Mul");
  t.expect_same_numbers(2e-5);
}

TEST(RecognizeLayerNorm, NearMisses) {
  NormForm first_axis;
  first_axis.axes = {0};
  first_axis.reduced = {1, 5, 8};
  PassTester other_axes(recognize_layer_norm, [=](GraphRunner& r) { mark_output(r, normalize(r, first_axis).y); });
  EXPECT_FALSE(other_axes.changed());
  PassTester cubic(recognize_layer_norm, [](GraphRunner& r) {
    const NormValues v = normalize(r, NormForm());
    r.graph.producer(r.graph.producer(v.variance)->inputs[0])->inputs[1] = scalar(r, 3);
    mark_output(r, v.y);
  });
  EXPECT_FALSE(cubic.changed());
}

TEST(RecognizeLayerNorm, APinnedVarianceStays) {
  PassTester t(recognize_layer_norm, [](GraphRunner& r) {
    const NormValues v = normalize(r, NormForm());
    r.graph.value(v.variance).quantization = quantization(0.5f, 0);
    mark_output(r, v.y);
  });
  EXPECT_FALSE(t.changed());
  EXPECT_TRUE(t.noted("rounds value"));
}

struct Shuffle {
  Dims split = {2, 3, 2, 4, 5};
  std::vector<int64_t> perm = {0, 2, 1, 3, 4};
  Dims moved = {2, 2, 3, 4, 5};
  Dims shape = {2, 6, 4, 5};
};

Build shuffle_graph(const Shuffle& s, const Quantization& input = {}, const Quantization& inner = {}) {
  return [=](GraphRunner& r) {
    r.graph.layout = converter::Layout::kNchw;
    const ValueId x = r.input(s.shape);
    r.graph.value(x).quantization = input;
    const ValueId split = emit(r, "Reshape", {x}, s.split);
    r.graph.value(split).quantization = inner;
    mark_output(r, emit(r, "Reshape", {emit(r, "Transpose", {split}, s.moved, {{"perm", s.perm}})}, s.shape));
  };
}

TEST(RecognizeChannelShuffle, FiveAxesAndFour) {
  Shuffle flat;
  flat.split = {2, 3, 2, 20};
  flat.perm = {0, 2, 1, 3};
  flat.moved = {2, 2, 3, 20};
  for (const Shuffle& s : {Shuffle(), flat}) {
    PassTester t(recognize_channel_shuffle, shuffle_graph(s));
    ASSERT_EQ(t.ops(), "ChannelShuffle");
    EXPECT_EQ(t.node(0).integer("group"), 3);
    t.expect_same_numbers(0);
  }
}

TEST(RecognizeChannelShuffle, NearMisses) {
  Shuffle spatial, other_axes;
  spatial.split = {2, 6, 2, 2, 5};
  spatial.moved = {2, 2, 6, 2, 5};
  other_axes.perm = {0, 1, 2, 4, 3};
  other_axes.moved = {2, 3, 2, 5, 4};
  for (const Shuffle& s : {spatial, other_axes})
    EXPECT_FALSE(PassTester(recognize_channel_shuffle, shuffle_graph(s)).changed());
  PassTester nhwc(recognize_channel_shuffle, [](GraphRunner& r) {
    shuffle_graph(Shuffle())(r);
    r.graph.layout = converter::Layout::kNhwc;
  });
  EXPECT_FALSE(nhwc.changed());
}

TEST(RecognizeChannelShuffle, InnerPinsMustBeTheInputs) {
  const Quantization a = quantization(0.5f, 1), b = quantization(0.25f, 1);
  EXPECT_EQ(PassTester(recognize_channel_shuffle, shuffle_graph(Shuffle(), a, a)).ops(), "ChannelShuffle");
  PassTester t(recognize_channel_shuffle, shuffle_graph(Shuffle(), a, b));
  EXPECT_FALSE(t.changed());
  EXPECT_TRUE(t.noted("rounds value"));
}

}  // namespace
}  // namespace octet::testing
