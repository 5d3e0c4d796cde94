// SPDX-License-Identifier: Apache-2.0
#include "tests/testing/op_tester.h"

namespace octet::testing {
namespace {

void append(const Tensor& tensor, std::vector<uint8_t>* bytes) {
  const auto* data = static_cast<const uint8_t*>(tensor.data);
  bytes->insert(bytes->end(), data, data + tensor.bytes);
}

}  // namespace

const AlignedBytes& OpTester::bytes() {
  if (!finished_) bytes_ = finish();
  finished_ = true;
  return bytes_;
}

::testing::AssertionResult OpTester::create(const SessionOptions& options) {
  bytes();
  session_.reset();
  Status status = Model::load_memory(bytes_.data(), bytes_.size(), &model_);
  if (status.ok()) status = Session::create(*model_, options, &session_);
  if (!status.ok()) return ::testing::AssertionFailure() << status.message();
  return ::testing::AssertionSuccess();
}

std::string OpTester::load_error() {
  bytes();
  session_.reset();
  return Model::load_memory(bytes_.data(), bytes_.size(), &model_).message();
}

SessionOptions OpTester::options(size_t threads, const std::string& cpu_features, bool use_xnnpack) {
  SessionOptions options;
  options.threads = threads;
  options.cpu_features = cpu_features;
  options.use_xnnpack = use_xnnpack;
  return options;
}

std::vector<uint8_t> OpTester::input_bytes() {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < session_->input_count(); ++i) append(session_->input(i), &bytes);
  return bytes;
}

std::vector<uint8_t> OpTester::output_bytes() {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < session_->output_count(); ++i) append(session_->output(i), &bytes);
  return bytes;
}

void OpTester::run() {
  const std::vector<uint8_t> inputs = input_bytes();
  std::vector<uint8_t> first;
  for (const int poison : {0x5a, 0xa5}) {
    for (size_t i = 0; i < session_->output_count(); ++i) {
      Tensor& output = session_->output(i);
      if (!output.is_constant() && output.bytes > 0) std::memset(output.data, poison, output.bytes);
    }
    session_->run();
    if (poison == 0x5a)
      first = output_bytes();
    else
      EXPECT_EQ(first, output_bytes()) << "two runs differ: an output byte was not written, or state is kept";
  }
  EXPECT_EQ(inputs, input_bytes()) << "run() changed an input";
}

}  // namespace octet::testing
