// SPDX-License-Identifier: Apache-2.0
//
// The API of octet_converter/converter.h on networks made in memory: what it reports, what it refuses,
// and that nothing is left behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/converter/graph_runner.h"
#include "tests/testing/onnx_builder.h"

namespace octet::testing {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;
using converter::Precision;

// Conv 3x3 -> Relu -> GlobalAveragePool -> Flatten -> Gemm.
OnnxBuilder small_network() {
  Random random(51);
  OnnxBuilder b(13);
  b.input("image", {-1, 3, 8, 8});
  b.node("Conv",
         {"image", b.floats({6, 3, 3, 3}, random.reals({6, 3, 3, 3})), b.floats({6}, random.reals({6}))},
         {"a"}, {ints("pads", {1, 1, 1, 1})});
  b.node("Relu", {"a"}, {"b"});
  b.node("GlobalAveragePool", {"b"}, {"c"});
  b.node("Flatten", {"c"}, {"d"});
  b.node("Gemm", {"d", b.floats({6, 4}, random.reals({6, 4}))}, {"y"});
  b.output("y");
  return b;
}

// Random samples; one of them, counted from 1, holds a NaN.
class RandomSamples : public converter::SampleSource {
 public:
  RandomSamples(size_t count, size_t elements, size_t bad = 0)
      : count_(count), elements_(elements), bad_(bad) {}
  size_t size() const override { return count_; }
  Status rewind() override {
    at_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = at_ == count_;
    if (*done) return Status();
    Random random(static_cast<uint32_t>(100 + at_++));
    std::vector<float> x = random.reals({static_cast<int64_t>(elements_)}, -2, 2);
    if (at_ == bad_) x[elements_ / 2] = std::numeric_limits<float>::quiet_NaN();
    (*inputs)[0].resize(elements_ * sizeof(float));
    std::memcpy((*inputs)[0].data(), x.data(), (*inputs)[0].size());
    return Status();
  }

 private:
  size_t count_, elements_, bad_, at_ = 0;
};

class ConvertFile : public ::testing::Test {
 protected:
  Status convert(const OnnxBuilder& network, ConvertOptions options, ConvertReport* report) {
    network.save(folder_.file("net.onnx"));
    if (options.shapes.empty()) options.shapes["image"] = {1, 3, 8, 8};
    return converter::convert_file(folder_.file("net.onnx"), folder_.file("net.octet"), options, report);
  }
  bool output_exists() const { return std::filesystem::exists(folder_.file("net.octet")); }
  std::string output_bytes() const {
    std::ifstream file(folder_.file("net.octet"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::vector<float> run(const std::vector<uint8_t>& sample, size_t outputs) {
    std::unique_ptr<Model> model;
    std::unique_ptr<Session> session;
    Status status = Model::load_file(folder_.file("net.octet").c_str(), &model);
    if (status.ok()) status = Session::create(*model, SessionOptions(), &session);
    if (status.ok()) status = session->set_input(0, sample.data(), sample.size());
    EXPECT_TRUE(status.ok()) << status.message();
    std::vector<float> y(outputs);
    if (!status.ok()) return y;
    session->run();
    EXPECT_TRUE(session->get_output(0, y.data(), y.size() * sizeof(float)).ok());
    return y;
  }
  TemporaryFolder folder_;
};

std::vector<uint8_t> one_sample(size_t elements) {
  RandomSamples samples(1, elements);
  std::vector<std::vector<uint8_t>> inputs(1);
  bool done = false;
  EXPECT_TRUE(samples.next(&inputs, &done).ok());
  return inputs[0];
}

TEST_F(ConvertFile, Int8IsCloseToFp32AndReported) {
  ConvertReport report;
  ConvertOptions options;
  options.precision = Precision::kFp32;
  Status status = convert(small_network(), options, &report);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(report.int8_operators, 0u);
  const std::vector<float> real = run(one_sample(192), 4);
  RandomSamples samples(20, 192);
  options.precision = Precision::kInt8;
  options.samples = &samples;
  status = convert(small_network(), options, &report);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(report.float_operators, 0u);
  EXPECT_EQ(report.layers.size(), report.int8_operators);
  EXPECT_EQ(report.samples, 20u);
  EXPECT_EQ(report.macs, 64u * 6 * 27 + 24);
  EXPECT_EQ(report.model_bytes, output_bytes().size());
  EXPECT_GT(report.arena_bytes, 0u);
  EXPECT_GT(report.source_bytes, 0u);
  EXPECT_GT(report.minimum_headroom_bits, 5);
  const bool shows_graph = std::any_of(report.details.begin(), report.details.end(), [](const std::string& line) {
    return line.find("FullyConnected '") != std::string::npos;
  });
  EXPECT_TRUE(shows_graph) << "--verbose prints the graph that is lowered";
  const std::vector<float> quantized = run(one_sample(192), 4);
  float largest = 0;
  for (float y : real) largest = std::max(largest, std::fabs(y));
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(quantized[i], real[i], 0.05f * largest) << i;
}

TEST_F(ConvertFile, TheSameInputGivesTheSameBytes) {
  RandomSamples samples(12, 192);
  ConvertOptions options;
  options.samples = &samples;
  ConvertReport report;
  ASSERT_TRUE(convert(small_network(), options, &report).ok());
  const std::string first = output_bytes();
  ASSERT_TRUE(convert(small_network(), options, &report).ok());
  EXPECT_TRUE(output_bytes() == first);
}

TEST_F(ConvertFile, Int8WithoutSamplesIsRefused) {
  ConvertReport report;
  const Status status = convert(small_network(), ConvertOptions(), &report);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("needs calibration data: pass --calibration"), std::string::npos)
      << status.message();
  EXPECT_FALSE(output_exists());
}

TEST_F(ConvertFile, NanInASampleNamesItsNumberAndInput) {
  RandomSamples samples(5, 192, 3);
  ConvertOptions options;
  options.samples = &samples;
  ConvertReport report;
  const Status status = convert(small_network(), options, &report);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("sample 3"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("'image'"), std::string::npos) << status.message();
  EXPECT_FALSE(output_exists());
}

TEST_F(ConvertFile, SampleOfTheWrongSizeIsRefused) {
  RandomSamples samples(5, 191);
  ConvertOptions options;
  options.samples = &samples;
  ConvertReport report;
  EXPECT_EQ(convert(small_network(), options, &report).code(), StatusCode::kInvalidArgument);
}

TEST_F(ConvertFile, UnwritableOutputNamesPathAndReason) {
  small_network().save(folder_.file("net.onnx"));
  ConvertOptions options;
  options.precision = Precision::kFp32;
  options.shapes["image"] = {1, 3, 8, 8};
  ConvertReport report;
  const Status status =
      converter::convert_file(folder_.file("net.onnx"), folder_.file("absent/net.octet"), options, &report);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("absent/net.octet"), std::string::npos) << status.message();
}

TEST_F(ConvertFile, MissingFileIsRefused) {
  ConvertReport report;
  const Status status = converter::convert_file(folder_.file("nothing.onnx"), folder_.file("net.octet"),
                                                ConvertOptions(), &report);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("nothing.onnx"), std::string::npos) << status.message();
  EXPECT_FALSE(output_exists());
}

// Nothing between input and output, an output that is a constant, and an input that nobody reads.
TEST_F(ConvertFile, GraphsThatComputeNothing) {
  OnnxBuilder b(13);
  b.input("image", {1, 3, 2, 2});
  b.input("unused", {5});
  b.node("Identity", {"image"}, {"y"});
  b.node("Constant", {}, {"z"}, {tensor("value", float_tensor({2}, {3, 4}))});
  b.output("y");
  b.output("z");
  ConvertOptions options;
  options.precision = Precision::kFp32;
  options.shapes["image"] = {1, 3, 2, 2};
  ConvertReport report;
  const Status status = convert(b, options, &report);
  ASSERT_TRUE(status.ok()) << status.message();
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Model::load_file(folder_.file("net.octet").c_str(), &model).ok());
  ASSERT_TRUE(Session::create(*model, SessionOptions(), &session).ok());
  const std::vector<uint8_t> sample = one_sample(12);
  ASSERT_TRUE(session->set_input(0, sample.data(), sample.size()).ok());
  session->run();
  std::vector<uint8_t> y(sample.size());
  ASSERT_TRUE(session->get_output(0, y.data(), y.size()).ok());
  EXPECT_EQ(y, sample);
  std::vector<float> z(2);
  ASSERT_TRUE(session->get_output(1, z.data(), 8).ok());
  EXPECT_EQ(z, (std::vector<float>{3, 4}));
}

