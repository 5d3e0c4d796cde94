// SPDX-License-Identifier: Apache-2.0
//
// Golden runs: the generator, the mosaic, the hash, and a model that carries its hashes.
#include "runtime/verify.h"

#include <gtest/gtest.h>

#include "tests/testing/op_tester.h"
#include "tests/testing/sample_model.h"

namespace octet {
namespace {

using testing::AlignedBytes;
using testing::OpTester;

// The root of a model with one input and one golden input of this kind.
struct GoldenCase : OpTester {
  GoldenCase(TensorType type, const std::vector<int>& shape) { output(input(type, shape)); }
  const schema::GoldenInput& only_input() { return *model().root().golden()->Get(0)->inputs()->Get(0); }
};

TEST(Verify, HashIsFnv1a) {
  EXPECT_EQ(hash_bytes("", 0), 0xcbf29ce484222325u);
  EXPECT_EQ(hash_bytes("a", 1), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(hash_bytes("foobar", 6), 0x85944171f73967e8u);
}

// The first outputs of splitmix64 with seed 1234567 are known.
TEST(Verify, NoiseIsSplitmix64) {
  const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u};
  GoldenCase t(schema::TensorType_U8, {16});
  t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Noise, 1234567)}, {});
  ASSERT_TRUE(t.create());
  ASSERT_TRUE(make_golden_input(t.only_input(), &t.session().input(0)).ok());
  const auto bytes = t.get<uint8_t>(0);
  for (size_t i = 0; i < 16; ++i)
    EXPECT_EQ(bytes[i], static_cast<uint8_t>(expected[i / 8] >> (8 * (i % 8)))) << i;
}

TEST(Verify, NoiseOfOtherTypes) {
  std::vector<uint8_t> bytes(64);
  GoldenCase raw(schema::TensorType_S8, {64});
  raw.golden({schema::CreateGoldenInput(raw.builder(), schema::GoldenKind_Noise, 5)}, {});
  ASSERT_TRUE(raw.create());
  ASSERT_TRUE(make_golden_input(raw.only_input(), &raw.session().input(0)).ok());
  bytes.assign(raw.session().input(0).as<uint8_t>(), raw.session().input(0).as<uint8_t>() + 64);
  GoldenCase f32(schema::TensorType_F32, {64});
  f32.golden({schema::CreateGoldenInput(f32.builder(), schema::GoldenKind_Noise, 5)}, {});
  ASSERT_TRUE(f32.create());
  ASSERT_TRUE(make_golden_input(f32.only_input(), &f32.session().input(0)).ok());
  GoldenCase s64(schema::TensorType_S64, {64});
  s64.golden({schema::CreateGoldenInput(s64.builder(), schema::GoldenKind_Noise, 5)}, {});
  ASSERT_TRUE(s64.create());
  ASSERT_TRUE(make_golden_input(s64.only_input(), &s64.session().input(0)).ok());
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(f32.get<float>(0)[i], static_cast<float>(bytes[i] - 128) / 64.0f);
    EXPECT_EQ(s64.get<int64_t>(0)[i], bytes[i] & 1);
  }
}

TEST(Verify, MosaicIsEnlargedByIndex) {
  GoldenCase t(schema::TensorType_U8, {1, 3, 5, 2});
  const auto picture = t.builder().CreateVector(std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8});
  t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Mosaic, 0, picture, 2, 2)}, {});
  ASSERT_TRUE(t.create());
  ASSERT_TRUE(make_golden_input(t.only_input(), &t.session().input(0)).ok());
  const auto pixels = t.get<uint8_t>(0);
  const size_t rows[3] = {0, 0, 1}, columns[5] = {0, 0, 0, 1, 1};
  for (size_t y = 0; y < 3; ++y)
    for (size_t x = 0; x < 5; ++x)
      for (size_t c = 0; c < 2; ++c)
        EXPECT_EQ(pixels[(y * 5 + x) * 2 + c], 1 + rows[y] * 4 + columns[x] * 2 + c)
            << y << " " << x << " " << c;
}

TEST(Verify, StoredIsCopied) {
  GoldenCase t(schema::TensorType_S16, {2});
  const auto data = t.builder().CreateVector(std::vector<uint8_t>{1, 0, 255, 255});
  t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Stored, 0, data)}, {});
  ASSERT_TRUE(t.create());
  ASSERT_TRUE(make_golden_input(t.only_input(), &t.session().input(0)).ok());
  EXPECT_EQ(t.get<int16_t>(0), (std::vector<int16_t>{1, -1}));
}

std::vector<uint64_t> hashes_of(const AlignedBytes& bytes, const SessionOptions& options) {
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  std::vector<uint64_t> hashes;
  EXPECT_TRUE(Model::load_memory(bytes.data(), bytes.size(), &model).ok());
  EXPECT_TRUE(Session::create(*model, options, &session).ok());
  const Status status = hash_golden(*session, *model->root().golden()->Get(0), &hashes);
  EXPECT_TRUE(status.ok()) << status.message();
  return hashes;
}

// Hashes come in the golden's order, of memory that later operators reuse.
TEST(Verify, RecordedHashesComeBackOnEveryCpu) {
  const std::vector<uint64_t> recorded = hashes_of(testing::sample_model(), SessionOptions());
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_NE(recorded[0], recorded[1]);
  SessionOptions keep;
  keep.keep_all_tensors = true;
  const AlignedBytes signed_model = testing::sample_model(recorded);
  for (const SessionOptions& options : {SessionOptions(), OpTester::options(2, "portable"), keep})
    EXPECT_EQ(hashes_of(signed_model, options), recorded);
}

TEST(Verify, BrokenGoldenRunsDoNotLoad) {
  {
    GoldenCase t(schema::TensorType_U8, {4});
    t.golden({}, {});
    EXPECT_EQ(t.load_error(), "golden run 0: 0 inputs; the model has 1");
  }
  {
    GoldenCase t(schema::TensorType_U8, {4});
    const auto data = t.builder().CreateVector(std::vector<uint8_t>(3));
    t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Stored, 0, data)}, {});
    EXPECT_EQ(t.load_error(), "golden run 0, input 0: 3 bytes of data; must be 4");
  }
  {
    GoldenCase t(schema::TensorType_U8, {1, 4, 4, 3});
    const auto data = t.builder().CreateVector(std::vector<uint8_t>(11));
    t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Mosaic, 0, data, 2, 2)}, {});
    EXPECT_EQ(t.load_error(), "golden run 0, input 0: 11 bytes of mosaic; must be 12 elements of 1 bytes");
  }
  {
    GoldenCase t(schema::TensorType_U8, {4});
    t.golden({schema::CreateGoldenInput(t.builder(), schema::GoldenKind_Noise)},
             {schema::CreateTensorHash(t.builder(), 0, 0, 1)});
    EXPECT_EQ(t.load_error(), "golden run 0: hash after operator 0; the model has 0");
  }
}

}  // namespace
}  // namespace octet
