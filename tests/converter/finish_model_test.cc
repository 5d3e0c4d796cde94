// SPDX-License-Identifier: Apache-2.0
//
// finish_model: facts, provenance, and golden runs that other sessions confirm.
#include "converter/golden.h"
#include "runtime/verify.h"
#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr TensorType kF32 = schema::TensorType_F32;

// x s8 [1, side, side, 3], declared f32 NCHW -> Conv -> HardSwish by table -> y s8.
ValueId build_s8_network(GraphRunner* r, int64_t side) {
  Random random(31);
  const Quantization q = quantization(0.02f, 3);
  const ValueId x = r->value(kS8, {1, side, side, 3}, q);
  r->graph.inputs.push_back({"image", x, kF32, {1, 3, side, side}, {0, 2, 3, 1}});
  const ValueId weights = r->constant(kS8, {4, 3, 3, 3}, random.s8({4, 3, 3, 3}, -127, 127),
                                      per_channel({0.01f, 0.02f, 0.005f, 0.001f}));
  const ValueId middle = r->value(kS8, {1, side, side, 4}, quantization(0.1f, -5));
  set_ints(&r->node("Conv", {x, weights}, {middle}), "pads", {1, 1, 1, 1});
  const ValueId y = r->value(kS8, {1, side, side, 4}, quantization(0.08f, -100));
  r->node("HardSwish", {middle}, {y});
  return y;
}

std::vector<uint8_t> float_sample(int64_t side) {
  Random random(32);
  const std::vector<float> x = random.reals({1, 3, side, side}, -2.5f, 2.5f);
  const auto* bytes = reinterpret_cast<const uint8_t*>(x.data());
  return std::vector<uint8_t>(bytes, bytes + x.size() * sizeof(float));
}

// Every recorded hash, computed again with these options.
void expect_golden_holds(const converter::LoweredModel& lowered, const char* cpu_features, size_t threads) {
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load_memory(lowered.data(), lowered.bytes, &model).ok());
  SessionOptions options;
  options.cpu_features = cpu_features;
  options.threads = threads;
  std::unique_ptr<Session> session;
  ASSERT_TRUE(Session::create(*model, options, &session).ok());
  for (const schema::Golden* golden : *model->root().golden()) {
    std::vector<uint64_t> hashes;
    const Status status = hash_golden(*session, *golden, &hashes);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(hashes.size(), golden->hashes()->size());
    EXPECT_FALSE(hashes.empty());
    for (size_t i = 0; i < hashes.size(); ++i)
      EXPECT_EQ(hashes[i], golden->hashes()->Get(static_cast<unsigned>(i))->hash());
  }
}

