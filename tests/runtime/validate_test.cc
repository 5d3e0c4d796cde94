// SPDX-License-Identifier: Apache-2.0
//
// Rules that a model file can break, one by one, and the message for each.
#include "runtime/validate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "tests/testing/op_tester.h"
#include "tests/testing/sample_model.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::ModelBuilder;
using testing::OpTester;

std::string load_error(const AlignedBytes& bytes) {
  std::unique_ptr<Model> model;
  return Model::load_memory(bytes.data(), bytes.size(), &model).message();
}

std::string file_error(const std::string& path, StatusCode code) {
  std::unique_ptr<Model> model;
  const Status status = Model::load_file(path.c_str(), &model);
  EXPECT_EQ(status.code(), code) << status.message();
  return status.message();
}

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const AlignedBytes& bytes) {
    const int descriptor = mkstemp(path_);
    EXPECT_GE(descriptor, 0);
    EXPECT_EQ(write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    close(descriptor);
  }
  ~TemporaryFile() { std::remove(path_); }
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/octet_model_XXXXXX";
};

TEST(Load, FileRuns) {
  const TemporaryFile file(testing::sample_model());
  std::unique_ptr<Model> model;
  const Status status = Model::load_file(file.path().c_str(), &model);
  ASSERT_TRUE(status.ok()) << status.message();
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(*model, SessionOptions(), &session).ok());
  session->run();
}

TEST(Load, FilesThatAreNoModel) {
  EXPECT_EQ(file_error("/nonexistent/x.octet", StatusCode::kIoError),
            "cannot open '/nonexistent/x.octet': No such file or directory");
  EXPECT_EQ(file_error("/tmp", StatusCode::kIoError), "cannot read '/tmp': Is a directory");
  EXPECT_EQ(file_error("/dev/null", StatusCode::kIoError), "cannot map '/dev/null': not a regular file");
  const TemporaryFile empty{AlignedBytes()};
  EXPECT_EQ(file_error(empty.path(), StatusCode::kInvalidModel),
            "'" + empty.path() + "' is empty; not an Octet model");
  const TemporaryFile text{AlignedBytes("This is a text, not a model.", 28)};
  EXPECT_EQ(file_error(text.path(), StatusCode::kInvalidModel),
            "'" + text.path() + "': not an Octet model: identifier 'OCT1' is missing");
}

TEST(Load, Memory) {
  std::unique_ptr<Model> model;
  EXPECT_EQ(Model::load_memory(nullptr, 100, &model).code(), StatusCode::kInvalidArgument);
  const AlignedBytes bytes = testing::sample_model();
  AlignedBytes shifted(bytes.size() + 64);
  std::memcpy(shifted.data() + 16, bytes.data(), bytes.size());
  EXPECT_EQ(Model::load_memory(shifted.data() + 16, bytes.size(), &model).message(),
            "model data is 16 bytes past a 64-byte boundary; must be 64-byte aligned");
  EXPECT_EQ(Model::load_memory(bytes.data(), 15, &model).message(),
            "15 bytes are too few for an Octet model");
  EXPECT_EQ(Model::load_memory(bytes.data(), bytes.size() - 1, &model).message(),
            "truncated: " + std::to_string(bytes.size() - 1) + " bytes; a model has a multiple of 64");
  EXPECT_FALSE(model);
}

TEST(Load, OtherVersions) {
  for (const uint32_t version : {0u, 2u}) {
    flatbuffers::FlatBufferBuilder builder;
    builder.ForceVectorAlignment(64, 1, 64);
    schema::FinishModelBuffer(builder, schema::CreateModel(builder, version));
    const AlignedBytes bytes(builder.GetBufferPointer(), builder.GetSize());
    EXPECT_EQ(load_error(bytes),
              "schema version " + std::to_string(version) + "; this build reads version 1");
  }
}

TEST(Validate, EmptyModel) {
  ModelBuilder b;
  EXPECT_EQ(load_error(b.finish()), "0 tensors; must be in [1, 65536]");
}

