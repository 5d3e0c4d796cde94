// SPDX-License-Identifier: Apache-2.0
//
// Constants that the file stores as integers: what they expand to, and what is refused.
#include "runtime/stored_constant.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/testing/model_builder.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::ModelBuilder;

struct Stored {
  std::vector<int> shape = {2, 3};
  int bits = 8, group_size = 3;
  std::vector<float> scales = {0.5f, 0.25f};
  std::vector<uint8_t> packed = {1, 2, 0xff, 4, 0x80, 127};
};

// x * constant, with x = 1 everywhere.
AlignedBytes model_of(const Stored& stored) {
  ModelBuilder b;
  const int constant =
      b.stored_constant(stored.shape, stored.bits, stored.group_size, stored.scales, stored.packed);
  const int x = b.input(schema::TensorType_F32, {2, 3});
  const int y = b.tensor(schema::TensorType_F32, {2, 3});
  b.add(schema::OperatorType_Binary, {x, constant}, {y},
        schema::CreateBinaryOptions(b.builder(), schema::BinaryKind_Mul));
  b.output(y);
  return b.finish();
}

std::string load_error(const Stored& stored) {
  const AlignedBytes bytes = model_of(stored);
  std::unique_ptr<Model> model;
  return Model::load_memory(bytes.data(), bytes.size(), &model).message();
}

std::vector<float> run(const Stored& stored) {
  const AlignedBytes bytes = model_of(stored);
  std::unique_ptr<Model> model;
  const Status loaded = Model::load_memory(bytes.data(), bytes.size(), &model);
  EXPECT_TRUE(loaded.ok()) << loaded.message();
  std::unique_ptr<Session> session;
  if (!loaded.ok() || !Session::create(*model, SessionOptions(), &session).ok()) return {};
  const std::vector<float> ones(6, 1.0f);
  std::vector<float> result(6);
  EXPECT_TRUE(session->set_input(0, ones.data(), ones.size() * sizeof(float)).ok());
  session->run();
  EXPECT_TRUE(session->get_output(0, result.data(), result.size() * sizeof(float)).ok());
  return result;
}

TEST(StoredConstant, EightBits) { EXPECT_EQ(run({}), (std::vector<float>{0.5f, 1, -0.5f, 1, -32, 31.75f})); }

TEST(StoredConstant, EightBitsInGroups) {
  Stored stored;
  stored.group_size = 2;  // {a, b}, {c} of each row
  stored.scales = {1, 10, 100, 1000};
  EXPECT_EQ(run(stored), (std::vector<float>{1, 2, -10, 400, -12800, 127000}));
}

// Rows begin at bytes: three numbers take two.
TEST(StoredConstant, FourBits) {
  Stored stored;
  stored.bits = 4;
  stored.group_size = 1000;
  stored.packed = {0x21, 0x0f, 0x78, 0x09};
  EXPECT_EQ(run(stored), (std::vector<float>{0.5f, 1, -0.5f, -2, 1.75f, -1.75f}));
}

TEST(StoredConstant, WhatIsRefused) {
  Stored stored;
  stored.bits = 5;
  EXPECT_EQ(load_error(stored), "tensor 0 't0': stored in 5 bits; this build reads 8 and 4");
  stored = Stored();
  stored.group_size = 0;
  EXPECT_EQ(load_error(stored), "tensor 0 't0': stored in groups of 0; must be at least 1");
  stored = Stored();
  stored.scales = {1};
  EXPECT_EQ(load_error(stored), "tensor 0 't0': 1 scales of stored numbers; must be 2");
  stored.scales = {1, -1};
  EXPECT_EQ(load_error(stored), "tensor 0 't0': scale -1 of stored numbers; must be finite and not negative");
  stored.scales = {1, NAN};
  EXPECT_EQ(load_error(stored),
            "tensor 0 't0': scale nan of stored numbers; must be finite and not negative");
  stored = Stored();
  stored.packed.pop_back();
  EXPECT_EQ(load_error(stored), "tensor 0 't0': buffer 1 has 5 bytes; its shape needs 6");
  stored = Stored();
  stored.shape = {};
  EXPECT_EQ(load_error(stored),
            "tensor 0 't0': has a stored form; only an f32 constant of rank 1 or more may");
}

// Many tensors over one buffer would otherwise make gigabytes from a small file.
TEST(StoredConstant, ExpandsToNoMoreThanTheFileCouldNeed) {
  ModelBuilder b;
  const int first = b.stored_constant({1, 1 << 16}, 4, 1 << 16, {1}, std::vector<uint8_t>(1 << 15));
  const int x = b.input(schema::TensorType_F32, {1});
  b.output(x);
  AlignedBytes bytes = b.finish();
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_memory(bytes.data(), bytes.size(), &model).ok());
  const schema::Tensor& tensor = *model->root().tensors()->Get(static_cast<unsigned>(first));
  std::vector<Tensor> tensors(3, model->tensors()[static_cast<size_t>(first)]);
  EXPECT_EQ(tensors[0].bytes, size_t{1} << 18);
  flatbuffers::FlatBufferBuilder many;
  const auto stored = [&] {
    const std::vector<float> scales = {1};
    const auto form = schema::CreateStoredConstantDirect(many, 4, tensor.stored()->group_size(), &scales);
    schema::TensorBuilder t(many);
    t.add_stored(form);
    return t.Finish();
  };
  const std::vector<flatbuffers::Offset<schema::Tensor>> three = {stored(), stored(), stored()};
  const auto vector = many.CreateVector(three);
  schema::ModelBuilder root(many);
  root.add_tensors(vector);
  many.Finish(root.Finish());
  SessionMemory memory;
  const auto* hostile = flatbuffers::GetRoot<schema::Model>(many.GetBufferPointer());
  EXPECT_EQ(
      expand_constants(*hostile, bytes.size(), &memory, &tensors).message(),
      "stored constants expand to 786432 bytes; must be at most 8 times the " + std::to_string(bytes.size()));
}

}  // namespace
}  // namespace octet
