// SPDX-License-Identifier: Apache-2.0
//
// A classifier built to be hard: the channels of its depthwise layer differ by a factor of up to 1000, and
// the layer behind it takes the factors back. In float it is as good as without them. With one scale for all
// weights of a layer and nothing done about it, most channels round to nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "octet_converter/converter.h"
#include "runtime/session.h"
#include "tests/testing/onnx_builder.h"
#include "tests/testing/random.h"

namespace octet::testing {
namespace {

constexpr size_t kSide = 12, kPixels = 3 * kSide * kSide, kClasses = 10, kFeatures = 32;
constexpr int64_t kChannels = 24;
constexpr size_t kTraining = 600, kTest = 1000, kCalibration = 50;
constexpr double kSpread = 1000;

double normal(Random* random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random->f32(0, 1));
  return sum;
}

// Class patterns under noise; image i is of class i % kClasses.
std::vector<float> image(size_t index) {
  Random pattern(1000 + index % kClasses), noise(77777 + index);
  std::vector<float> data(kPixels);
  for (float& x : data) x = static_cast<float>(normal(&pattern));
  for (float& x : data) x = static_cast<float>(0.55 * static_cast<double>(x) + 1.0 * normal(&noise));
  return data;
}

class Images : public converter::SampleSource {
 public:
  size_t size() const override { return kCalibration; }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == kCalibration;
    if (*done) return Status();
    const std::vector<float> data = image(next_++);
    (*inputs)[0].resize(data.size() * 4);
    std::memcpy((*inputs)[0].data(), data.data(), data.size() * 4);
    return Status();
  }

 private:
  size_t next_ = 0;
};

std::vector<float> weights(size_t count, double deviation, uint64_t seed) {
  Random random(seed);
  std::vector<float> data(count);
  for (float& w : data) w = static_cast<float>(deviation * normal(&random));
  return data;
}

// The network up to its pooled features, or with a classifier over them.
void build(const std::string& path, const std::vector<float>& classifier, const std::vector<float>& bias) {
  const auto c = static_cast<size_t>(kChannels);
  OnnxBuilder b(13);
  b.input("x", {1, 3, kSide, kSide});
  std::vector<float> depthwise = weights(c * 9, 0.4, 2), pointwise = weights(kFeatures * c, 0.3, 3);
  for (size_t channel = 0; channel < c; ++channel) {
    const double factor = std::pow(kSpread, static_cast<double>(channel) / static_cast<double>(c - 1));
    for (size_t i = 0; i < 9; ++i) depthwise[channel * 9 + i] *= static_cast<float>(factor);
    for (size_t o = 0; o < kFeatures; ++o) pointwise[o * c + channel] /= static_cast<float>(factor);
  }
  b.node("Conv", {"x", b.floats({kChannels, 3, 3, 3}, weights(c * 27, 0.3, 1))}, {"a"},
         {ints("pads", {1, 1, 1, 1})});
  b.node("Relu", {"a"}, {"ar"});
  b.node("Conv", {"ar", b.floats({kChannels, 1, 3, 3}, depthwise)}, {"d"},
         {ints("pads", {1, 1, 1, 1}), integer("group", kChannels)});
  b.node("Relu", {"d"}, {"dr"});
  b.node("Conv", {"dr", b.floats({kFeatures, kChannels, 1, 1}, pointwise)}, {"p"});
  b.node("Relu", {"p"}, {"pr"});
  b.node("AveragePool", {"pr"}, {"q"},
         {ints("kernel_shape", {kSide / 4, kSide / 4}), ints("strides", {kSide / 4, kSide / 4})});
  b.node("Flatten", {"q"}, {"f"});
  if (!classifier.empty())
    b.node("Gemm",
           {"f", b.floats({static_cast<int64_t>(classifier.size() / kClasses), kClasses}, classifier),
            b.floats({kClasses}, bias)},
           {"y"});
  b.output(classifier.empty() ? "f" : "y");
  b.save(path);
}

class Runner {
 public:
  void open(const std::string& path) {
    ASSERT_TRUE(Model::load_file(path.c_str(), &model_).ok());
    ASSERT_TRUE(Session::create(*model_, SessionOptions(), &session_).ok());
  }
  std::vector<float> run(size_t index) {
    const std::vector<float> data = image(index);
    EXPECT_TRUE(session_->set_input(0, data.data(), data.size() * 4).ok());
    session_->run();
    std::vector<float> result(session_->output(0).shape.elements());
    EXPECT_TRUE(session_->get_output(0, result.data(), result.size() * 4).ok());
    return result;
  }
  // Percent of the test images.
  double top1() {
    size_t right = 0;
    for (size_t i = 0; i < kTest; ++i) {
      const std::vector<float> scores = run(kTraining + i);
      const auto best = static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
      right += best == (kTraining + i) % kClasses;
    }
    return 100.0 * static_cast<double>(right) / static_cast<double>(kTest);
  }

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
};