TEST(Validate, Tensors) {
  const auto tensor_error = [](TensorType type, const std::vector<int>& shape, float scale = 0,
                               int zero_point = 0) {
    ModelBuilder b;
    b.tensor(type, shape, scale, zero_point);
    return load_error(b.finish());
  };
  constexpr auto kS8 = schema::TensorType_S8;
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(tensor_error(static_cast<TensorType>(7), {1}), "tensor 0 't0': unknown element type 7");
  EXPECT_EQ(tensor_error(kS8, std::vector<int>(9, 1)), "tensor 0 't0': rank 9; must be at most 8");
  EXPECT_EQ(tensor_error(kS8, {2, -1}), "tensor 0 't0': dimension 1 is -1; must not be negative");
  EXPECT_NE(
      tensor_error(kS8, {65536, 65536, 2}).find("more than " + std::to_string(kMaxTensorBytes) + " bytes"),
      std::string::npos);
  EXPECT_NE(tensor_error(kS8, {0, 65536, 65536, 2}).find("more than"), std::string::npos);
  EXPECT_NE(tensor_error(schema::TensorType_S64, std::vector<int>(8, 0x7fffffff)).find("more than"),
            std::string::npos);
  EXPECT_NE(tensor_error(kS8, {1}, kNan).find("must be finite and positive"), std::string::npos);
  EXPECT_NE(tensor_error(kS8, {1}, -1.0f).find("scale -1"), std::string::npos);
  EXPECT_EQ(tensor_error(kS8, {1}, 1.0f, 128), "tensor 0 't0': zero point 128; must be in [-128, 127]");
  EXPECT_NE(tensor_error(schema::TensorType_F32, {1}, 1.0f, 3).find("zero point 3"), std::string::npos);
}

TEST(Validate, UsualRanges) {
  const auto ranges_error = [](TensorType type, const std::vector<int>& shape, std::vector<uint8_t> low,
                               std::vector<uint8_t> high) {
    ModelBuilder b;
    b.next_usual_ranges(std::move(low), std::move(high));
    b.output(b.input(type, shape, 1.0f));
    return load_error(b.finish());
  };
  constexpr auto kS8 = schema::TensorType_S8;
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {0, 254, 9}, {1, 255, 10}), "");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {}, {1, 255, 10}), "");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {0, 255, 9}, {1, 255, 10}),
            "tensor 0 't0': usual range [255, 255] of channel 1; must grow");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {}, {1, 255, 0}),
            "tensor 0 't0': usual range [0, 0] of channel 2; must grow");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {0, 1}, {1, 255, 10}),
            "tensor 0 't0': usual ranges of 2 low and 3 high ends; its last axis has 3");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {0, 1, 2}, {}),
            "tensor 0 't0': usual ranges of 3 low and 0 high ends; its last axis has 3");
  EXPECT_EQ(ranges_error(kS8, {2, 3}, {0, 0}, {1, 2}),
            "tensor 0 't0': usual ranges of 2 low and 2 high ends; its last axis has 3");
  EXPECT_EQ(ranges_error(schema::TensorType_F32, {1}, {0}, {1}),
            "tensor 0 't0': has usual ranges; only an s8 activation of rank 1 or more may");
  EXPECT_NE(ranges_error(kS8, {}, {}, {1}).find("has usual ranges"), std::string::npos);
  ModelBuilder b;
  b.next_usual_ranges({}, {1, 2});
  b.constant_s8({2}, {1, 2});
  EXPECT_NE(load_error(b.finish()).find("has usual ranges"), std::string::npos);
}

TEST(Validate, Constants) {
  {
    ModelBuilder b;
    b.constant_s8({3}, {1, 2});
    EXPECT_EQ(load_error(b.finish()), "tensor 0 't0': buffer 1 has 2 bytes; its shape needs 3");
  }
  {
    ModelBuilder b;
    b.constant(schema::TensorType_S8, {2, 2}, std::vector<int8_t>{1, 2, 3, 4}, 0, 0, {0.5f}, 0);
    EXPECT_EQ(load_error(b.finish()), "tensor 0 't0': 1 channel scales; must be 2, the length of axis 0");
  }
  {
    ModelBuilder b;
    b.constant(schema::TensorType_S8, {2, 2}, std::vector<int8_t>{1, 2, 3, 4}, 0, 0, {0.5f, 1.0f}, 2);
    EXPECT_EQ(load_error(b.finish()), "tensor 0 't0': channel axis 2; must be in [0, 2)");
  }
}

// The message for a file whose only constant of 4 bytes has `behind` bytes behind it.
std::string constant_place_error(size_t behind, size_t alignment) {
  flatbuffers::FlatBufferBuilder b;
  b.ForceVectorAlignment(64, 1, 64);
  b.Pad(behind);
  b.ForceVectorAlignment(4, 1, alignment);
  const auto data = b.CreateVector(std::vector<uint8_t>(4));
  const auto buffers = b.CreateVector(std::vector<flatbuffers::Offset<schema::Buffer>>{
      schema::CreateBuffer(b), schema::CreateBuffer(b, data)});
  const auto shape = b.CreateVector(std::vector<int32_t>{4});
  const auto tensors = b.CreateVector(std::vector<flatbuffers::Offset<schema::Tensor>>{
      schema::CreateTensor(b, 0, schema::TensorType_S8, shape, 1)});
  schema::FinishModelBuffer(b, schema::CreateModel(b, 1, tensors, 0, buffers));
  return load_error(AlignedBytes(b.GetBufferPointer(), b.GetSize()));
}

