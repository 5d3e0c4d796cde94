// SPDX-License-Identifier: Apache-2.0
//
// Runs a small model in memory, for the tests of operators:
//
//   OpTester t;
//   const int x = t.input(schema::TensorType_S8, {1, 4}, 0.5f, 3);
//   const int y = t.tensor(schema::TensorType_F32, {1, 4});
//   t.add(schema::OperatorType_Dequantize, {x}, {y});
//   t.output(y);
//   ASSERT_TRUE(t.create());                       // load, validate, prepare
//   t.set<int8_t>(0, {0, 1, 2, 3});
//   t.run();
//   EXPECT_EQ(t.get<float>(0), (std::vector<float>{-1.5f, -1.0f, -0.5f, 0.0f}));
//
// and for rejections: EXPECT_THAT(t.load_error(), HasSubstr("axis 7")) (or .find()).
// run() poisons the outputs first, runs twice, and fails if the two runs differ or an input changed.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/model_builder.h"

namespace octet::testing {

class OpTester : public ModelBuilder {
 public:
  // Finishes the model, loads it and creates the session. May be called again with other
  // options; what was set() is then gone. A failure is in the assertion's message.
  ::testing::AssertionResult create(const SessionOptions& options = SessionOptions());

  // The message of the error that loading gives; "" when it succeeds.
  std::string load_error();

  // The options most tests want to vary.
  static SessionOptions options(size_t threads, const std::string& cpu_features = "",
                                bool use_xnnpack = true);

  // Fills graph input i (the graph's own tensor) with values; their count must match.
  template <class T>
  void set(size_t i, const std::vector<T>& values) {
    Tensor& tensor = session_->input(i);
    ASSERT_EQ(tensor.bytes, values.size() * sizeof(T));
    if (tensor.bytes > 0) std::memcpy(tensor.data, values.data(), tensor.bytes);
  }

  void run();

  // The elements of graph output i (the graph's own tensor).
  template <class T>
  std::vector<T> get(size_t i) {
    const Tensor& tensor = session_->output(i);
    EXPECT_EQ(sizeof(T), element_bytes(tensor.type));
    return std::vector<T>(tensor.as<T>(), tensor.as<T>() + tensor.shape.elements());
  }

  Session& session() { return *session_; }
  const Model& model() const { return *model_; }
  const char* kernel_name(int op = 0) const { return session_->kernel_name(op); }
  const AlignedBytes& bytes();

 private:
  std::vector<uint8_t> input_bytes();
  std::vector<uint8_t> output_bytes();

  AlignedBytes bytes_;
  bool finished_ = false;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
};

}  // namespace octet::testing
