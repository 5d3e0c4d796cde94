// SPDX-License-Identifier: Apache-2.0
//
// Builds with some operators only: what octet inspect --operators says, and what such a build says of a model
// that needs more. This binary has the rows of selected_rows.inc in place of the whole table: Quantize,
// Dequantize, and the s8 form of Conv2D.
#include "tools/commands/selection.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/session.h"
#include "tests/testing/sample_model.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::ModelBuilder;

Status session_status(const AlignedBytes& bytes) {
  std::unique_ptr<Model> model;
  const Status status = Model::load_memory(bytes.data(), bytes.size(), &model);
  std::unique_ptr<Session> session;
  return status.ok() ? Session::create(*model, SessionOptions(), &session) : status;
}

// A convolution with weights [output_channels, kernel, kernel, 8 / groups].
AlignedBytes conv_model(bool s8, int kernel, int groups) {
  ModelBuilder b;
  const TensorType type = s8 ? schema::TensorType_S8 : schema::TensorType_F32;
  const int pad = kernel / 2;
  const size_t weights = static_cast<size_t>(8 * kernel * kernel * 8 / groups);
  const int x = b.input(type, {1, 6, 6, 8}, s8 ? 0.5f : 0);
  const std::vector<int> shape = {8, kernel, kernel, 8 / groups};
  const int w = s8 ? b.constant_s8(shape, std::vector<int8_t>(weights, 1), 0.5f)
                   : b.constant_f32(shape, std::vector<float>(weights, 1));
  const int y = b.tensor(type, {1, 6, 6, 8}, s8 ? 0.5f : 0);
  const auto requantization =
      s8 ? b.requantization({16384}, {15}) : flatbuffers::Offset<schema::Requantization>(0);
  schema::Conv2DOptionsBuilder options(b.builder());
  options.add_pad_top(pad);
  options.add_pad_left(pad);
  options.add_pad_bottom(pad);
  options.add_pad_right(pad);
  options.add_groups(groups);
  if (s8) options.add_requantization(requantization);
  b.add(schema::OperatorType_Conv2D, {x, w}, {y}, options.Finish());
  b.output(y);
  return b.finish();
}

std::string selection(const AlignedBytes& bytes) {
  return tools::selection_text(*schema::GetModel(bytes.data()));
}

TEST(Selection, KernelsThatNoConvolutionCanUseAreLeftOut) {
  EXPECT_EQ(selection(conv_model(true, 1, 1)),
            "-DOCTET_OPERATORS=Conv2D:s8 -DOCTET_WITHOUT_KERNELS=depthwise,first,winograd");
  EXPECT_EQ(selection(conv_model(true, 3, 1)),
            "-DOCTET_OPERATORS=Conv2D:s8 -DOCTET_WITHOUT_KERNELS=depthwise,first");
  EXPECT_EQ(selection(conv_model(true, 3, 8)),
            "-DOCTET_OPERATORS=Conv2D:s8 "
            "-DOCTET_WITHOUT_KERNELS=depthwise_3x3s2,depthwise_5x5s1,depthwise_5x5s2,first,winograd");
  EXPECT_EQ(selection(conv_model(true, 5, 4)),
            "-DOCTET_OPERATORS=Conv2D:s8 -DOCTET_WITHOUT_KERNELS=depthwise,winograd");
}

TEST(Selection, OperatorsOfAModelThatIsNotLoaded) {
  // The rows say which operators have several forms: of those here only Conv2D does.
  EXPECT_EQ(selection(testing::sample_model())
                .find("-DOCTET_OPERATORS=Binary,Conv2D:s8,FullyConnected,Reshape,Softmax,Unary "),
            0u)
      << selection(testing::sample_model());
}

TEST(SelectedBuild, RunsWhatItHas) {
  const Status status = session_status(conv_model(true, 3, 1));
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(SelectedBuild, NamesTheOperatorThatItLacks) {
  const Status status = session_status(testing::sample_model());
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("operator 2 '"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("Binary is not in this build (CMake option OCTET_OPERATORS)"),
            std::string::npos)
      << status.message();
}

TEST(SelectedBuild, NamesTheFormThatItLacks) {
  SessionOptions options;
  options.use_xnnpack = false;
  const AlignedBytes bytes = conv_model(false, 3, 1);
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_memory(bytes.data(), bytes.size(), &model).ok());
  std::unique_ptr<Session> session;
  const Status status = Session::create(*model, options, &session);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("Conv2D for types other than s8 and s16 is not in this build"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace octet
