// SPDX-License-Identifier: Apache-2.0
//
// --weights-only: the weights of float operators as integers in the file, against the float file's answers.
#include "converter/quantize/store_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "octet_converter/converter.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/converter/graph_runner.h"
#include "tests/testing/onnx_builder.h"

namespace octet::testing {
namespace {

using converter::ConvertOptions;
using converter::ConvertReport;
using converter::Precision;

constexpr int64_t kWords = 50, kLength = 3, kWidth = 64, kHidden = 32, kAnswers = 10;

// Embedding -> LSTM -> Gemm, and a table too small to be worth it.
OnnxBuilder network() {
  Random random(7);
  OnnxBuilder b(13);
  b.input("words", {kLength}, onnx::TensorProto::INT64);
  b.node("Gather", {b.floats({kWords, kWidth}, random.reals({kWords, kWidth})), "words"}, {"embedded"});
  b.node("Reshape", {"embedded", b.int64s({kLength, 1, kWidth})}, {"sequence"});
  b.node("LSTM",
         {"sequence", b.floats({1, 4 * kHidden, kWidth}, random.reals({1, 4 * kHidden, kWidth}, -0.3f, 0.3f)),
          b.floats({1, 4 * kHidden, kHidden}, random.reals({1, 4 * kHidden, kHidden}, -0.3f, 0.3f))},
         {"", "state"}, {integer("hidden_size", kHidden)});
  b.node("Reshape", {"state", b.int64s({1, kHidden})}, {"flat"});
  b.node("Gemm", {"flat", b.floats({kHidden, 100}, random.reals({kHidden, 100}))}, {"wide"});
  b.node("Gemm", {"wide", b.floats({100, kAnswers}, random.reals({100, kAnswers}))}, {"y"});
  b.output("y");
  return b;
}

class StoreWeights : public ::testing::Test {
 protected:
  ConvertReport convert(const ConvertOptions& given) {
    ConvertOptions options = given;
    options.precision = Precision::kFp32;
    network().save(folder_.file("net.onnx"));
    ConvertReport report;
    const Status status =
        converter::convert_file(folder_.file("net.onnx"), folder_.file("net.octet"), options, &report);
    EXPECT_TRUE(status.ok()) << status.message();
    return report;
  }
  std::vector<float> run() {
    std::unique_ptr<Model> model;
    std::unique_ptr<Session> session;
    Status status = Model::load_file(folder_.file("net.octet").c_str(), &model);
    if (status.ok()) status = Session::create(*model, SessionOptions(), &session);
    EXPECT_TRUE(status.ok()) << status.message();
    std::vector<float> y(kAnswers);
    if (!status.ok()) return y;
    const std::vector<int64_t> words = {3, 49, 17};
    EXPECT_TRUE(session->set_input(0, words.data(), words.size() * sizeof(int64_t)).ok());
    session->run();
    EXPECT_TRUE(session->get_output(0, y.data(), y.size() * sizeof(float)).ok());
    return y;
  }
  TemporaryFolder folder_;
};

double sqnr_db(const std::vector<float>& real, const std::vector<float>& other) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < real.size(); ++i) {
    signal += static_cast<double>(real[i]) * real[i];
    noise += std::pow(static_cast<double>(real[i]) - other[i], 2);
  }
  return 10 * std::log10(signal / noise);
}

ConvertOptions in_bits(int bits, int group_size = 0) {
  ConvertOptions options;
  options.weights = {true, bits, group_size};
  return options;
}

TEST_F(StoreWeights, ShrinksTheFileAndKeepsTheAnswers) {
  const ConvertReport plain = convert(ConvertOptions());
  const std::vector<float> real = run();
  const ConvertReport eight = convert(in_bits(8));
  EXPECT_GT(sqnr_db(real, run()), 35);
  const ConvertReport four = convert(in_bits(4));
  EXPECT_GT(sqnr_db(real, run()), 12);
  convert(in_bits(4, 8));
  EXPECT_GT(sqnr_db(real, run()), 15);
  // Of the embedding, the LSTM's two, the first Gemm; the last has only 1000.
  const uint64_t weights = 3200 + 8192 + 4096 + 3200;
  EXPECT_LT(eight.model_bytes, plain.model_bytes - weights * 4 + weights + 2048);
  EXPECT_LT(four.model_bytes, plain.model_bytes - weights * 4 + weights / 2 + weights / 8 + 2048);
  const std::string note = "4 constants of float operators stored in 8 bits: ";
  EXPECT_TRUE(std::any_of(eight.notes.begin(), eight.notes.end(),
                          [&](const std::string& line) { return line.find(note) != std::string::npos; }));
}

TEST_F(StoreWeights, WrongOptionsAreNamed) {
  network().save(folder_.file("net.onnx"));
  ConvertReport report;
  const auto message = [&](const ConvertOptions& options) {
    return converter::convert_file(folder_.file("net.onnx"), folder_.file("net.octet"), options, &report)
        .message();
  };
  EXPECT_EQ(message(in_bits(5)), "--weight-bits 5: must be 8 or 4");
  EXPECT_EQ(message(in_bits(8, -1)), "--group-size -1: must not be negative");
}

// The numbers in the graph are those that the file stands for, to the bit.
TEST(StoredForm, GraphHasTheNumbersThatTheRuntimeExpands) {
  converter::Graph graph;
  Random random(3);
  const converter::Dims shape = {40, 33};
  const std::vector<float> weights = random.reals({40, 33});
  const converter::ValueId w = graph.add_constant("w", converter::make_f32(shape, weights));
  const converter::ValueId x = graph.add_value("x", schema::TensorType_F32, {1, 33});
  const converter::ValueId y = graph.add_value("y", schema::TensorType_F32, {1, 40});
  converter::Node& node = graph.insert_node(0, "FullyConnected", "fc");
  node.inputs = {x, w};
  node.outputs = {y};
  for (const int bits : {8, 4}) {
    converter::Graph stored = graph.clone();
    converter::Diagnostics diagnostics;
    converter::store_weights(&stored, {true, bits, 5}, &diagnostics);
    const converter::Value& value = stored.value(w);
    ASSERT_NE(value.stored, nullptr);
    const size_t row_bytes = (33 * static_cast<size_t>(bits) + 7) / 8;
    ASSERT_EQ(value.stored->packed->bytes.size(), 40 * row_bytes);
    for (size_t r = 0; r < 40; ++r)
      for (size_t c = 0; c < 33; ++c) {
        const uint8_t byte = value.stored->packed->bytes[r * row_bytes + c * static_cast<size_t>(bits) / 8];
        const int q =
            bits == 8 ? static_cast<int8_t>(byte) : static_cast<int8_t>(byte << (c % 2 ? 0 : 4)) >> 4;
        const float scale = value.stored->scales[r * 7 + c / 5];
        ASSERT_EQ(value.constant->as<float>()[r * 33 + c], scale * static_cast<float>(q)) << r << " " << c;
        ASSERT_NEAR(value.constant->as<float>()[r * 33 + c], weights[r * 33 + c],
                    bits == 8 ? scale * 0.51f : scale * 4);
      }
  }
}

}  // namespace
}  // namespace octet::testing
