// SPDX-License-Identifier: Apache-2.0
//
// Calibration as a file: the same bytes for any number of threads and any cut into shards, and only for its
// network.
#include <gtest/gtest.h>

#include <cmath>

#include "converter/statistics/cache.h"
#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "tests/converter/graph_runner.h"
#include "tests/testing/onnx_builder.h"

namespace octet::testing {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;

// Conv 3x3 -> Relu -> Conv 1x1 -> GlobalAveragePool -> Flatten -> Gemm.
OnnxBuilder small_network(uint32_t seed = 51) {
  Random random(seed);
  OnnxBuilder b(13);
  b.input("image", {1, 3, 8, 8});
  b.node("Conv",
         {"image", b.floats({6, 3, 3, 3}, random.reals({6, 3, 3, 3})), b.floats({6}, random.reals({6}))},
         {"a"}, {ints("pads", {1, 1, 1, 1})});
  b.node("Relu", {"a"}, {"b"});
  b.node("Conv", {"b", b.floats({4, 6, 1, 1}, random.reals({4, 6, 1, 1}))}, {"c"});
  b.node("GlobalAveragePool", {"c"}, {"d"});
  b.node("Flatten", {"d"}, {"e"});
  b.node("Gemm", {"e", b.floats({4, 4}, random.reals({4, 4}))}, {"y"});
  b.output("y");
  return b;
}

// Samples [first, last) of an endless row of random ones, whose magnitudes differ widely.
class Samples : public converter::SampleSource {
 public:
  Samples(size_t first, size_t last) : first_(first), last_(last), at_(first) {}
  size_t size() const override { return last_ - first_; }
  Status rewind() override {
    at_ = first_;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = at_ == last_;
    if (*done) return Status();
    Random random(static_cast<uint32_t>(100 + at_));
    const float scale = std::ldexp(1.0f, static_cast<int>(at_++ * 7 % 12) - 6);
    const std::vector<float> x = random.reals({3 * 8 * 8}, -scale, scale);
    (*inputs)[0].resize(x.size() * sizeof(float));
    std::memcpy((*inputs)[0].data(), x.data(), (*inputs)[0].size());
    return Status();
  }

 private:
  size_t first_, last_, at_;
};

class CalibrationCacheTest : public ::testing::Test {
 protected:
  void SetUp() override { small_network().save(folder_.file("net.onnx")); }