TEST(Validate, PlaceOfConstants) {
  EXPECT_EQ(constant_place_error(0, 64),
            "tensor 0 '': buffer 1 ends 60 bytes before the end of the file; must be at least 64");
  EXPECT_NE(constant_place_error(64, 64).find("outputs"), std::string::npos);  // the next rule
  // At most one of 16 places is on a 64-byte boundary.
  int misaligned = 0;
  for (size_t behind = 64; behind < 128; behind += 4)
    misaligned += constant_place_error(behind, 4).find("must be a multiple of 64") != std::string::npos;
  EXPECT_GE(misaligned, 15);
}

TEST(Validate, Operators) {
  const auto unary = [](ModelBuilder* b, const std::vector<int>& in, const std::vector<int>& out) {
    b->add(schema::OperatorType_Unary, in, out,
           schema::CreateUnaryOptions(b->builder(), schema::UnaryKind_Abs));
  };
  const auto message = [&](const std::vector<int>& in, const std::vector<int>& out) {
    ModelBuilder b;
    const int x = b.input(schema::TensorType_F32, {2});
    const int y = b.tensor(schema::TensorType_F32, {2});
    b.tensor(schema::TensorType_F32, {2});
    b.constant_f32({2}, {1, 2});
    unary(&b, {x}, {y});
    unary(&b, in, out);
    b.output(y);
    return load_error(b.finish());
  };
  EXPECT_EQ(message({1}, {2}), "");
  EXPECT_EQ(message({4}, {2}), "Unary 'op1' (operator 1): input 0 is tensor 4; the model has 4");
  EXPECT_EQ(message({-2}, {2}), "Unary 'op1' (operator 1): input 0 is tensor -2; the model has 4");
  EXPECT_EQ(message({0}, {9}), "Unary 'op1' (operator 1): output 0 is tensor 9; the model has 4");
  EXPECT_EQ(message({2}, {2}), "Unary 'op1' (operator 1) reads tensor 2 't2' before anything wrote it");
  for (const int target : {0, 1, 3})
    EXPECT_EQ(message({1}, {target}), "Unary 'op1' (operator 1) writes tensor " + std::to_string(target) +
                                          " 't" + std::to_string(target) +
                                          "', which is a constant, a graph input or already written");
  EXPECT_NE(message({-1}, {2}), "");
  EXPECT_NE(message({}, {2}), "");
  EXPECT_NE(message({1}, {}), "");
  EXPECT_NE(message({1}, {-1}), "");
}

TEST(Validate, UnknownOperator) {
  ModelBuilder b;
  const int x = b.input(schema::TensorType_F32, {2}), y = b.tensor(schema::TensorType_F32, {2});
  b.add(static_cast<schema::OperatorType>(schema::OperatorType_MAX + 1), {x}, {y});
  b.output(y);
  EXPECT_EQ(load_error(b.finish()), "operator 0 'op0': type " + std::to_string(schema::OperatorType_MAX + 1) +
                                        " is unknown to this build");
}

// Every type, without inputs, outputs or options, and with wrong options, is refused by its own row.
TEST(Validate, EveryOperatorRefusesNothingness) {
  for (int type = 0; type <= schema::OperatorType_MAX; ++type)
    for (const bool with_tensors : {false, true}) {
      ModelBuilder b;
      const int x = b.input(schema::TensorType_BOOL, {2, 2, 2, 2, 2}),
                y = b.tensor(schema::TensorType_S16, {3});
      b.output(x);
      const auto options = schema::CreateTriluOptions(b.builder());
      if (with_tensors)
        b.add(static_cast<schema::OperatorType>(type), {x}, {y}, options);
      else
        b.add(static_cast<schema::OperatorType>(type), {}, {}, options);
      const std::string message = load_error(b.finish());
      EXPECT_NE(message, "") << type;
      EXPECT_EQ(message.find("unknown to this build"), std::string::npos) << message;
    }
}

