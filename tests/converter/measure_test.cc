// SPDX-License-Identifier: Apache-2.0
//
// What measure() says of a small network, against the same numbers computed by plain loops.
#include "converter/measure/measure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "converter/measure/model_facts.h"
#include "quantize_graph.h"
#include "runtime/session.h"
#include "tests/testing/random.h"

namespace octet::converter {
namespace {

constexpr int64_t kPixels = 36, kChannels = 4;
constexpr size_t kElements = kPixels * kChannels, kSamples = 5;

class RandomSamples : public SampleSource {
 public:
  size_t size() const override { return kSamples; }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == kSamples;
    if (*done) return Status();
    const std::vector<float> data = sample(next_++);
    (*inputs)[0].resize(kElements * 4);
    std::memcpy((*inputs)[0].data(), data.data(), kElements * 4);
    return Status();
  }
  static std::vector<float> sample(size_t index) {
    testing::Random random(100 + index);
    std::vector<float> data(kElements);
    for (float& x : data) x = random.f32(-1.0f, 1.0f);
    return data;
  }

 private:
  size_t next_ = 0;
};

// x -> first (Conv 1x1, ReLU, a range that clips) -> second (Conv 1x1, HardSwish as its table) -> third (Conv
// 1x1).
struct Network : QuantizeGraph {
  ValueId x, first, second, swish, third;
  std::vector<float> weights;
  Graph reference;
  LoweredModel lowered;
  std::unique_ptr<Model> model;
  RandomSamples samples;
  ConvertOptions options;
  ConvertReport report;

  Network() {
    testing::Random random(7);
    for (int64_t i = 0; i < kChannels * kChannels; ++i) weights.push_back(random.f32(-1.0f, 1.0f));
    x = input("x", {1, 6, 6, kChannels}, {-1, 1});
    first = layer("first", x, {-0.1f, 1.0f}, {{"activation_min", 0.0f}});
    second = layer("second", first, {-3, 3}, {});
    swish = node("HardSwish", "swish", {second}, {1, 6, 6, kChannels}, {-0.4f, 3});
    third = layer("third", swish, {-6, 6}, {});
    output(third);
    reference = graph.clone();
    options.samples = &samples;
    options.report = {8, true};
  }

  ValueId layer(const std::string& name, ValueId from, Range range,
                std::map<std::string, Attribute> attributes) {
    attributes["kernel_shape"] = std::vector<int64_t>{1, 1};
    return node("Conv", name, {from, constant(name + "/w", {kChannels, 1, 1, kChannels}, weights)},
                {1, 6, 6, kChannels}, range, attributes);
  }

