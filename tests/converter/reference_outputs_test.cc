// SPDX-License-Identifier: Apache-2.0
//
// Every shared network, converted, against the outputs that onnxruntime gave (test_data_set_K):
// in fp32 equal up to the order of sums; a network that is quantized already, in INT8, up to rounding.
#include <dirent.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/test_data.h"

namespace octet::testing {
namespace {

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = ::opendir(folder.c_str());
  while (const dirent* entry = open != nullptr ? ::readdir(open) : nullptr)
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  if (open != nullptr) ::closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> networks() {
  std::vector<std::string> names;
  for (const std::string& name : entries(test_data_path("models/reference")))
    if (!test_data_path("models/" + name + ".onnx").empty()) names.push_back(name);
  if (names.empty()) names.push_back("no_shared_data");
  return names;
}

// The bytes of a TensorProto, raw or in typed fields (f32, s64).
bool read_tensor(const std::string& path, std::vector<uint8_t>* bytes) {
  std::ifstream file(path, std::ios::binary);
  onnx::TensorProto tensor;
  if (!file || !tensor.ParseFromIstream(&file)) return false;
  const auto copy = [&](const void* data, size_t size) {
    bytes->resize(size);
    if (size > 0) std::memcpy(bytes->data(), data, size);
  };
  if (!tensor.raw_data().empty())
    copy(tensor.raw_data().data(), tensor.raw_data().size());
  else if (tensor.float_data_size() > 0)
    copy(tensor.float_data().data(), tensor.float_data().size() * sizeof(float));
  else
    copy(tensor.int64_data().data(), tensor.int64_data().size() * sizeof(int64_t));
  return true;
}

std::vector<float> as_floats(const std::vector<uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

double sqnr_db(const std::vector<float>& actual, const std::vector<float>& expected) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = static_cast<double>(actual[i]) - expected[i];
    signal += static_cast<double>(expected[i]) * expected[i];
    noise += difference * difference;
  }
  return noise == 0 ? 200 : 10 * std::log10(signal / noise);
}

size_t largest(const std::vector<float>& values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// The least SQNR of a quantized network. This one decorrelates: onnxruntime against itself, 0.5% of the input
// pixels moved by one step, gives 13.5 to 15.5 dB.
double least_sqnr_db(const std::string& network, double usual) {
  return network == "mobilenet_v2_224_qlinear_ms" ? 10 : usual;
}

class ReferenceOutputs : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "no_shared_data") GTEST_SKIP() << "no shared networks: set OCTET_TEST_DATA";
    path_ = test_data_path("models/" + GetParam() + ".onnx");
    sets_ = test_data_path("models/reference/" + GetParam());
    converter::ConvertOptions options;
    std::vector<converter::InputInfo> inputs;
    const Status status = converter::read_onnx_inputs(path_, options, &inputs, &quantized_);
    ASSERT_TRUE(status.ok()) << status.message();
    for (converter::InputInfo& input : inputs) {  // a free batch is 1 in the references
      for (int64_t& dim : input.shape) dim = dim < 0 ? 1 : dim;
      shapes_[input.name] = input.shape;
    }
  }

  void convert(converter::Precision precision) {
    converter::ConvertOptions options;
    options.precision = precision;
    options.shapes = shapes_;
    char output[] = "/tmp/octet_reference_XXXXXX";
    const int file = ::mkstemp(output);
    ASSERT_GE(file, 0);
    ::close(file);
    Status status = converter::convert_file(path_, output, options, &report_);
    if (status.ok()) status = Model::load_file(output, &model_);
    ::unlink(output);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  void open(bool use_xnnpack) {
    SessionOptions options;
    options.use_xnnpack = use_xnnpack;
    const Status status = Session::create(*model_, options, &session_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // Runs one data set; check(actual, expected) for every output.
  template <class Check>
  void run_set(const std::string& set, const Check& check) {
    SCOPED_TRACE(set);
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < session_->input_count(); ++i) {
      ASSERT_TRUE(read_tensor(sets_ + "/" + set + "/input_" + std::to_string(i) + ".pb", &bytes));
      const Status status = session_->set_input(i, bytes.data(), bytes.size());
      ASSERT_TRUE(status.ok()) << status.message();
    }
    session_->run();
    for (size_t i = 0; i < session_->output_count(); ++i) {
      ASSERT_TRUE(read_tensor(sets_ + "/" + set + "/output_" + std::to_string(i) + ".pb", &bytes));
      std::vector<uint8_t> actual(bytes.size());
      const Status status = session_->get_output(i, actual.data(), actual.size());
      ASSERT_TRUE(status.ok()) << status.message();
      check(as_floats(actual), as_floats(bytes));
    }
  }

  std::string path_, sets_;
  bool quantized_ = false;
  std::map<std::string, std::vector<int64_t>> shapes_;
  converter::ConvertReport report_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
};

void expect_equal_up_to_order(const std::vector<float>& actual, const std::vector<float>& expected) {
  float scale = 0;
  for (float y : expected) scale = std::max(scale, std::fabs(y));
  size_t wrong = 0;
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    worst = std::max(worst, difference);
    if (!(difference <= 1e-3 * std::fabs(expected[i]) + 1e-4 * scale)) ++wrong;
  }
  EXPECT_EQ(wrong, 0u) << "of " << expected.size() << " elements; largest difference " << worst
                       << " at a scale of " << scale;
}

TEST_P(ReferenceOutputs, Fp32) {
  ASSERT_NO_FATAL_FAILURE(convert(converter::Precision::kFp32));
  for (bool use_xnnpack : {false, true}) {
    SCOPED_TRACE(use_xnnpack ? "XNNPACK" : "portable");
    ASSERT_NO_FATAL_FAILURE(open(use_xnnpack));
    for (const std::string& set : entries(sets_))
      run_set(set, [&](const std::vector<float>& actual, const std::vector<float>& expected) {
        if (!quantized_) return expect_equal_up_to_order(actual, expected);
        // A sum in another order may fall on the other side of a tie.
        EXPECT_GT(sqnr_db(actual, expected), least_sqnr_db(GetParam(), 25));
      });
  }
}

TEST_P(ReferenceOutputs, QuantizedNetworkInInt8) {
  if (!quantized_) return;  // a float network: Fp32 above, and accuracy in docs/results.md
  ASSERT_NO_FATAL_FAILURE(convert(converter::Precision::kInt8));
  EXPECT_GT(report_.int8_operators, 0u);
  ASSERT_NO_FATAL_FAILURE(open(true));
  for (const std::string& set : entries(sets_))
    run_set(set, [&](const std::vector<float>& actual, const std::vector<float>& expected) {
      const double db = sqnr_db(actual, expected);
      EXPECT_GT(db, least_sqnr_db(GetParam(), 18)) << set;
      if (expected.size() < 2000 && GetParam().find("autoencoder") == std::string::npos) {
        EXPECT_EQ(largest(actual), largest(expected)) << set << ", " << db << " dB";
      }
    });
}

INSTANTIATE_TEST_SUITE_P(Networks, ReferenceOutputs, ::testing::ValuesIn(networks()),
                         [](const ::testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace octet::testing