TEST(Validate, Requantization) {
  const auto message = [](const std::vector<int16_t>& m, const std::vector<int8_t>& p, int low, int high) {
    ModelBuilder b;
    const int x = b.input(schema::TensorType_S8, {1, 4}, 1.0f), w = b.constant_s8({1, 4}, {1, 2, 3, 4});
    const int y = b.tensor(schema::TensorType_S8, {1, 1}, 1.0f);
    const auto r = b.requantization(m, p, low, high);
    schema::FullyConnectedOptionsBuilder options(b.builder());
    options.add_requantization(r);
    b.add(schema::OperatorType_FullyConnected, {x, w}, {y}, options.Finish());
    b.output(y);
    return load_error(b.finish());
  };
  const std::string op = "FullyConnected 'op0' (operator 0): ";
  EXPECT_EQ(message({16384}, {0}, -128, 127), "");
  EXPECT_EQ(message({0}, {31}, 5, 5), "");
  EXPECT_EQ(message({16384, 16384}, {0}, -128, 127),
            op + "2 multipliers and 1 right shifts; must be as many");
  EXPECT_EQ(message({16383}, {0}, -128, 127), op + "multiplier 16383 at 0; must be 0 or in [16384, 32767]");
  EXPECT_EQ(message({-20000}, {0}, -128, 127), op + "multiplier -20000 at 0; must be 0 or in [16384, 32767]");
  EXPECT_EQ(message({16384}, {32}, -128, 127), op + "right shift 32 at 0; must be in [-16, 31]");
  EXPECT_EQ(message({16384}, {-17}, -128, 127), op + "right shift -17 at 0; must be in [-16, 31]");
  EXPECT_EQ(message({16384}, {0}, 2, 1), op + "output_min 2 > output_max 1");
}

TEST(Validate, Bindings) {
  const auto message = [](TensorType tensor, TensorType declared, const std::vector<int>& shape,
                          const std::vector<int>& permutation, float scale = 1.0f) {
    ModelBuilder b;
    const int x = b.tensor(tensor, {1, 2, 3}, scale);
    b.declare_input(x, declared, shape, permutation);
    b.output(x);
    return load_error(b.finish());
  };
  constexpr auto kS8 = schema::TensorType_S8, kU8 = schema::TensorType_U8, kF32 = schema::TensorType_F32;
  EXPECT_EQ(message(kS8, kF32, {1, 3, 2}, {0, 2, 1}), "");
  EXPECT_EQ(message(kS8, kU8, {1, 2, 3}, {}), "");
  EXPECT_EQ(message(kS8, kF32, {1, 3, 2}, {0, 2, 1}, 0),
            "input 'input0': declared f32, but its s8 tensor's scale 0 has no reciprocal");
  EXPECT_NE(message(kS8, kF32, {1, 3, 2}, {0, 2, 1}, 1e-40f).find("no reciprocal"), std::string::npos);
  EXPECT_EQ(message(kF32, kS8, {1, 2, 3}, {}),
            "input 'input0': declared type 1 cannot stand for its tensor's type 0");
  EXPECT_EQ(message(kF32, kF32, {1, 3, 2}, {}),
            "input 'input0': declared shape, permuted, differs from its tensor's");
  EXPECT_EQ(message(kF32, kF32, {2, 3}, {}),
            "input 'input0': declared shape, permuted, differs from its tensor's");
  EXPECT_EQ(message(kF32, kF32, {1, 2, 3}, {0, 1, 1}), "input 'input0': permutation is not one of 3 axes");
  EXPECT_EQ(message(kF32, kF32, {1, 2, 3}, {0, 1, 3}), "input 'input0': permutation is not one of 3 axes");
  EXPECT_EQ(message(kF32, kF32, {1, 2, 3}, {0, 1}), "input 'input0': permutation is not one of 3 axes");
}

TEST(Validate, InputsAndOutputs) {
  {
    ModelBuilder b;
    b.input(schema::TensorType_F32, {1});
    EXPECT_EQ(load_error(b.finish()), "1 inputs and 0 outputs; must be at most 1024, and an output");
  }
  {
    ModelBuilder b;
    const int x = b.input(schema::TensorType_F32, {1});
    b.declare_input(x, schema::TensorType_F32, {1});
    b.output(x);
    EXPECT_EQ(load_error(b.finish()), "input 'input1': tensor 0 is a constant or another input's");
  }
  {
    ModelBuilder b;
    const int x = b.tensor(schema::TensorType_F32, {1});
    b.output(x);
    EXPECT_EQ(load_error(b.finish()), "output 'output0': nothing writes its tensor 0");
  }
}

TEST(Validate, ArenaHasALimit) {
  constexpr int kRows = static_cast<int>(kMaxTensorBytes / 65536);
  ModelBuilder b;
  for (uint64_t i = 0; i <= kMaxArenaBytes / kMaxTensorBytes; ++i)  // each just below its own limit
    b.output(b.input(schema::TensorType_S8, {kRows, 65535}));
  const AlignedBytes bytes = b.finish();
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  ASSERT_EQ(Model::load_memory(bytes.data(), bytes.size(), &model).message(), "");
  const Status status = Session::create(*model, SessionOptions(), &session);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("this build allows " + std::to_string(kMaxArenaBytes)), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace octet
