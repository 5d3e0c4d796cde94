// SPDX-License-Identifier: Apache-2.0
//
// Budgets on networks where what is bad is known: which activation or layer is promoted, that the same comes
// out with any number of threads, the bound on the drop, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "converter/budget/held_out.h"
#include "converter/budget/paired_bound.h"
#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/onnx_builder.h"
#include "tests/testing/random.h"

namespace octet::testing {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;
using converter::PairedCounts;

constexpr size_t kElements = 4 * 6 * 6;

std::vector<float> reals(Random* random, size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = random->f32(low, high);
  return values;
}

class Samples : public converter::SampleSource {
 public:
  explicit Samples(size_t count, uint64_t seed = 100) : count_(count), seed_(seed) {}
  size_t size() const override { return count_; }
  Status rewind() override {
    at_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = at_ == count_;
    if (*done) return Status();
    const std::vector<float> x = sample(at_++);
    (*inputs)[0].resize(kElements * sizeof(float));
    std::memcpy((*inputs)[0].data(), x.data(), (*inputs)[0].size());
    return Status();
  }
  std::vector<float> sample(size_t index) const {
    Random random(seed_ + index);
    std::vector<float> x = reals(&random, kElements, -0.5f, 0.5f);
    for (size_t channel = 0; channel < 4; ++channel) {
      const float level = random.f32(-1.5f, 1.5f);  // so that samples differ in more than noise
      for (size_t i = 0; i < 36; ++i) x[channel * 36 + i] += level;
    }
    return x;
  }

 private:
  size_t count_, at_ = 0;
  uint64_t seed_;
};

// Five 1x1 convolutions of 8 channels, then the mean of each. bad_activation: a channel of 'b' is 2000 times
// as large as the others, and little of it is used. bad_weights: in the layer that writes 'c', every output
// has one weight 3000 times as large as the others, on an input that is always 0.
enum class Bad { kNothing, kActivation, kWeights };

OnnxBuilder network(Bad bad) {
  Random random(7);
  OnnxBuilder b(13);
  b.input("x", {1, 4, 6, 6});
  const char* names[] = {"a", "b", "c", "d", "e"};
  std::string before = "x";
  int64_t inputs = 4;
  for (int layer = 0; layer < 5; ++layer) {
    std::vector<float> weights = reals(&random, static_cast<size_t>(8 * inputs), -0.5f, 0.5f);
    std::vector<float> bias = reals(&random, 8, -0.2f, 0.2f);
    for (int64_t i = 0; i < 8 * inputs; ++i) {
      float& weight = weights[static_cast<size_t>(i)];
      const bool from_first = i % inputs == 0, to_first = i < inputs;
      if (bad == Bad::kActivation && layer == 1 && to_first) weight *= 2000;
      if (bad == Bad::kActivation && layer == 2 && from_first) weight /= 2000;
      if (bad == Bad::kWeights && layer == 1 && to_first) weight = 0;
      if (bad == Bad::kWeights && layer == 2 && from_first) weight = 1500;
    }
    if (bad == Bad::kWeights && layer == 1) bias[0] = -1;
    const std::string name = names[layer], convolved = name + "_conv";
    b.node("Conv", {before, b.floats({8, inputs, 1, 1}, weights), b.floats({8}, bias)}, {convolved})
        .set_name(name + "_layer");
    b.node("Relu", {convolved}, {name});
    before = name;
    inputs = 8;
  }
  b.node("GlobalAveragePool", {"e"}, {"pooled"});
  b.node("Flatten", {"pooled"}, {"y"});
  b.output("y");
  return b;
}

class Budget : public ::testing::Test {
 protected:
  Budget() {
    options_.samples = &samples_;
    options_.equalize.activations = "off";  // it would repair what is bad here without any promotion
  }