TEST_F(ConvertFile, ReadInputsSaysShapeTypeAndWhetherItIsAnImage) {
  small_network().save(folder_.file("net.onnx"));
  ConvertOptions options;
  std::vector<converter::InputInfo> inputs;
  bool quantized = true;
  ASSERT_TRUE(converter::read_onnx_inputs(folder_.file("net.onnx"), options, &inputs, &quantized).ok());
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(inputs[0].name, "image");
  EXPECT_EQ(inputs[0].type, "f32");
  EXPECT_EQ(inputs[0].shape, (std::vector<int64_t>{-1, 3, 8, 8}));
  EXPECT_TRUE(inputs[0].image);
  EXPECT_FALSE(inputs[0].channels_last);
  EXPECT_FALSE(quantized);
  options.shapes["image"] = {2, 8, 8, 3};
  ASSERT_TRUE(converter::read_onnx_inputs(folder_.file("net.onnx"), options, &inputs, &quantized).ok());
  EXPECT_EQ(inputs[0].shape, (std::vector<int64_t>{2, 8, 8, 3}));
  EXPECT_TRUE(inputs[0].channels_last);
}

// QuantizeLinear -> DequantizeLinear around a Relu: in fp32 the values are still rounded.
TEST_F(ConvertFile, Fp32OfAQuantizedNetworkRounds) {
  OnnxBuilder b(13);
  b.input("image", {1, 4});
  const std::string scale = b.scalar(0.5f);
  const std::string zero = b.initializer(raw_tensor(TensorProto::INT8, {}, std::vector<int8_t>{3}));
  b.node("QuantizeLinear", {"image", scale, zero}, {"q"});
  b.node("DequantizeLinear", {"q", scale, zero}, {"x"});
  b.node("Relu", {"x"}, {"r"});
  b.node("QuantizeLinear", {"r", scale, zero}, {"s"});
  b.node("DequantizeLinear", {"s", scale, zero}, {"y"});
  b.output("y");
  for (Precision precision : {Precision::kFp32, Precision::kInt8}) {
    ConvertOptions options;
    options.precision = precision;
    options.shapes["image"] = {1, 4};
    ConvertReport report;
    const Status status = convert(b, options, &report);
    ASSERT_TRUE(status.ok()) << status.message();
    const std::vector<float> x = {-3, 0.3f, 1.1f, 1000};
    std::vector<uint8_t> bytes(16);
    std::memcpy(bytes.data(), x.data(), 16);
    EXPECT_EQ(run(bytes, 4), (std::vector<float>{0, 0.5f, 1, 62}));
  }
}

}  // namespace
}  // namespace octet::testing
