// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "converter/lower/linear.h"
#include "converter/repair/node_walk.h"
#include "converter/repair/repair.h"
#include "quantize_graph.h"
#include "runtime/session.h"
#include "tests/testing/random.h"

namespace octet::converter {
namespace {

constexpr uint64_t kSeed = 11;
constexpr size_t kSamples = 12;

// Random f32 images for one input.
class RandomSamples : public SampleSource {
 public:
  explicit RandomSamples(size_t elements) : elements_(elements) {}
  size_t size() const override { return kSamples; }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == kSamples;
    if (*done) return Status();
    testing::Random random(kSeed + next_++);
    std::vector<float> data(elements_);
    for (float& x : data) x = random.f32(-0.5f, 1.0f);
    if (next_ == bad_sample) data[elements_ / 2] = NAN;
    (*inputs)[0].resize(elements_ * 4);
    std::memcpy((*inputs)[0].data(), data.data(), elements_ * 4);
    return Status();
  }
  size_t bad_sample = 0;

 private:
  size_t elements_, next_ = 0;
};

// Depthwise 3x3 (few weights a channel, large rounding shifts) -> Conv 1x1 -> HardSwish -> Conv 1x1.
struct Network : QuantizeGraph {
  ValueId x, last;
  RandomSamples samples{8 * 8 * 16};
  ConvertOptions options;

  Network() {
    x = input("x", {1, 8, 8, 16}, {});
    const std::vector<int64_t> three = {3, 3}, ones = {1, 1, 1, 1}, one = {1, 1};
    const ValueId d =
        node("Conv", "d", {x, random("dw", {16, 3, 3, 1}), random("db", {16})}, {1, 8, 8, 16}, {},
             {{"kernel_shape", three}, {"pads", ones}, {"group", int64_t{16}}, {"activation_min", 0.0f}});
    const ValueId p =
        node("Conv", "p", {d, random("pw", {16, 1, 1, 16})}, {1, 8, 8, 16}, {}, {{"kernel_shape", one}});
    const ValueId h = node("HardSwish", "h", {p}, {1, 8, 8, 16}, {});
    last = node("Conv", "o", {h, random("ow", {16, 1, 1, 16}), random("ob", {16})}, {1, 8, 8, 16}, {},
                {{"kernel_shape", one}});
    output(last);
    ranges.clear();
    options.samples = &samples;
  }

  ValueId random(const std::string& name, Dims shape) {
    testing::Random random(kSeed + name.size() + static_cast<uint64_t>(name[0]));
    size_t elements = 1;
    for (int64_t dim : shape) elements *= static_cast<size_t>(dim);
    std::vector<float> data(elements);
    for (float& w : data) w = random.f32(-0.3f, 0.3f) * (random.one_in(9) ? 8.0f : 1.0f);
    return constant(name, std::move(shape), data);
  }