// Solves (A + ridge) X = B by elimination; A [n][n] is positive, B [n][kClasses].
void solve(std::vector<double>* a, std::vector<double>* b, size_t n) {
  for (size_t i = 0; i < n; ++i)
    for (size_t row = 0; row < n; ++row) {
      if (row == i) continue;
      const double factor = (*a)[row * n + i] / (*a)[i * n + i];
      for (size_t k = i; k < n; ++k) (*a)[row * n + k] -= factor * (*a)[i * n + k];
      for (size_t k = 0; k < kClasses; ++k) (*b)[row * kClasses + k] -= factor * (*b)[i * kClasses + k];
    }
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < kClasses; ++k) (*b)[i * kClasses + k] /= (*a)[i * n + i];
}

class HardNetwork : public ::testing::Test {
 protected:
  // Trains the classifier by least squares on the float features.
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    build(folder_->file("features.onnx"), {}, {});
    Runner runner;
    convert(folder_->file("features.onnx"), float_options());
    runner.open(folder_->file("model.octet"));
    const size_t n = runner.run(0).size() + 1;
    std::vector<double> a(n * n, 0), b(n * kClasses, 0);
    for (size_t i = 0; i < kTraining; ++i) {
      std::vector<float> features = runner.run(i);
      features.push_back(1);
      for (size_t j = 0; j < n; ++j) {
        for (size_t k = 0; k < n; ++k)
          a[j * n + k] += static_cast<double>(features[j]) * static_cast<double>(features[k]);
        b[j * kClasses + i % kClasses] += static_cast<double>(features[j]);
      }
    }
    double trace = 0;
    for (size_t j = 0; j < n; ++j) trace += a[j * n + j];
    for (size_t j = 0; j < n; ++j) a[j * n + j] += 1e-3 * trace / static_cast<double>(n);
    solve(&a, &b, n);
    const auto end = b.end() - static_cast<ptrdiff_t>(kClasses);
    build(folder_->file("net.onnx"), std::vector<float>(b.begin(), end), std::vector<float>(end, b.end()));
    float_top1_ = top1(float_options());
    std::printf("  float: top-1 %.1f%%\n", float_top1_);
  }
  static void TearDownTestSuite() { delete folder_; }

  static converter::ConvertOptions float_options() {
    converter::ConvertOptions options;
    options.precision = converter::Precision::kFp32;
    return options;
  }
  static void convert(const std::string& path, converter::ConvertOptions options) {
    Images images;
    if (options.precision == converter::Precision::kInt8) options.samples = &images;
    converter::ConvertReport report;
    const Status status = converter::convert_file(path, folder_->file("model.octet"), options, &report);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  static double top1(const converter::ConvertOptions& options) {
    convert(folder_->file("net.onnx"), options);
    Runner runner;
    runner.open(folder_->file("model.octet"));
    return runner.top1();
  }

  static TemporaryFolder* folder_;
  static double float_top1_;
};

TemporaryFolder* HardNetwork::folder_ = nullptr;
double HardNetwork::float_top1_ = 0;

converter::ConvertOptions plain_per_tensor() {
  converter::ConvertOptions options;
  options.ranges.method = "minmax";
  options.ranges.form.per_tensor_weights = true;
  options.repair.round = "nearest";
  options.repair.correct_bias = false;
  return options;
}

TEST_F(HardNetwork, IsUselessWithMinMaxAndOneScaleForALayer) {
  const double score = top1(plain_per_tensor());
  std::printf("  min-max, per tensor: top-1 %.1f%%\n", score);
  EXPECT_GT(float_top1_, 90);
  EXPECT_LT(score, float_top1_ - 40);
}

TEST_F(HardNetwork, IsWithinAPointOfFloatByDefault) {
  const double score = top1(converter::ConvertOptions());
  std::printf("  defaults: top-1 %.1f%%\n", score);
  EXPECT_GE(score, float_top1_ - 1);
}

TEST_F(HardNetwork, IsWithinAPointOfFloatWithOneScaleForALayerAndEqualization) {
  converter::ConvertOptions options;
  options.ranges.form.per_tensor_weights = true;
  options.equalize.weights = "exact";
  const double score = top1(options);
  std::printf("  per tensor, equalized: top-1 %.1f%%\n", score);
  EXPECT_GE(score, float_top1_ - 1);
}

}  // namespace
}  // namespace octet::testing
