// SPDX-License-Identifier: Apache-2.0
//
// Every shared float network converted to INT8 with samples of its own calibration list, against the
// outputs that onnxruntime gave for the float network: output SQNR printed and bounded.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "octet_converter/converter.h"
#include "runtime/session.h"
#include "tests/testing/test_data.h"
#include "tools/input/array_file.h"
#include "tools/input/sample.h"

namespace octet::testing {
namespace {

constexpr size_t kSamples = 24;
constexpr int kDataSets = 3;

// The first kSamples of a calibration source.
class FileSamples : public converter::SampleSource {
 public:
  FileSamples(std::vector<std::string> paths, tools::InputSpec spec)
      : paths_(std::move(paths)), spec_(std::move(spec)) {
    const size_t step = std::max<size_t>(paths_.size() / kSamples, 1);
    std::vector<std::string> some;
    for (size_t i = 0; i < paths_.size() && some.size() < kSamples; i += step) some.push_back(paths_[i]);
    paths_ = some;
  }
  size_t size() const override { return paths_.size(); }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == paths_.size();
    if (*done) return Status();
    tools::InputData data;
    OCTET_RETURN_IF_ERROR(tools::read_input(paths_[next_++], spec_, &data));
    tools::declared_bytes(spec_, data, &(*inputs)[0]);
    return Status();
  }

 private:
  std::vector<std::string> paths_;
  tools::InputSpec spec_;
  size_t next_ = 0;
};

struct Network {
  std::string name;
  nlohmann::json facts;
};

std::vector<Network> float_networks() {
  std::vector<Network> networks;
  std::ifstream file(test_data_path("models/manifest.json"));
  const auto manifest = nlohmann::json::parse(file, nullptr, false);
  if (!manifest.is_discarded())
    for (const auto& entry : manifest["models"])
      if (!entry.contains("quantized")) {
        const std::string path = entry["file"];
        networks.push_back({path.substr(7, path.size() - 12), entry});
      }
  if (networks.empty()) networks.push_back({"no_shared_data", {}});
  return networks;
}

tools::ImageRecipe recipe_of(const nlohmann::json& facts) {
  tools::ImageRecipe recipe;
  recipe.bgr = facts.value("color", "") == "BGR";
  recipe.mean = facts.value("mean", std::vector<float>());
  recipe.std = facts.value("std", std::vector<float>());
  if (facts.contains("resize") && facts["resize"].is_number()) recipe.shorter_side = facts["resize"];
  if (facts.contains("crop")) recipe.crop_width = recipe.crop_height = facts["crop"];
  return recipe;
}

struct Noise {
  double signal = 0, noise = 1e-30;
  void add(const std::vector<float>& actual, const float* expected) {
    for (size_t i = 0; i < actual.size(); ++i) {
      signal += static_cast<double>(expected[i]) * expected[i];
      noise += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    }
  }
  double db() const { return 10 * std::log10(signal / noise); }
};

class Int8Networks : public ::testing::TestWithParam<Network> {};

TEST_P(Int8Networks, OutputsFollowTheFloatNetwork) {
  const Network& network = GetParam();
  if (network.name == "no_shared_data") GTEST_SKIP() << "no shared networks: set OCTET_TEST_DATA";
  const std::string path = test_data_path("models/" + network.name + ".onnx");
  converter::ConvertOptions options;
  std::vector<converter::InputInfo> inputs;
  bool quantized = true;
  ASSERT_TRUE(converter::read_onnx_inputs(path, options, &inputs, &quantized).ok());
  ASSERT_EQ(inputs.size(), 1u);
  ASSERT_FALSE(quantized);
  tools::InputSpec spec;
  spec.name = inputs[0].name;
  spec.shape = inputs[0].shape;
  for (int64_t& dim : spec.shape) dim = dim < 0 ? 1 : dim;
  spec.recipe = recipe_of(network.facts);
  options.shapes[spec.name] = spec.shape;
  std::vector<std::string> paths;
  ASSERT_TRUE(
      tools::list_samples(test_data_path("data/" + network.facts["calibration"].get<std::string>()), &paths)
          .ok());
  FileSamples samples(paths, spec);
  options.samples = &samples;
  char output[] = "/tmp/octet_int8_XXXXXX";
  ::close(::mkstemp(output));
  converter::ConvertReport report;
  const Status converted = converter::convert_file(path, output, options, &report);
  ASSERT_TRUE(converted.ok()) << converted.message();
  std::unique_ptr<Model> model;
  const Status loaded = Model::load_file(output, &model);
  ::unlink(output);
  ASSERT_TRUE(loaded.ok()) << loaded.message();
  // Ultraface's boxes are computed around an Exp, by 20 light operators that stay in float for their
  // accuracy.
  const size_t least = network.name == "ultraface_rfb_320" ? 2 : 9;
  EXPECT_GT(report.int8_operators, least * report.float_operators);
  for (const converter::LayerReport& layer : report.layers) {
    if (layer.precision == "f32") {
      EXPECT_FALSE(layer.reason.empty()) << layer.name;
      EXPECT_TRUE(layer.type != "Conv2D" && layer.type != "FullyConnected") << layer.name;
    }
  }
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(*model, SessionOptions(), &session).ok());
  std::vector<Noise> outputs(model->root().outputs()->size());
  for (int set = 0; set < kDataSets; ++set) {
    const std::string folder =
        test_data_path("models/reference/" + network.name) + "/test_data_set_" + std::to_string(set);
    tools::Array array;
    if (!tools::read_tensor_proto(folder + "/input_0.pb", &array).ok()) break;
    ASSERT_TRUE(session->set_input(0, array.bytes.data(), array.bytes.size()).ok());
    session->run();
    for (size_t i = 0; i < outputs.size(); ++i) {
      ASSERT_TRUE(tools::read_tensor_proto(folder + "/output_" + std::to_string(i) + ".pb", &array).ok());
      std::vector<float> actual(array.bytes.size() / 4);
      ASSERT_TRUE(session->get_output(i, actual.data(), array.bytes.size()).ok());
      outputs[i].add(actual, reinterpret_cast<const float*>(array.bytes.data()));
    }
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::printf("  %-34s output %zu: SQNR %.1f dB\n", network.name.c_str(), i, outputs[i].db());
    EXPECT_GT(outputs[i].db(), 18) << "output " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Int8Networks, ::testing::ValuesIn(float_networks()),
                         [](const ::testing::TestParamInfo<Network>& info) { return info.param.name; });

}  // namespace
}  // namespace octet::testing