  Status calibrated() {
    size_t count = 0;
    return calibrate(graph, options, &ranges, &diagnostics, &count);
  }
};

// Every output for every sample, in a row.
std::vector<float> run_all(const Graph& graph, SampleSource* samples) {
  LoweredModel lowered;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  std::vector<float> results;
  EXPECT_TRUE(lower(graph, LowerOptions(), &lowered, nullptr).ok());
  EXPECT_TRUE(Model::load_memory(lowered.data(), lowered.bytes, &model).ok());
  EXPECT_TRUE(Session::create(*model, SessionOptions(), &session).ok());
  std::vector<std::vector<uint8_t>> inputs(1);
  EXPECT_TRUE(samples->rewind().ok());
  for (bool done = false;;) {
    EXPECT_TRUE(samples->next(&inputs, &done).ok());
    if (done) return results;
    EXPECT_TRUE(session->set_input(0, inputs[0].data(), inputs[0].size()).ok());
    session->run();
    std::vector<float> output(8 * 8 * 16);
    EXPECT_TRUE(session->get_output(0, output.data(), output.size() * 4).ok());
    results.insert(results.end(), output.begin(), output.end());
  }
}

// The mean over channels of |mean of the channel's error|.
double shift(const std::vector<float>& actual, const std::vector<float>& expected) {
  double total = 0;
  for (size_t c = 0; c < 16; ++c) {
    double sum = 0;
    for (size_t i = c; i < actual.size(); i += 16) sum += static_cast<double>(actual[i]) - expected[i];
    total += std::fabs(sum / (static_cast<double>(actual.size()) / 16));
  }
  return total / 16;
}

TEST(CorrectBias, TakesTheShiftOutOfEveryChannel) {
  Network network;
  ASSERT_TRUE(network.calibrated().ok());
  const Graph reference = network.graph.clone();
  const std::vector<float> expected = run_all(reference, &network.samples);
  ASSERT_TRUE(network.quantize_all().ok());
  EXPECT_NE(network.find("p"), nullptr);
  EXPECT_TRUE(network.find("p")->has("table"));
  const double before = shift(run_all(network.graph, &network.samples), expected);
  const Status status = repair(reference, network.options, &network.graph, &network.diagnostics);
  ASSERT_TRUE(status.ok()) << status.message();
  const double after = shift(run_all(network.graph, &network.samples), expected);
  EXPECT_LT(after, before / 5) << "before " << before;
  EXPECT_EQ(network.find("p")->inputs.size(), 3u);  // it had no bias
}

// The lowered bytes after the repairs, on `threads`.
std::vector<uint8_t> repaired(const std::string& round, size_t threads) {
  Network network;
  EXPECT_TRUE(network.calibrated().ok());
  const Graph reference = network.graph.clone();
  EXPECT_TRUE(network.quantize_all().ok());
  network.options.repair.round = round;
  network.options.threads = threads;
  const Status status = repair(reference, network.options, &network.graph, &network.diagnostics);
  EXPECT_TRUE(status.ok()) << status.message();
  for (const auto& node : network.graph.nodes)
    if (node->op == "Conv") {
      EXPECT_TRUE(prove_accumulator(network.graph, *node).ok()) << node->name;
    }
  LoweredModel lowered;
  EXPECT_TRUE(lower(network.graph, LowerOptions(), &lowered, nullptr).ok());
  return std::vector<uint8_t>(lowered.data(), lowered.data() + lowered.bytes);
}

TEST(Repair, GivesTheSameBytesOnAnyNumberOfThreads) {
  for (const char* round : {"nearest", "gptq", "descent", "admm"}) {
    const std::vector<uint8_t> one = repaired(round, 1);
    EXPECT_EQ(one, repaired(round, 2)) << round;
    EXPECT_EQ(one, repaired(round, 3)) << round;
  }
  EXPECT_NE(repaired("gptq", 1), repaired("nearest", 1));
}

TEST(Repair, SaysWhatItGained) {
  Network network;
  ASSERT_TRUE(network.calibrated().ok());
  const Graph reference = network.graph.clone();
  ASSERT_TRUE(network.quantize_all().ok());
  ASSERT_TRUE(repair(reference, network.options, &network.graph, &network.diagnostics).ok());
  size_t layers = 0;
  for (const Diagnostic& item : network.diagnostics.items())
    layers += item.stage == "round" && item.message.find("output SQNR of its weights") == 0;
  EXPECT_EQ(layers, 3u);
}

TEST(Repair, UnknownRoundingsAreNamed) {
  Network network;
  network.options.repair.round = "upwards";
  const Status status = repair(network.graph, network.options, &network.graph, &network.diagnostics);
  EXPECT_NE(status.message().find("rounding 'upwards': must be one of nearest, gptq, descent, admm"), std::string::npos);
}

TEST(NodeWalk, ComputesTheBytesOfTheWholeGraph) {
  Network network;
  ASSERT_TRUE(network.calibrated().ok());
  ASSERT_TRUE(network.quantize_all().ok());
  LoweredModel lowered;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  ASSERT_TRUE(lower(network.graph, LowerOptions(), &lowered, nullptr).ok());
  ASSERT_TRUE(Model::load_memory(lowered.data(), lowered.bytes, &model).ok());
  SessionOptions options;
  options.keep_all_tensors = true;
  ASSERT_TRUE(Session::create(*model, options, &session).ok());
  std::vector<std::vector<uint8_t>> inputs(1);
  bool done = false;
  ASSERT_TRUE(network.samples.rewind().ok());
  ASSERT_TRUE(network.samples.next(&inputs, &done).ok());
  ASSERT_TRUE(session->set_input(0, inputs[0].data(), inputs[0].size()).ok());
  const auto bytes_of = [](const Tensor& tensor) {
    const auto* data = static_cast<const uint8_t*>(tensor.data);
    return Bytes(data, data + tensor.bytes);
  };
  NodeWalk walk(network.graph, 1);
  walk.set_input(network.x, 0, bytes_of(session->input(0)));
  session->run();
  for (const auto& node : network.graph.nodes) {
    ASSERT_TRUE(walk.run(*node).ok());
    const int tensor = lowered.value_to_tensor[static_cast<size_t>(node->outputs[0])];
    EXPECT_EQ(walk.bytes(node->outputs[0], 0), bytes_of(session->tensor(static_cast<size_t>(tensor))))
        << node->name;
    walk.release(*node);
  }
  EXPECT_GE(peak_activation_bytes(network.graph), 2u * 8 * 8 * 16);
}

TEST(Calibrate, NamesTheSampleAndTensorThatAreNotFinite) {
  Network network;
  network.samples.bad_sample = 3;
  const Status status = network.calibrated();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "calibration sample 3: NaN in input 'x'; must be finite");
}

TEST(Calibrate, OverflowInsideTheNetworkIsFoundWhereItArises) {
  QuantizeGraph g;
  const ValueId x = g.input("x", {1, 8, 8, 16}, {});
  const ValueId huge = g.constant("huge", {}, {3e38f});
  g.output(g.node("Mul", "y", {g.node("Add", "a", {x, huge}, {1, 8, 8, 16}, {}), huge}, {1, 8, 8, 16}, {}));
  RandomSamples samples(8 * 8 * 16);
  ConvertOptions options;
  options.samples = &samples;
  size_t count = 0;
  const Status status = calibrate(g.graph, options, &g.ranges, &g.diagnostics, &count);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "calibration sample 1: Inf in tensor 'y'; must be finite");
}

TEST(Calibrate, NoSamplesIsAnErrorAndUnknownMethodsAreNamed) {
  Network network;
  network.options.samples = nullptr;
  EXPECT_FALSE(network.calibrated().ok());
  network.options.samples = &network.samples;
  network.options.ranges.method = "guess";
  EXPECT_NE(network.calibrated().message().find("'guess'"), std::string::npos);
}

}  // namespace
}  // namespace octet::converter
