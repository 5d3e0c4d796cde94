// SPDX-License-Identifier: Apache-2.0
//
// s8 operators with windows or borders, lowered and run, against double math on dequantized values.
#include <algorithm>
#include <cmath>

#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr TensorType kS32 = schema::TensorType_S32;

// 3x3 depthwise with a border, one scale per channel.
TEST(LowerS8Spatial, DepthwiseConv) {
  Random random(22);
  const Quantization in = quantization(0.05f, -128), out = quantization(0.04f, 3);
  const std::vector<float> scales = {0.01f, 0.004f, 0.02f, 0.0005f};
  const std::vector<int8_t> x = random.s8({5, 5, 4}), w = random.s8({4, 3, 3, 1}, -127, 127);
  GraphRunner r;
  const ValueId weights = r.constant(kS8, {4, 3, 3, 1}, w, per_channel(scales));
  Node& node = r.node("Conv", {r.input(kS8, {1, 5, 5, 4}, in), weights}, {r.output(kS8, {1, 5, 5, 4}, out)});
  set_ints(&node, "pads", {1, 1, 1, 1});
  node.attributes["group"] = int64_t{4};
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> expected;
  for (int oy = 0; oy < 5; ++oy)
    for (int ox = 0; ox < 5; ++ox)
      for (size_t c = 0; c < 4; ++c) {
        double acc = 0;
        for (int ky = 0; ky < 3; ++ky)
          for (int kx = 0; kx < 3; ++kx) {
            const int iy = oy + ky - 1, ix = ox + kx - 1;
            if (iy < 0 || ix < 0 || iy > 4 || ix > 4) continue;
            acc += (x[static_cast<size_t>(iy * 5 + ix) * 4 + c] + 128.0) *
                   w[c * 9 + static_cast<size_t>(ky * 3 + kx)];
          }
        expected.push_back(acc * in.scale * scales[c]);
      }
  expect_one_step(r.get<int8_t>(0), expected, out);
}

// Two groups, stride 2, one row and column cut at the end; every input pixel adds its weights to the output.
TEST(LowerS8Spatial, GroupedConvTranspose) {
  Random random(28);
  const Quantization in = quantization(0.05f, -11), out = quantization(0.06f, 20);
  const std::vector<float> scales = {0.01f, 0.002f, 0.015f, 0.006f};
  const size_t h = 3, w = 4, oh = 6, ow = 8, k = 3;
  const std::vector<int8_t> x = random.s8({3, 4, 6}), weights = random.s8({4, 3, 3, 3}, -127, 127);
  const std::vector<int32_t> bias = {500, -3000, 0, 77};
  std::vector<float> bias_scales;
  for (float scale : scales) bias_scales.push_back(scale * in.scale);
  GraphRunner r;
  const ValueId wid = r.constant(kS8, {4, 3, 3, 3}, weights, per_channel(scales));
  const ValueId bid = r.constant(kS32, {4}, bias, per_channel(bias_scales));
  Node& node =
      r.node("ConvTranspose", {r.input(kS8, {1, 3, 4, 6}, in), wid, bid}, {r.output(kS8, {1, 6, 8, 4}, out)});
  set_ints(&node, "strides", {2, 2});
  set_ints(&node, "pads", {0, 0, 1, 1});
  node.attributes["group"] = int64_t{2};
  ASSERT_TRUE(r.prepare());
  EXPECT_EQ(r.op(0).macs(), 3u * 4 * 9 * 3 * 4);
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> acc(oh * ow * 4);
  for (size_t i = 0; i < acc.size(); ++i) acc[i] = bias[i % 4];
  for (size_t pixel = 0; pixel < h * w; ++pixel)
    for (size_t tap = 0; tap < k * k; ++tap) {
      const size_t oy = pixel / w * 2 + tap / k, ox = pixel % w * 2 + tap % k;
      if (oy >= oh || ox >= ow) continue;
      for (size_t o = 0; o < 4; ++o)
        for (size_t c = 0; c < 3; ++c)  // channels of the group o / 2
          acc[(oy * ow + ox) * 4 + o] += (x[pixel * 6 + o / 2 * 3 + c] - in.zero_point) *
                                         static_cast<double>(weights[(o * k * k + tap) * 3 + c]);
    }
  for (size_t i = 0; i < acc.size(); ++i) acc[i] *= static_cast<double>(in.scale) * scales[i % 4];
  expect_one_step(r.get<int8_t>(0), acc, out);
}

TEST(LowerS8Spatial, AveragePoolListsTheWindowsThatOccur) {
  Random random(25);
  const Quantization in = quantization(0.05f, -128), out = quantization(0.04f, -100);
  const std::vector<int8_t> x = random.s8({1, 5, 4, 2});
  GraphRunner r;
  Node& node = r.node("AveragePool", {r.input(kS8, {1, 5, 4, 2}, in)}, {r.output(kS8, {1, 3, 2, 2}, out)});
  set_ints(&node, "kernel_shape", {3, 3});
  set_ints(&node, "strides", {2, 2});
  set_ints(&node, "pads", {1, 1, 1, 0});
  ASSERT_TRUE(r.prepare());
  const auto* counts = r.op(0).options_as_Pool2DOptions()->counts();
  EXPECT_EQ(std::vector<int>(counts->begin(), counts->end()), (std::vector<int>{4, 6, 9}));
  r.set<int8_t>(0, x);
  r.run();
  std::vector<double> expected;
  for (int oy = 0; oy < 3; ++oy)
    for (int ox = 0; ox < 2; ++ox)
      for (int c = 0; c < 2; ++c) {
        double sum = 0, count = 0;
        for (int iy = std::max(0, oy * 2 - 1); iy < std::min(5, oy * 2 + 2); ++iy)
          for (int ix = std::max(0, ox * 2 - 1); ix < std::min(4, ox * 2 + 2); ++ix)
            sum += dequantized(x[static_cast<size_t>((iy * 4 + ix) * 2 + c)], in), count += 1;
        expected.push_back(sum / count);
      }
  expect_one_step(r.get<int8_t>(0), expected, out);
}

// The value between real numbers goes to the nearest step; data movement needs one quantization.
TEST(LowerS8Spatial, PadWithARealValue) {
  const Quantization q = quantization(0.1f, 4);
  GraphRunner r;
  Node& node = r.node("Pad", {r.input(kS8, {2}, q)}, {r.output(kS8, {5}, q)});
  set_ints(&node, "pads", {1, 2});
  node.attributes["value"] = -1.04f;
  ASSERT_TRUE(r.prepare());
  r.set<int8_t>(0, {7, -8});
  r.run();
  EXPECT_EQ(r.get<int8_t>(0), (std::vector<int8_t>{-6, 7, -8, -6, -6}));
}

TEST(LowerS8Spatial, MaxPoolNeedsOneQuantization) {
  for (bool same : {true, false}) {
    const Quantization q = quantization(0.1f, 4);
    GraphRunner r;
    Node& node = r.node("MaxPool", {r.input(kS8, {1, 2, 2, 1}, q)},
                        {r.output(kS8, {1, 1, 1, 1}, same ? q : quantization(0.2f, 4))});
    set_ints(&node, "kernel_shape", {2, 2});
    if (!same) {
      EXPECT_EQ(r.lower().code(), StatusCode::kInternal);
      continue;
    }
    ASSERT_TRUE(r.prepare());
    r.set<int8_t>(0, {-7, 3, -128, 2});
    r.run();
    EXPECT_EQ(r.get<int8_t>(0), (std::vector<int8_t>{3}));
  }
}

}  // namespace
}  // namespace octet::testing