  void convert_and_measure() {
    Status status = quantize_all();
    if (status.ok()) status = finish_model(graph, LowerOptions(), {}, &lowered, &diagnostics);
    if (status.ok()) status = Model::load_memory(lowered.data(), lowered.bytes, &model);
    ASSERT_TRUE(status.ok()) << status.message();
    fill_facts(*model, lowered, &report);
    status = measure({reference, graph, lowered, *model}, options, &report);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  const TensorReport& tensor(const std::string& name) const {
    for (const TensorReport& tensor : report.tensors)
      if (tensor.name == name) return tensor;
    ADD_FAILURE() << name;
    return report.tensors.front();
  }
  const LayerReport& layer_report(const std::string& name) const {
    for (const LayerReport& layer : report.layers)
      if (layer.name == name) return layer;
    ADD_FAILURE() << name;
    return report.layers.front();
  }

  // A 1x1 convolution, float arithmetic in double.
  std::vector<double> convolve(const std::vector<double>& from) const {
    std::vector<double> to(kElements, 0);
    for (size_t p = 0; p < kElements; p += kChannels)
      for (size_t o = 0; o < kChannels; ++o)
        for (size_t i = 0; i < kChannels; ++i)
          to[p + o] += static_cast<double>(weights[o * kChannels + i]) * from[p + i];
    return to;
  }

  // The converted model's value of `id` on one sample, as real numbers.
  std::vector<double> converted(ValueId id, size_t sample) const {
    SessionOptions session_options;
    session_options.keep_all_tensors = true;
    std::unique_ptr<Session> session;
    EXPECT_TRUE(Session::create(*model, session_options, &session).ok());
    EXPECT_TRUE(session->set_input(0, RandomSamples::sample(sample).data(), kElements * 4).ok());
    session->run();
    const Tensor& tensor =
        session->tensor(static_cast<size_t>(lowered.value_to_tensor[static_cast<size_t>(id)]));
    std::vector<double> values;
    for (size_t i = 0; i < kElements; ++i)
      values.push_back(tensor.is_f32() ? static_cast<double>(tensor.as<float>()[i])
                                       : static_cast<double>(tensor.scale) *
                                             (tensor.as<int8_t>()[i] - tensor.zero_point));
    return values;
  }
};

std::vector<double> widen(const std::vector<float>& values) { return {values.begin(), values.end()}; }
double relu(double x) { return std::max(x, 0.0); }
double hard_swish(double x) { return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0); }
std::vector<double> map(std::vector<double> values, double (*function)(double)) {
  for (double& x : values) x = function(x);
  return values;
}

struct Sums {
  double signal = 0, noise = 0, product = 0, energy = 0;
  void add(const std::vector<double>& x, const std::vector<double>& q) {
    for (size_t i = 0; i < x.size(); ++i) {
      signal += x[i] * x[i];
      noise += (x[i] - q[i]) * (x[i] - q[i]);
      product += x[i] * q[i];
      energy += q[i] * q[i];
    }
  }
  void expect(const std::optional<ErrorReport>& error) const {
    ASSERT_TRUE(error.has_value());
    EXPECT_NEAR(error->sqnr_db, 10 * std::log10(signal / noise), 1e-3);
    EXPECT_NEAR(error->cosine, product / std::sqrt(signal * energy), 1e-7);
  }
};

TEST(Measure, AccumulatedErrorIsAgainstFloat) {
  Network n;
  n.convert_and_measure();
  ASSERT_EQ(n.report.measured.samples, kSamples);
  Sums first, swish, third;
  for (size_t s = 0; s < kSamples; ++s) {
    const std::vector<double> a = map(n.convolve(widen(RandomSamples::sample(s))), relu);
    const std::vector<double> b = map(n.convolve(a), hard_swish);
    first.add(a, n.converted(n.first, s));
    swish.add(b, n.converted(n.swish, s));
    third.add(n.convolve(b), n.converted(n.third, s));
  }
  first.expect(n.tensor("first").error);
  swish.expect(n.tensor("swish").error);
  third.expect(n.tensor("third").error);
  ASSERT_EQ(n.report.measured.outputs.size(), 1u);
  third.expect(n.report.measured.outputs[0].error);
  EXPECT_FALSE(n.report.measured.same_top1.has_value()) << "a map of pixels is no vector of classes";
}

TEST(Measure, OwnErrorIsAgainstFloatOnTheSameInputs) {
  Network n;
  n.convert_and_measure();
  Sums second, third;  // the second with the HardSwish that became its table
  for (size_t s = 0; s < kSamples; ++s) {
    second.add(map(n.convolve(n.converted(n.first, s)), hard_swish), n.converted(n.swish, s));
    third.add(n.convolve(n.converted(n.swish, s)), n.converted(n.third, s));
  }
  second.expect(n.layer_report("second").own_error);
  third.expect(n.layer_report("third").own_error);
  EXPECT_GT(n.layer_report("second").own_error->sqnr_db, n.tensor("swish").error->sqnr_db)
      << "what the first layer clips is not the second one's";
}

TEST(Measure, ClippingZerosAndHistogram) {
  Network n;
  n.convert_and_measure();
  const TensorReport& first = n.tensor("first");
  ASSERT_TRUE(first.seen.has_value());
  size_t zeros = 0, clipped = 0;
  double largest = 0;
  for (size_t s = 0; s < kSamples; ++s)
    for (const double x : map(n.convolve(widen(RandomSamples::sample(s))), relu)) {
      zeros += x == 0;
      clipped += x > first.range_max + first.scale / 2 || x < first.range_min - first.scale / 2;
      largest = std::max(largest, x);
    }
  const double all = kSamples * kElements;
  EXPECT_GT(clipped, 10u);
  EXPECT_NEAR(first.range_max, 1.0, 0.01);
  EXPECT_DOUBLE_EQ(first.seen->clipped, static_cast<double>(clipped) / all);
  EXPECT_DOUBLE_EQ(first.seen->zeros, static_cast<double>(zeros) / all);
  EXPECT_NEAR(first.seen->max, largest, 1e-5);
  EXPECT_EQ(first.seen->min, 0);
  const HistogramReport& histogram = first.seen->histogram;
  uint64_t counted = zeros, beyond = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    counted += histogram.counts[i];
    if (histogram.first + static_cast<double>(i) * histogram.width > first.range_max + first.scale / 2)
      beyond += histogram.counts[i];
  }
  EXPECT_EQ(counted, kSamples * kElements);
  EXPECT_LE(histogram.counts.size(), 96u);
  EXPECT_LE(beyond, clipped);
  EXPECT_GE(histogram.first + histogram.width * static_cast<double>(histogram.counts.size()), largest - 1e-5);
}