  std::string bytes(const std::string& name) const {
    std::ifstream file(folder_.file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  Status calibrate(const std::string& cache, size_t first, size_t last, size_t threads = 1) {
    Samples samples(first, last);
    ConvertOptions options;
    options.samples = &samples;
    options.threads = threads;
    ConvertReport report;
    return converter::calibrate_file(folder_.file("net.onnx"), folder_.file(cache), options, &report);
  }

  Status convert(ConvertOptions options, const std::string& name, ConvertReport* report) {
    options.repair.correct_bias = false;
    options.repair.round = "nearest";
    return converter::convert_file(folder_.file("net.onnx"), folder_.file(name), options, report);
  }

  Status merge(const std::vector<std::string>& names, const std::string& output) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(folder_.file(name));
    return converter::merge_calibration(paths, folder_.file(output));
  }

  TemporaryFolder folder_;
};

TEST_F(CalibrationCacheTest, AnyNumberOfThreadsWritesTheSameBytes) {
  ASSERT_TRUE(calibrate("1.json", 0, 37).ok());
  const std::string one = bytes("1.json");
  EXPECT_GT(one.size(), 1000u);
  for (const size_t threads : {2u, 3u, 8u, 64u}) {
    ASSERT_TRUE(calibrate("n.json", 0, 37, threads).ok());
    EXPECT_EQ(bytes("n.json"), one) << threads;
  }
}

TEST_F(CalibrationCacheTest, ShardsMergeToTheBytesOfOneRun) {
  ASSERT_TRUE(calibrate("whole.json", 0, 30).ok());
  ASSERT_TRUE(calibrate("a.json", 0, 4).ok());
  ASSERT_TRUE(calibrate("b.json", 4, 21).ok());
  ASSERT_TRUE(calibrate("c.json", 21, 30).ok());
  const Status merged = merge({"a.json", "b.json", "c.json"}, "abc.json");
  ASSERT_TRUE(merged.ok()) << merged.message();
  EXPECT_EQ(bytes("abc.json"), bytes("whole.json"));
  ASSERT_TRUE(merge({"b.json", "c.json"}, "bc.json").ok());
  ASSERT_TRUE(merge({"a.json", "bc.json"}, "a_bc.json").ok());
  EXPECT_EQ(bytes("a_bc.json"), bytes("whole.json"));
  ASSERT_TRUE(merge({"whole.json"}, "alone.json").ok());
  EXPECT_EQ(bytes("alone.json"), bytes("whole.json"));
}

TEST_F(CalibrationCacheTest, EveryMethodGivesTheModelThatTheSamplesGive) {
  ASSERT_TRUE(calibrate("cache.json", 0, 20, 2).ok());
  for (const char* method :
       {"minmax", "auto", "moving-average", "mse", "percentile", "entropy", "entropy-legacy"}) {
    SCOPED_TRACE(method);
    Samples samples(0, 20);
    ConvertOptions options;
    options.ranges.method = method;
    options.samples = &samples;
    ConvertReport report;
    ASSERT_TRUE(convert(options, "from_samples.octet", &report).ok());
    EXPECT_EQ(report.samples, 20u);
    options.ranges.cache = folder_.file("cache.json");
    const Status status = convert(options, "from_cache.octet", &report);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(report.samples, 20u);
    EXPECT_EQ(bytes("from_cache.octet"), bytes("from_samples.octet"));
  }
}

TEST_F(CalibrationCacheTest, WithoutSamplesItSaysWhatIsMissing) {
  ASSERT_TRUE(calibrate("cache.json", 0, 20).ok());
  ConvertOptions options;
  options.ranges.cache = folder_.file("cache.json");
  ConvertReport report;
  const Status status = convert(options, "net.octet", &report);
  ASSERT_TRUE(status.ok()) << status.message();
  std::string warnings;
  for (const std::string& warning : report.warnings) warnings += warning;
  EXPECT_NE(warnings.find("biases are not corrected"), std::string::npos) << warnings;
}

TEST_F(CalibrationCacheTest, AnotherNetworkOrPreprocessingIsRefused) {
  ASSERT_TRUE(calibrate("cache.json", 0, 5).ok());
  ConvertOptions options;
  options.ranges.cache = folder_.file("cache.json");
  options.preprocessing.present = true;
  options.preprocessing.mean = {127.5f};
  ConvertReport report;
  Status status = convert(options, "net.octet", &report);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("preprocessing 'none'"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("mean 127.5"), std::string::npos) << status.message();
  options.preprocessing = {};
  small_network(52).save(folder_.file("net.onnx"));
  status = convert(options, "net.octet", &report);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("network (sha256)"), std::string::npos) << status.message();
  ASSERT_TRUE(calibrate("other.json", 0, 5).ok());
  status = merge({"cache.json", "other.json"}, "merged.json");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("cache.json"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("other.json"), std::string::npos) << status.message();
}

TEST_F(CalibrationCacheTest, FixedRangesNeedAName) {
  Samples samples(0, 20);
  ConvertOptions options;
  options.samples = &samples;
  ConvertReport report;
  ASSERT_TRUE(convert(options, "free.octet", &report).ok());
  options.ranges.fixed["image"] = {-8, 8};
  ASSERT_TRUE(convert(options, "fixed.octet", &report).ok());
  EXPECT_NE(bytes("free.octet"), bytes("fixed.octet"));
  options.ranges.fixed = {{"nobody", {0, 1}}};
  Status status = convert(options, "fixed.octet", &report);
  EXPECT_NE(status.message().find("'nobody'"), std::string::npos) << status.message();
  options.ranges.fixed = {{"image", {1, 1}}};
  status = convert(options, "fixed.octet", &report);
  EXPECT_NE(status.message().find("[1, 1]"), std::string::npos) << status.message();
}

TEST_F(CalibrationCacheTest, DamagedFilesAreErrorsThatNameThem) {
  ASSERT_TRUE(calibrate("cache.json", 0, 3).ok());
  const std::string whole = bytes("cache.json");
  const auto read = [&](const std::string& text) {
    std::ofstream(folder_.file("bad.json"), std::ios::binary) << text;
    converter::CalibrationCache cache;
    return converter::read_cache(folder_.file("bad.json"), &cache);
  };
  EXPECT_TRUE(read(whole).ok());
  std::vector<std::string> damaged = {"", "{}", "[]", "{\"format\":\"other\"}",
                                      whole.substr(0, whole.size() / 2)};
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"counts\":[", "\"counts\":[-1,"},
                                 {"\"exponent\":", "\"exponent\":9"},
                                 {"\"min\":", "\"min\":1e99"},
                                 {"\"channels\":[", "\"channels\":[[2,1],"}}) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    damaged.push_back(text);
  }
  for (const std::string& text : damaged) {
    const Status status = read(text);
    EXPECT_FALSE(status.ok()) << text.substr(0, 200);
    EXPECT_NE(status.message().find("bad.json"), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace octet::testing
