// SPDX-License-Identifier: Apache-2.0
//
// The C++ layer of the C interface.
#include <gtest/gtest.h>

#include <vector>

#include "octet/octet.hpp"
#include "tests/runtime/c_api_sample.h"

namespace octet::api {
namespace {

TEST(CppApi, LoadsAndRuns) {
  size_t bytes = 0;
  const void* data = sample_model_bytes(&bytes);
  Session session;
  {
    Model model;
    ASSERT_TRUE(model.load_memory(data, bytes));
    EXPECT_EQ(model.input_count(), 1u);
    EXPECT_EQ(model.output_count(), 2u);
    octet_tensor_info info;
    ASSERT_TRUE(model.input_info(0, &info));
    EXPECT_EQ(info.declared.bytes, 768u);
    SessionOptions options;
    options.cpu_features = "portable";
    ASSERT_TRUE(session.create(model, options));
  }
  EXPECT_EQ(session.cpu_features(), "portable");
  const std::vector<float> image(192, 0.1f);
  std::vector<float> scores(10);
  ASSERT_TRUE(session.set_input(0, image.data(), image.size() * sizeof(float)));
  ASSERT_TRUE(session.run());
  ASSERT_TRUE(session.get_output(0, scores.data(), scores.size() * sizeof(float)));
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(session.output_data<float>(0)[i], scores[i]);
  EXPECT_NE(session.input_data<int8_t>(0), nullptr);
  octet_step_info step;
  ASSERT_TRUE(session.step(0, &step));
  EXPECT_STREQ(step.name, "op0");
}

TEST(CppApi, StatusKeepsItsMessage) {
  Model model;
  const Status status = model.load_file("/nonexistent.octet");
  EXPECT_FALSE(status);
  EXPECT_EQ(status.code(), OCTET_IO_ERROR);
  Session session;
  const Status second = session.run();
  EXPECT_EQ(second.message(), "session is null");
  EXPECT_NE(status.message().find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace octet::api