  Status convert(Bad bad) {
    network(bad).save(folder_.file("net.onnx"));
    return converter::convert_file(folder_.file("net.onnx"), folder_.file("net.octet"), options_, &report_);
  }
  std::string bytes() const {
    std::ifstream file(folder_.file("net.octet"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void expect_refused(Bad bad, const std::string& part) {
    const Status status = convert(bad);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
    EXPECT_TRUE(bytes().empty());
  }
  // The answers of the converted file.
  std::vector<std::vector<float>> answers(const Samples& samples) {
    std::unique_ptr<Model> model;
    std::unique_ptr<Session> session;
    EXPECT_TRUE(Model::load_file(folder_.file("net.octet").c_str(), &model).ok());
    EXPECT_TRUE(Session::create(*model, SessionOptions(), &session).ok());
    std::vector<std::vector<float>> result;
    for (size_t i = 0; i < samples.size(); ++i) {
      const std::vector<float> x = samples.sample(i);
      EXPECT_TRUE(session->set_input(0, x.data(), x.size() * sizeof(float)).ok());
      session->run();
      result.emplace_back(8);
      EXPECT_TRUE(session->get_output(0, result.back().data(), 8 * sizeof(float)).ok());
    }
    return result;
  }

  TemporaryFolder folder_;
  Samples samples_{40};
  ConvertOptions options_;
  ConvertReport report_;
};

double sqnr_db(const std::vector<std::vector<float>>& y, const std::vector<std::vector<float>>& q) {
  double signal = 0, noise = 0;
  for (size_t s = 0; s < y.size(); ++s)
    for (size_t i = 0; i < y[s].size(); ++i) {
      signal += static_cast<double>(y[s][i]) * y[s][i];
      noise += std::pow(static_cast<double>(q[s][i]) - y[s][i], 2);
    }
  return 10 * std::log10(signal / noise);
}

TEST_F(Budget, NothingIsPromotedWhereItHoldsAnyway) {
  options_.budget.min_sqnr_db = 20;
  const Status status = convert(Bad::kNothing);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(report_.budget.int16.empty());
  EXPECT_TRUE(report_.budget.keep_float.empty());
  EXPECT_GE(report_.budget.sqnr_db, 20);
  EXPECT_EQ(report_.budget.samples, 10u) << "every fourth of 40";
  EXPECT_EQ(report_.samples, 30u) << "the others calibrate";
  EXPECT_EQ(report_.budget.measured_on, "10 samples (every fourth calibration sample, held out)");
}

TEST_F(Budget, BadActivationGets16Bits) {
  options_.budget.min_sqnr_db = 20;
  const Status status = convert(Bad::kActivation);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_LT(report_.budget.sqnr_int8_db, 20);
  ASSERT_EQ(report_.budget.int16, std::vector<std::string>{"b"}) << report_.budget.lines[0];
  EXPECT_TRUE(report_.budget.keep_float.empty());
  EXPECT_EQ(report_.budget.sensitivity.front().name, "b");
  EXPECT_EQ(report_.budget.sensitivity.front().promotion, "int16");
  EXPECT_GT(report_.budget.sensitivity.front().share, 0.9);
}

TEST_F(Budget, WhatIsSaidToStayIn8BitsIsNotPromoted) {
  options_.budget.min_sqnr_db = 25;
  options_.precision_options.int8 = {"b"};
  expect_refused(Bad::kActivation, "min-sqnr 25 dB: does not hold");
}

TEST_F(Budget, LayerWithBadWeightsIsKeptInFloat) {
  options_.budget.min_sqnr_db = 25;
  const Status status = convert(Bad::kWeights);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_LT(report_.budget.sqnr_int8_db, 25);
  EXPECT_EQ(report_.budget.keep_float, std::vector<std::string>{"c_layer"});
  EXPECT_TRUE(report_.budget.int16.empty());
  EXPECT_EQ(report_.budget.sensitivity.front().name, "c_layer");
  EXPECT_TRUE(report_.budget.sensitivity.front().weights);
  EXPECT_GT(report_.budget.model_ms, 0);
  const auto layer = std::find_if(report_.layers.begin(), report_.layers.end(), [](const auto& l) {
    return l.reason.find("min-sqnr 25") != std::string::npos;
  });
  ASSERT_NE(layer, report_.layers.end()) << "the layer says why it is in float";
  EXPECT_EQ(layer->precision, "f32");
}

TEST_F(Budget, HoldsOnSamplesThatItNeverSaw) {
  const Samples others(60, 9000);
  options_.precision = converter::Precision::kFp32;
  ASSERT_TRUE(convert(Bad::kWeights).ok());
  const auto y = answers(others);
  options_.precision = converter::Precision::kInt8;
  options_.budget.min_sqnr_db = 25;
  ASSERT_TRUE(convert(Bad::kWeights).ok());
  EXPECT_GE(sqnr_db(y, answers(others)), 25 - 3 * report_.budget.sqnr_error_db);
}

TEST_F(Budget, TheSameBytesWithAnyNumberOfThreads) {
  options_.budget.min_sqnr_db = 25;
  ASSERT_TRUE(convert(Bad::kWeights).ok());
  const std::string first = bytes();
  for (const size_t threads : {3}) {
    options_.threads = threads;
    ASSERT_TRUE(convert(Bad::kWeights).ok());
    EXPECT_TRUE(bytes() == first) << threads;
  }
}

TEST_F(Budget, ValidationSamplesLeaveAllOthersForCalibration) {
  Samples validation(12, 500);
  options_.budget.validation = &validation;
  options_.budget.min_sqnr_db = 20;
  ASSERT_TRUE(convert(Bad::kNothing).ok());
  EXPECT_EQ(report_.samples, 40u);
  EXPECT_EQ(report_.budget.samples, 12u);
}

std::vector<int> best_of(const std::vector<std::vector<float>>& answers) {
  std::vector<int> labels;
  for (const std::vector<float>& y : answers)
    labels.push_back(static_cast<int>(std::max_element(y.begin(), y.end()) - y.begin()));
  return labels;
}

TEST_F(Budget, DropHoldsOnOtherSamples) {
  Samples validation(700, 500);
  const Samples others(700, 9000);
  for (const Bad bad : {Bad::kNothing, Bad::kWeights}) {
    options_.budget = {};
    options_.precision = converter::Precision::kFp32;
    ASSERT_TRUE(convert(bad).ok());
    options_.budget.labels = best_of(answers(validation));  // float is always right
    const std::vector<int> truth = best_of(answers(others));
    ASSERT_GE(std::set<int>(truth.begin(), truth.end()).size(), 2u);
    options_.precision = converter::Precision::kInt8;
    options_.budget.validation = &validation;
    options_.budget.max_drop = 3;
    const Status status = convert(bad);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(report_.budget.labelled, 700u);
    EXPECT_EQ(report_.budget.gained, 0u);
    EXPECT_LE(report_.budget.drop, report_.budget.drop_bound);
    EXPECT_LE(report_.budget.drop_bound, 3);
    EXPECT_EQ(report_.budget.keep_float.empty(), bad == Bad::kNothing);
    const std::vector<int> seen = best_of(answers(others));
    size_t lost = 0;
    for (size_t i = 0; i < seen.size(); ++i) lost += seen[i] != truth[i];
    EXPECT_LE(static_cast<double>(lost), 0.03 * 700);
  }
}

TEST_F(Budget, TooFewLabelledSamplesPromiseNothing) {
  Samples validation(50, 500);
  options_.budget.validation = &validation;
  options_.budget.labels.assign(50, 1);
  options_.budget.max_drop = 0.5;
  expect_refused(Bad::kNothing, "50 labelled samples to measure on; at least 610 are needed");
  options_.budget.labels.assign(50, 8);
  expect_refused(Bad::kNothing, "class 8; the network's first output has 8");
  options_.budget.labels.assign(49, 1);
  expect_refused(Bad::kNothing, "49 labels for 50 samples");
}

TEST_F(Budget, WhatHoldsInFloatOnlyIsRefused) {
  options_.budget.min_sqnr_db = 130;
  expect_refused(Bad::kNothing, "holds only with every layer in float");
}

TEST_F(Budget, OptionsThatMakeNoSenseAreRefused) {
  options_.budget.min_sqnr_db = 20;
  options_.budget.max_drop = 1;
  expect_refused(Bad::kNothing, "one of them can be asked for");
  options_.budget.max_drop.reset();
  options_.budget.min_sqnr_db = -1;
  expect_refused(Bad::kNothing, "min-sqnr -1: must be above 0");
  options_.budget.min_sqnr_db.reset();
  options_.budget.max_drop = 1;
  expect_refused(Bad::kNothing, "max-drop 1: needs labels");
  options_.budget.labels.assign(40, 0);
  options_.budget.confidence = 1;
  expect_refused(Bad::kNothing, "confidence 1: must be at least 0.5");
  Samples few(7);
  options_.budget = {};
  options_.budget.min_sqnr_db = 20;
  options_.samples = &few;
  expect_refused(Bad::kNothing, "7 calibration samples; at least 8");
}

TEST_F(Budget, NodesAreKeptInFloatByHand) {
  options_.precision_options.keep_float = {"b_layer", "d"};  // by name, and by what it writes
  const Status status = convert(Bad::kNothing);
  ASSERT_TRUE(status.ok()) << status.message();
  size_t in_float = 0;
  for (const auto& layer : report_.layers)
    in_float += layer.precision == "f32" && layer.reason == "asked for";
  EXPECT_EQ(in_float, 2u);
}

TEST_F(Budget, UnknownNamesAreRefused) {
  options_.precision_options.keep_float = {"nowhere"};
  expect_refused(Bad::kNothing, "keep 'nowhere' in float: no operator has this name");
  options_.precision_options.keep_float.clear();
  options_.ranges.weights_per_tensor["Relu_2"] = true;
  expect_refused(Bad::kNothing, "weights of 'Relu_2'");
  options_.ranges.weights_per_tensor.clear();
  options_.ranges.methods["nothing"] = "mse";
  expect_refused(Bad::kNothing, "range method of 'nothing'");
  options_.ranges.methods = {{"b", "guess"}};
  expect_refused(Bad::kNothing, "'guess' is unknown");
}

TEST_F(Budget, OneWeightScaleForOneLayer) {
  options_.ranges.weights_per_tensor["b_layer"] = true;
  ASSERT_TRUE(convert(Bad::kNothing).ok());
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_file(folder_.file("net.octet").c_str(), &model).ok());
  size_t single = 0, layers = 0;
  for (const schema::Tensor* tensor : *model->root().tensors()) {
    const auto* scales = tensor->channel_scales();
    if (scales == nullptr || scales->size() != 8 || tensor->type() != schema::TensorType_S8) continue;
    ++layers;
    single += std::all_of(scales->begin(), scales->end(), [&](float s) { return s == scales->Get(0); });
  }
  EXPECT_EQ(layers, 5u);
  EXPECT_EQ(single, 1u);
}

TEST(PairedBound, WithoutAnyDifferenceItIsClosedForm) {
  const double z = converter::normal_quantile(0.95);
  EXPECT_NEAR(z, 1.6448536, 1e-6);
  EXPECT_NEAR(converter::drop_bound({900, 0, 0}, 0.95), z * z / (900 + z * z), 1e-12);
  EXPECT_DOUBLE_EQ(converter::drop_bound({0, 0, 0}, 0.95), 1);
}

TEST(PairedBound, GrowsWithWhatIsLostAndWithConfidence) {
  EXPECT_NEAR(converter::drop_bound({900, 9, 3}, 0.5), 6.0 / 900, 1e-9) << "as measured";
  double before = 0;
  for (size_t lost = 3; lost < 20; ++lost) {
    const double bound = converter::drop_bound({900, lost, 3}, 0.95);
    EXPECT_GT(bound, before);
    EXPECT_GT(bound, (static_cast<double>(lost) - 3) / 900);
    before = bound;
  }
  EXPECT_GT(converter::drop_bound({900, 5, 3}, 0.99), converter::drop_bound({900, 5, 3}, 0.95));
}

// Of many sets of samples from a network whose drop is d, about 5% have a bound below d.
TEST(PairedBound, CoversTheTruth) {
  for (const double d : {0.0, 0.005, 0.02}) {
    constexpr int kSets = 4000, kSamples = 600;
    Random random(3);
    int missed = 0;
    for (int set = 0; set < kSets; ++set) {
      PairedCounts counts;
      counts.samples = kSamples;
      for (int i = 0; i < kSamples; ++i) {
        const double u = random.f32(0, 1);
        counts.lost += u < d + 0.01;
        counts.gained += u > 0.99;
      }
      missed += converter::drop_bound(counts, 0.95) < d;
    }
    EXPECT_LT(missed, kSets * 7 / 100) << d;
    EXPECT_GE(missed, kSets * 2 / 100 * (d > 0)) << d;
  }
}

TEST(PairedBound, SamplesNeeded) {
  const size_t needed = converter::samples_needed(0.005, 0.95);
  EXPECT_LE(converter::drop_bound({needed, 0, 0}, 0.95), 0.005);
  EXPECT_GT(converter::drop_bound({needed - 1, 0, 0}, 0.95), 0.005);
}

TEST(PartOfSamples, TheTwoPartsAreAllSamples) {
  Samples all(10);
  converter::PartOfSamples kept(&all, 4, false), held_out(&all, 4, true);
  EXPECT_EQ(kept.size(), 8u);
  EXPECT_EQ(held_out.size(), 2u);
  for (auto* part : {&kept, &held_out}) {
    size_t count = 0;
    bool done = false;
    std::vector<std::vector<uint8_t>> inputs(1);
    ASSERT_TRUE(part->rewind().ok());
    while (part->next(&inputs, &done).ok() && !done) {
      const size_t index = part == &kept ? count + count / 3 : 4 * count + 3;
      const std::vector<float> expected = all.sample(index);
      EXPECT_EQ(std::memcmp(inputs[0].data(), expected.data(), inputs[0].size()), 0) << index;
      ++count;
    }
    EXPECT_EQ(count, part->size());
  }
}

}  // namespace
}  // namespace octet::testing
