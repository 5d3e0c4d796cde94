// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "converter/data_free/study.h"
#include "converter/data_free/synthetic_samples.h"
#include "converter/repair/channel_statistics.h"
#include "quantize_graph.h"
#include "tests/testing/onnx_builder.h"
#include "tests/testing/random.h"

namespace octet::converter {
namespace {

constexpr uint64_t kSeed = 3;

std::vector<float> random(size_t count, float low, float high, uint64_t seed) {
  testing::Random random(seed);
  std::vector<float> data(count);
  for (float& x : data) x = random.f32(low, high);
  return data;
}

ConvertOptions image_options() {
  ConvertOptions options;
  options.data_free.enabled = true;
  options.preprocessing.present = true;
  options.preprocessing.mean = {120, 110, 100};
  options.preprocessing.std = {50, 60, 70};
  return options;
}

// Image -> Conv with known channels and ReLU6 -> Conv 1x1 -> AveragePool.
struct Network : QuantizeGraph {
  ValueId x, a, b;
  const ChannelStatistics known = {{1, -2, 5, 0.5}, {2, 1, 4, 0}};

  // The inputs deviate by about 1; so `known` is true of the first layer if its weights are the deviations.
  explicit Network(float made_up = 1) {
    x = input("x", {1, 16, 16, 3}, {});
    const std::vector<int64_t> one = {1, 1};
    std::vector<float> weights(12, 0);
    for (size_t c = 0; c < 4; ++c) weights[c * 3 + c % 3] = made_up * static_cast<float>(known.deviation[c]);
    a = node("Conv", "a", {x, constant("aw", {4, 1, 1, 3}, weights)}, {1, 16, 16, 4}, {},
             {{"kernel_shape", one}, {"activation_min", 0.0f}, {"activation_max", 6.0f}});
    keep_channel_statistics(known, find("a"));
    b = node("Conv", "b", {a, constant("bw", {5, 1, 1, 4}, random(20, -1, 1, kSeed + 1))}, {1, 16, 16, 5}, {},
             {{"kernel_shape", one}});
    output(node("AveragePool", "p", {b}, {1, 1, 1, 5}, {},
                {{"kernel_shape", std::vector<int64_t>{16, 16}}, {"strides", one}}));
    ranges.clear();
  }
};

TEST(SyntheticSamples, LookLikePhotographsAndComeFromTheSeed) {
  Network network;
  const ConvertOptions options = image_options();
  SyntheticSamples samples(network.graph, options, 4), again(network.graph, options, 4);
  std::vector<std::vector<uint8_t>> one(1), two(1), first;
  double total = 0, squares = 0, steps = 0, count = 0;
  for (bool done = false;;) {
    ASSERT_TRUE(samples.next(&one, &done).ok());
    if (done) break;
    ASSERT_TRUE(again.next(&two, &done).ok());
    EXPECT_EQ(one, two);
    EXPECT_NE(one, first);
    first = one;
    ASSERT_EQ(one[0].size(), 16u * 16 * 3 * 4);
    const auto* data = reinterpret_cast<const float*>(one[0].data());
    for (size_t i = 0; i < 16 * 16; ++i) {
      const double pixel = static_cast<double>(data[3 * i] * 50 + 120);
      EXPECT_NEAR(pixel, std::clamp(std::nearbyint(pixel), 0.0, 255.0), 1e-3);
      if (i % 16 > 0) steps += std::pow(pixel - static_cast<double>(data[3 * i - 3] * 50 + 120), 2);
      total += pixel;
      squares += pixel * pixel;
      ++count;
    }
  }
  const double mean = total / count, variance = squares / count - mean * mean;
  EXPECT_NEAR(mean, 125, 50);
  EXPECT_GT(variance, 20 * 20);
  EXPECT_LT(steps / count, variance);  // neighbours are alike
  EXPECT_FLOAT_EQ(range_of_input(network.graph, 0, options).min, -2.4f);
  EXPECT_FLOAT_EQ(range_of_input(network.graph, 0, options).max, 2.7f);
}

TEST(Study, TakesWhatNormalizationSaysAndCarriesItOn) {
  Network network;
  Study study;
  const Status status = study_without_samples(network.graph, image_options(), &study, &network.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_FLOAT_EQ(study.ranges.at(network.x).max, 2.7f);
  EXPECT_EQ(study.ranges.at(network.a).min, 0);
  EXPECT_EQ(study.ranges.at(network.a).max, 6);
  std::vector<double> expected;
  for (size_t c = 0; c < 4; ++c) {
    double mean = network.known.mean[c], deviation = network.known.deviation[c];
    clip_normal(0, 6, &mean, &deviation);
    expected.push_back(mean);
    EXPECT_DOUBLE_EQ(study.means.at(network.a)[c], mean);
  }
  // The layer behind it: linear in means that are nearly those (the synthetic values are not quite normal).
  const float* w = network.graph.value(network.find("b")->inputs[1]).constant->as<float>();
  for (size_t o = 0; o < 5; ++o) {
    double mean = 0;
    for (size_t c = 0; c < 4; ++c) mean += static_cast<double>(w[o * 4 + c]) * expected[c];
    EXPECT_NEAR(study.means.at(network.b)[o], mean, 0.5) << o;
  }
  EXPECT_LT(study.ranges.at(network.b).min, study.ranges.at(network.b).max);
}

TEST(Study, DoesNotBelieveNormalizationsThatDoNotFitTheWeights) {
  Network network(30);
  Study study;
  ASSERT_TRUE(study_without_samples(network.graph, image_options(), &study, &network.diagnostics).ok());
  size_t warnings = 0;
  for (const Diagnostic& item : network.diagnostics.items())
    warnings += item.message.find("does not fit its weights") != std::string::npos;
  EXPECT_EQ(warnings, 1u);
  double mean = network.known.mean[0], deviation = network.known.deviation[0];
  clip_normal(0, 6, &mean, &deviation);
  EXPECT_NE(study.means.at(network.a)[0], mean);
}

TEST(Study, CorrectsBiasesByTheMeansOfTheInputs) {
  Network network;
  Study study;
  ASSERT_TRUE(study_without_samples(network.graph, image_options(), &study, &network.diagnostics).ok());
  network.ranges = study.ranges;
  const Graph reference = network.graph.clone();
  ASSERT_TRUE(network.quantize_all().ok());
  const auto bias_of = [&](size_t o) {
    const Node& b = *network.find("b");
    const double scale = static_cast<double>(network.quantization(b.inputs[0]).scale) *
                         network.quantization(b.inputs[1]).channel_scales[o];
    return b.inputs.size() < 3 ? 0 : scale * network.graph.value(b.inputs[2]).constant->as<int32_t>()[o];
  };
  std::vector<double> before;
  for (size_t o = 0; o < 5; ++o) before.push_back(bias_of(o));
  const Status status = correct_means(reference, study, &network.graph, &network.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const Node& b = *network.find("b");
  const Value& q = network.graph.value(b.inputs[1]);
  const float* w = reference.value(reference.producer(network.b)->inputs[1]).constant->as<float>();
  double moved = 0;
  for (size_t o = 0; o < 5; ++o) {
    double shift = 0;
    const double scale = q.quantization.channel_scales[o];
    for (size_t c = 0; c < 4; ++c)
      shift += (scale * q.constant->as<int8_t>()[o * 4 + c] - w[o * 4 + c]) * study.means.at(network.a)[c];
    EXPECT_NEAR(bias_of(o) - before[o], -shift, 0.51 * scale * network.quantization(b.inputs[0]).scale);
    moved += std::fabs(shift);
  }
  EXPECT_GT(moved, 0);
}

TEST(Study, UnknownInputsAreTakenForNormalWithAWarning) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 4, 4, 8}, {});
  g.output(g.conv("c", x, 8, {}));
  Study study;
  ConvertOptions options;
  ASSERT_TRUE(study_without_samples(g.graph, options, &study, &g.diagnostics).ok());
  EXPECT_EQ(study.ranges.at(x).max, 4);
  size_t warnings = 0;
  for (const Diagnostic& item : g.diagnostics.items()) warnings += item.severity == Severity::kWarning;
  EXPECT_EQ(warnings, 2u);  // the input's range; and no normalization anywhere
  options.ranges.fixed["x"] = {-1, 3};
  ASSERT_TRUE(study_without_samples(g.graph, options, &study, &g.diagnostics).ok());
  EXPECT_EQ(study.ranges.at(x).min, -1);
  EXPECT_EQ(study.ranges.at(x).max, 3);
}

std::string converted(const std::string& path, const ConvertOptions& options, Status* status) {
  const std::string output = path + ".octet";
  ConvertReport report;
  *status = convert_file(path, output, options, &report);
  std::ifstream file(output, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(DataFree, ConvertsWithoutSamplesToTheSameBytes) {
  testing::TemporaryFolder folder;
  testing::OnnxBuilder b(13);
  b.input("x", {1, 3, 16, 16});
  b.node("Conv", {"x", b.floats({8, 3, 3, 3}, random(216, -1, 1, 7))}, {"a"});
  b.node("BatchNormalization",
         {"a", b.floats({8}, random(8, 0.5f, 2, 8)), b.floats({8}, random(8, -1, 1, 9)),
          b.floats({8}, random(8, -1, 1, 10)), b.floats({8}, random(8, 1, 2, 11))},
         {"n"});
  b.node("Relu", {"n"}, {"r"});
  b.node("Conv", {"r", b.floats({4, 8, 1, 1}, random(32, -1, 1, 12))}, {"y"});
  b.output("y");
  b.save(folder.file("net.onnx"));
  ConvertOptions options = image_options();
  Status status;
  const std::string one = converted(folder.file("net.onnx"), options, &status);
  ASSERT_TRUE(status.ok()) << status.message();
  options.threads = 3;
  EXPECT_EQ(converted(folder.file("net.onnx"), options, &status), one);
  options.repair.correct_bias = false;
  EXPECT_NE(converted(folder.file("net.onnx"), options, &status), one);
  Network network;
  SyntheticSamples samples(network.graph, options, 4);
  options.samples = &samples;
  converted(folder.file("net.onnx"), options, &status);
  EXPECT_NE(status.message().find("data-free conversion takes neither samples nor a cache"),
            std::string::npos);
}

}  // namespace
}  // namespace octet::converter
