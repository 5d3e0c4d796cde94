// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/equalize.h"

#include <cmath>

#include "converter/repair/balance_activations.h"
#include "converter/repair/channel_statistics.h"
#include "converter/repair/layer_pairs.h"
#include "tests/converter/pass_tester.h"

namespace octet::testing {
namespace {

using converter::ChannelRanges;
using converter::EqualizeOptions;
using converter::LayerPair;
using Attributes = std::map<std::string, converter::Attribute>;

constexpr float kNoBound = INFINITY;

Attributes conv(int64_t group, int64_t pad, float low, float high) {
  Attributes attributes = {{"group", group}};
  const int64_t side = pad == 0 ? 1 : 3;
  attributes["kernel_shape"] = std::vector<int64_t>{side, side};
  attributes["pads"] = std::vector<int64_t>(4, pad);
  if (low == 0) attributes["activation_min"] = low;
  if (high < kNoBound) attributes["activation_max"] = high;
  return attributes;
}

// Weights of output channel c times factor(c).
template <class Factor>
ValueId weights(GraphRunner& r, Dims shape, uint32_t seed, const Factor& factor) {
  std::vector<float> data = Random(seed).reals(shape, -0.5f, 0.5f);
  const size_t count = data.size() / static_cast<size_t>(shape[0]);
  for (size_t i = 0; i < data.size(); ++i) data[i] *= factor(i / count);
  return r.constant(shape, data);
}

float one(size_t) { return 1; }
float spread(size_t c) { return std::pow(10.0f, static_cast<float>(c % 4) - 2); }

// Conv -> Conv depthwise (channels far apart) -> PRelu -> MaxPool -> Conv -> FullyConnected.
void chain(GraphRunner& r, float top) {
  const ValueId x = r.input({1, 6, 6, 3});
  const ValueId a =
      emit(r, "Conv", {x, weights(r, {8, 1, 1, 3}, 1, one), r.constant({8}, Random(2).reals({8}))},
           {1, 6, 6, 8}, conv(1, 0, 0, top));
  const ValueId d =
      emit(r, "Conv", {a, weights(r, {8, 3, 3, 1}, 3, spread), r.constant({8}, Random(4).reals({8}))},
           {1, 6, 6, 8}, conv(8, 1, -1, kNoBound));
  const ValueId p = emit(r, "PRelu", {d, r.constant({8}, Random(5).reals({8}, 0, 1))}, {1, 6, 6, 8});
  const ValueId m =
      emit(r, "MaxPool", {p}, {1, 3, 3, 8},
           {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  const ValueId c =
      emit(r, "Conv", {m, weights(r, {4, 1, 1, 8}, 6, one)}, {1, 3, 3, 4}, conv(1, 0, 0, kNoBound));
  const ValueId f = emit(r, "Reshape", {c}, {1, 36});
  mark_output(r, emit(r, "FullyConnected", {f, weights(r, {5, 36}, 7, one)}, {1, 5}));
}

template <int kTop>
void chain_to(GraphRunner& r) {
  chain(r, kTop == 0 ? kNoBound : static_cast<float>(kTop));
}

ChannelRanges seen;  // what the pass knows; PassTester takes a plain function

template <bool kRelu>
Status equalize_pass(converter::Graph* graph, converter::Diagnostics* diagnostics, bool*) {
  EqualizeOptions options;
  options.weights = kRelu ? "relu" : "exact";
  ChannelRanges copy = seen;
  converter::equalize_weights(options, &copy, graph, diagnostics);
  return Status();
}

double most(const std::vector<float>& data) {
  double largest = 0;
  for (const float w : data) largest = std::max<double>(largest, std::fabs(w));
  return largest;
}

TEST(LayerPairs, AreFoundThroughWhatKeepsChannelsApart) {
  GraphRunner r;
  chain(r, 6);
  const std::vector<LayerPair> pairs = converter::find_layer_pairs(r.graph);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(pairs[0].top, 6);
  EXPECT_FALSE(pairs[0].shifts);  // the depthwise layer pads
  EXPECT_EQ(pairs[1].between.size(), 2u);
  EXPECT_TRUE(pairs[1].shifts);
  EXPECT_EQ(pairs[2].channels, 4u);  // 36 inputs of the last layer are nine places of these
  EXPECT_EQ(converter::second_weights(r.graph, pairs[2])[0].size(), 9u * 5);
}

TEST(LayerPairs, EndAtOtherReadersAndOtherFunctions) {
  GraphRunner r;
  const ValueId x = r.input({1, 2, 2, 4});
  const ValueId a =
      emit(r, "Conv", {x, weights(r, {4, 1, 1, 4}, 1, one)}, {1, 2, 2, 4}, conv(1, 0, 0, kNoBound));
  const ValueId b =
      emit(r, "Conv", {a, weights(r, {4, 1, 1, 4}, 2, one)}, {1, 2, 2, 4}, conv(1, 0, 0, kNoBound));
  const ValueId sum = emit(r, "Add", {a, b}, {1, 2, 2, 4});
  const ValueId c =
      emit(r, "Conv", {sum, weights(r, {4, 1, 1, 4}, 3, one)}, {1, 2, 2, 4}, conv(1, 0, -1, kNoBound));
  const ValueId s = emit(r, "Sigmoid", {c}, {1, 2, 2, 4});
  mark_output(r,
              emit(r, "Conv", {s, weights(r, {4, 1, 1, 4}, 4, one)}, {1, 2, 2, 4}, conv(1, 0, -1, kNoBound)));
  EXPECT_TRUE(converter::find_layer_pairs(r.graph).empty());
}

TEST(Equalize, KeepsTheNumbersAndEvensOutTheWeights) {
  seen = ChannelRanges();
  PassTester t(equalize_pass<false>, chain_to<0>);
  t.expect_same_numbers(1e-4);
  double least = 1e9;
  for (const auto& node : t.before.graph.nodes)
    if (node->op == "Conv") least = std::min(least, per_tensor_weight_sqnr(t.before.graph, *node));
  EXPECT_LT(least, 30);
  for (const auto& node : t.after.graph.nodes)
    if (node->op == "Conv") {
      EXPECT_GT(per_tensor_weight_sqnr(t.after.graph, *node), 36) << node->name;
    }
  for (const LayerPair& pair : converter::find_layer_pairs(t.after.graph)) {
    const auto first = first_weights(t.after.graph, pair), second = second_weights(t.after.graph, pair);
    for (size_t c = 0; c < pair.channels; ++c) EXPECT_NEAR(most(first[c]) / most(second[c]), 1, 0.03);
  }
  EXPECT_TRUE(t.noted("3 pairs of layers; the worst layer's weights"));
}

TEST(Equalize, LeavesChannelsAloneThatAClampCuts) {
  seen = ChannelRanges();  // nothing known: any channel may reach the bound
  PassTester t(equalize_pass<false>, chain_to<1>);
  t.expect_same_numbers(1e-4);
  EXPECT_FLOAT_EQ(t.node(0).number("activation_max"), 1);
  EXPECT_TRUE(t.noted("held back by clamps in 1"));
}

TEST(Equalize, MakesAClampReluWhereItIsInTheWay) {
  seen = ChannelRanges();
  PassTester t(equalize_pass<true>, chain_to<100>);
  t.expect_same_numbers(1e-4);  // nothing comes near 100
  EXPECT_FALSE(t.node(0).has("activation_max"));
  EXPECT_EQ(t.node(0).number("activation_min", -1), 0);
  EXPECT_TRUE(t.noted("channels reach, became ReLU"));
}

TEST(Equalize, ScalesChannelsBelowTheirClamp) {
  seen = ChannelRanges();
  GraphRunner r;
  chain(r, 100);
  seen.of[converter::find_layer_pairs(r.graph)[0].link()] = std::vector<converter::Range>(8, {0, 10});
  PassTester t(equalize_pass<false>, chain_to<100>);
  t.expect_same_numbers(1e-4, -1, 1);  // stays below 10
  EXPECT_TRUE(t.noted("held back by clamps in 0"));
}

// A pointwise pair whose first layer is far above 0.
void high(GraphRunner& r) {
  const ValueId x = r.input({1, 2, 2, 3});
  const ValueId a = emit(r, "Conv", {x, weights(r, {4, 1, 1, 3}, 1, one), r.constant({4}, {20, 30, -1, 40})},
                         {1, 2, 2, 4}, conv(1, 0, 0, kNoBound));
  mark_output(r,
              emit(r, "Conv", {a, weights(r, {2, 1, 1, 4}, 2, one)}, {1, 2, 2, 2}, conv(1, 0, -1, kNoBound)));
}

TEST(Equalize, AbsorbsTheLeastValueOfAChannelIntoTheNextBias) {
  GraphRunner r;
  high(r);
  seen = ChannelRanges();
  seen.of[converter::find_layer_pairs(r.graph)[0].link()] = {{12, 28}, {22, 38}, {0, 6}, {32, 48}};
  PassTester t(equalize_pass<false>, high);
  t.expect_same_numbers(1e-4);
  ASSERT_EQ(t.node(1).inputs.size(), 3u);
  const std::vector<float> before = {20, 30, -1, 40}, after = t.constant(t.node(0).inputs[2]);
  const auto pair = converter::find_layer_pairs(t.after.graph)[0];
  for (size_t c = 0; c < 4; ++c) {
    const double scale =
        most(first_weights(t.before.graph, converter::find_layer_pairs(t.before.graph)[0])[c]) /
        most(first_weights(t.after.graph, pair)[c]);
    const double expected = c == 2 ? -1 : before[c] - (c == 0 ? 12 : c == 1 ? 22 : 32);
    EXPECT_NEAR(static_cast<double>(after[c]) * scale, expected, 1e-3) << c;
  }
}

Status balance_pass(converter::Graph* graph, converter::Diagnostics* diagnostics, bool*) {
  EqualizeOptions options;
  options.activations = "all";
  ChannelRanges copy = seen;
  converter::balance_activations(options, &copy, graph, diagnostics);
  return Status();
}

TEST(Balance, FillsTheRangeInFrontOfADepthwiseLayer) {
  seen = ChannelRanges();
  GraphRunner r;
  chain(r, 50);
  const ValueId link = converter::find_layer_pairs(r.graph)[0].link();
  seen.of[link] = {{0, 64}, {0, 1}, {0, 2}, {0, 3}, {0, 2}, {0, 1}, {0, 4}, {0, 2}};
  PassTester t(balance_pass, chain_to<50>);
  t.expect_same_numbers(1e-4, -1, 1);
  const auto pair = converter::find_layer_pairs(t.after.graph)[0];
  const auto before = first_weights(t.before.graph, converter::find_layer_pairs(t.before.graph)[0]);
  EXPECT_NEAR(most(first_weights(t.after.graph, pair)[1]) / most(before[1]), 64 / (1 * 2.0), 1e-5);
  EXPECT_EQ(first_weights(t.after.graph, pair)[0], before[0]);
}

TEST(Balance, BringsAnOutlierDownWhereThatPays) {
  GraphRunner r;
  high(r);
  seen = ChannelRanges();
  const LayerPair pair = converter::find_layer_pairs(r.graph)[0];
  double decibels = 0;
  balancing_scales(r.graph, pair, {{0, 5}, {0, 6}, {0, 5.5f}, {0, 6}}, &decibels);
  EXPECT_LT(decibels, 3);
  const std::vector<converter::Range> outlier = {{0, 5}, {0, 6}, {0, 2000}, {0, 6}};
  const std::vector<double> scales = balancing_scales(r.graph, pair, outlier, &decibels);
  EXPECT_GT(scales[2] / scales[0], 2);
  EXPECT_GT(decibels, 4);
  seen.of[pair.link()] = outlier;
  PassTester t(balance_pass, high);
  t.expect_same_numbers(1e-4);
}

TEST(ChannelStatistics, OfAClippedNormalAgreeWithItsIntegral) {
  for (const double mean : {-7.0, -1.0, 0.0, 2.5, 9.0})
    for (const double deviation : {0.2, 1.0, 4.0})
      for (const double high : {6.0, static_cast<double>(INFINITY)}) {
        double sum = 0, squares = 0, total = 0;
        for (double z = -9; z < 9; z += 1e-3) {
          const double p = std::exp(-z * z / 2), y = std::min(std::max(mean + deviation * z, 0.0), high);
          total += p;
          sum += p * y;
          squares += p * y * y;
        }
        double m = mean, s = deviation;
        converter::clip_normal(0, high, &m, &s);
        EXPECT_NEAR(m, sum / total, 1e-5);
        EXPECT_NEAR(s * s, squares / total - sum / total * sum / total, 1e-4);
      }
  double m = 3, s = 0;
  converter::clip_normal(-INFINITY, 2, &m, &s);
  EXPECT_EQ(m, 2);
}

void normalized(GraphRunner& r) {
  const ValueId x = r.input({1, 2, 2, 2});
  const ValueId y =
      emit(r, "Conv", {x, r.constant({2, 1, 1, 2}, {1, 2, 3, 4})}, {1, 2, 2, 2}, conv(1, 0, -1, kNoBound));
  r.graph.layout = converter::Layout::kNchw;
  r.graph.value(r.graph.nodes[0]->inputs[1]).shape = {2, 2, 1, 1};
  Constant weights = *r.graph.value(r.graph.nodes[0]->inputs[1]).constant;
  weights.shape = {2, 2, 1, 1};
  r.graph.value(r.graph.nodes[0]->inputs[1]).constant = std::make_shared<const Constant>(weights);
  const auto two = [&](float a, float b) { return r.constant({2}, {a, b}); };
  const ValueId n =
      emit(r, "BatchNormalization", {y, two(-2, 3), two(5, 6), two(1, 2), two(4, 9)}, {1, 2, 2, 2});
  mark_output(r, emit(r, "Mul", {n, r.constant({1, 2, 1, 1}, {10, -1})}, {1, 2, 2, 2}));
}

TEST(ChannelStatistics, ArePutDownWhenANormalizationIsFolded) {
  GraphRunner r;
  normalized(r);
  bool changed = false;
  ASSERT_TRUE(converter::fold_batch_norm_into_conv(&r.graph, &r.diagnostics, &changed).ok());
  ASSERT_TRUE(converter::fold_mul_add_into_conv(&r.graph, &r.diagnostics, &changed).ok());
  ASSERT_EQ(r.graph.nodes.size(), 1u);
  converter::ChannelStatistics known;
  ASSERT_TRUE(read_channel_statistics(*r.graph.nodes[0], &known));
  EXPECT_EQ(known.mean, (std::vector<double>{50, -6}));
  EXPECT_EQ(known.deviation, (std::vector<double>{20, 3}));
  const ChannelRanges ranges = converter::ranges_from_normalization(r.graph);
  const std::vector<converter::Range>& channels = ranges.of.at(r.graph.nodes[0]->outputs[0]);
  EXPECT_EQ(channels[0].max, 50 + 6 * 20);
  EXPECT_EQ(channels[1].min, -6 - 6 * 3);
}

TEST(Equalize, UnknownNamesAreNamed) {
  converter::ConvertOptions options;
  EXPECT_TRUE(check_equalize_options(options).ok());
  options.equalize.weights = "sometimes";
  EXPECT_NE(check_equalize_options(options).message().find(
                "equalization 'sometimes': must be one of off, exact, relu"),
            std::string::npos);
  options.equalize.weights = "relu";
  EXPECT_TRUE(check_equalize_options(options).ok());
  options.ranges.cache = "cache.json";
  EXPECT_NE(check_equalize_options(options).message().find("calibration cache"), std::string::npos);
  options.equalize = {"off", "most"};
  EXPECT_NE(check_equalize_options(options).message().find("balancing 'most': must be one of"),
            std::string::npos);
}

}  // namespace
}  // namespace octet::testing