TEST(FinishModel, SmallSampleIsStoredAndHashesHold) {
  GraphRunner r;
  const ValueId y = build_s8_network(&r, 12);
  r.graph.outputs.push_back({"y", y, kF32, {1, 4, 12, 12}, {0, 2, 3, 1}});
  converter::LowerOptions options;
  options.source_name = "net.onnx";
  options.source_sha256 = "abc";
  options.provenance = "--precision int8";
  const Status status =
      converter::finish_model(r.graph, options, {float_sample(12)}, &r.lowered, &r.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(r.root().golden()->size(), 2u);
  EXPECT_EQ(r.root().golden()->Get(0)->inputs()->Get(0)->kind(), schema::GoldenKind_Noise);
  EXPECT_EQ(r.root().golden()->Get(1)->inputs()->Get(0)->kind(), schema::GoldenKind_Stored);
  EXPECT_EQ(r.root().golden()->Get(1)->inputs()->Get(0)->data()->size(), 12u * 12 * 3);
  ASSERT_EQ(r.root().golden()->Get(0)->hashes()->size(), 1u);
  EXPECT_NE(r.root().golden()->Get(0)->hashes()->Get(0)->hash(),
            r.root().golden()->Get(1)->hashes()->Get(0)->hash());
  expect_golden_holds(r.lowered, "portable", 1);
  expect_golden_holds(r.lowered, "", 2);
  const schema::Facts& facts = *r.root().facts();
  EXPECT_GE(facts.arena_bytes(), 12u * 12 * (3 + 4));
  EXPECT_EQ(facts.macs(), 12u * 12 * 4 * 27);
  EXPECT_EQ(facts.weights_bytes(), 4u * 27);
  EXPECT_EQ(r.root().provenance()->source_name()->str(), "net.onnx");
  EXPECT_EQ(r.root().provenance()->source_sha256()->str(), "abc");
  EXPECT_EQ(r.root().provenance()->options()->str(), "--precision int8");
  EXPECT_FALSE(r.root().provenance()->converter_version()->str().empty());
}

TEST(FinishModel, LargeImageBecomesAMosaic) {
  GraphRunner r;
  const ValueId y = build_s8_network(&r, 50);
  r.graph.outputs.push_back({"y", y, kF32, {1, 4, 50, 50}, {0, 2, 3, 1}});
  const Status status = converter::finish_model(r.graph, converter::LowerOptions(), {float_sample(50)},
                                                &r.lowered, &r.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const schema::GoldenInput& input = *r.root().golden()->Get(1)->inputs()->Get(0);
  EXPECT_EQ(input.kind(), schema::GoldenKind_Mosaic);
  EXPECT_EQ(input.mosaic_height(), 16);
  EXPECT_EQ(input.data()->size(), 16u * 16 * 3);
  expect_golden_holds(r.lowered, "", 2);
}

// s8 -> Dequantize -> Sqrt: the s8 tensor in front of the float part is recorded, what Sqrt writes is not.
TEST(FinishModel, FloatTailIsNotCovered) {
  GraphRunner r;
  const ValueId y = build_s8_network(&r, 8);
  const ValueId real = r.value(kF32, {1, 8, 8, 4});
  r.node("Dequantize", {y}, {real});
  r.node("Softplus", {real}, {r.output({1, 8, 8, 4})});
  const Status status =
      converter::finish_model(r.graph, converter::LowerOptions(), {}, &r.lowered, &r.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const auto* hashes = r.root().golden()->Get(0)->hashes();
  for (const schema::TensorHash* hash : *hashes) EXPECT_LT(hash->operator_index(), 3u);
  expect_golden_holds(r.lowered, "", 1);
}

TEST(FinishModel, FloatModelHasNoGoldenRuns) {
  GraphRunner r;
  r.node("Exp", {r.input({4})}, {r.output({4})});
  const Status status =
      converter::finish_model(r.graph, converter::LowerOptions(), {}, &r.lowered, &r.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(r.root().golden() == nullptr || r.root().golden()->size() == 0);
  ASSERT_EQ(r.diagnostics.items().size(), 1u);
}

TEST(FinishModel, PixelTableRoundsHalfUp) {
  GraphRunner r;
  const ValueId y = build_s8_network(&r, 4);
  r.graph.value(r.graph.inputs[0].value).quantization = quantization(1.0f / 127.5f, 0);
  r.graph.outputs.push_back({"y", y, kF32, {1, 4, 4, 4}, {0, 2, 3, 1}});
  converter::LowerOptions options;
  options.preprocessing.present = true;
  options.preprocessing.mean = {127.5f, 127.5f, 100.0f};
  options.preprocessing.std = {127.5f};
  const Status status = converter::finish_model(r.graph, options, {}, &r.lowered, &r.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const schema::Preprocessing& stored = *r.root().inputs()->Get(0)->preprocessing();
  ASSERT_EQ(stored.pixel_table()->size(), 3u * 256);
  const auto entry = [&](unsigned channel, unsigned pixel) {
    return static_cast<int>(static_cast<int8_t>(stored.pixel_table()->Get(channel * 256 + pixel)));
  };
  EXPECT_EQ(entry(0, 0), -127);   // -127.5, half up
  EXPECT_EQ(entry(0, 127), 0);    // -0.5
  EXPECT_EQ(entry(0, 128), 1);    // 0.5
  EXPECT_EQ(entry(1, 255), 127);  // 127.5 + 0.5 saturates
  EXPECT_EQ(entry(2, 100), 0);
  EXPECT_EQ(stored.std()->size(), 3u);
}

TEST(FinishModel, WrongNumberOfMeansIsAnError) {
  GraphRunner r;
  const ValueId y = build_s8_network(&r, 4);
  r.graph.outputs.push_back({"y", y, kF32, {1, 4, 4, 4}, {0, 2, 3, 1}});
  converter::LowerOptions options;
  options.preprocessing.present = true;
  options.preprocessing.mean = {1, 2};
  const Status status = converter::finish_model(r.graph, options, {}, &r.lowered, &r.diagnostics);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("--mean: 2 values for input 'image' of 3 channels"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace octet::testing