TEST(Measure, FactsOfALayer) {
  Network n;
  n.convert_and_measure();
  const LayerReport& first = n.layer_report("first");
  EXPECT_EQ(first.type, "Conv2D");
  EXPECT_EQ(first.precision, "s8");
  EXPECT_EQ(first.macs, static_cast<uint64_t>(kPixels * kChannels * kChannels));
  ASSERT_TRUE(first.weight_scale_spread.has_value());
  double least = INFINITY, most = 0;
  for (size_t o = 0; o < kChannels; ++o) {
    double scale = 0;
    for (size_t i = 0; i < kChannels; ++i)
      scale = std::max(scale, std::fabs(static_cast<double>(n.weights[o * kChannels + i])));
    least = std::min(least, scale);
    most = std::max(most, scale);
  }
  EXPECT_NEAR(*first.weight_scale_spread, most / least, 1e-4);
  ASSERT_TRUE(first.headroom_bits.has_value());
  EXPECT_GE(*first.headroom_bits, n.report.minimum_headroom_bits);
  ASSERT_EQ(first.outputs.size(), 1u);
  EXPECT_EQ(n.report.tensors[first.outputs[0]].name, "first");
  EXPECT_TRUE(n.tensor("x").input);
  EXPECT_TRUE(n.tensor("third").output);
}

TEST(Measure, DoesNotDependOnThreads) {
  Network one, three;
  three.options.threads = 3;
  one.convert_and_measure();
  three.convert_and_measure();
  ASSERT_EQ(one.report.tensors.size(), three.report.tensors.size());
  for (size_t i = 0; i < one.report.tensors.size(); ++i) {
    const TensorReport &a = one.report.tensors[i], &b = three.report.tensors[i];
    ASSERT_EQ(a.error.has_value(), b.error.has_value());
    if (!a.error) continue;
    EXPECT_EQ(a.error->sqnr_db, b.error->sqnr_db);
    EXPECT_EQ(a.error->cosine, b.error->cosine);
    EXPECT_EQ(a.seen->histogram.counts, b.seen->histogram.counts);
  }
}

TEST(Measure, BoundariesChangeTheirInput) {
  Network n;  // an operator without an INT8 form behind: Dequantize in front of it, no error of its own
  const ValueId exp = n.node("Exp", "exp", {n.third}, {1, 6, 6, kChannels}, {0, 400});
  n.graph.outputs.clear();
  n.output(exp);
  n.output(n.swish);
  n.reference = n.graph.clone();
  n.convert_and_measure();
  for (const LayerReport& layer : n.report.layers) {
    ASSERT_TRUE(layer.own_error.has_value()) << layer.name;
    if (layer.precision == "f32" && layer.type != "Dequantize") {
      EXPECT_GT(layer.own_error->sqnr_db, 100) << layer.name;
    }
  }
}

TEST(Measure, NothingWithoutSamples) {
  Network n;
  n.options.samples = nullptr;
  n.convert_and_measure();
  EXPECT_EQ(n.report.measured.samples, 0u);
  EXPECT_FALSE(n.tensor("first").error.has_value());
}

}  // namespace
}  // namespace octet::converter
