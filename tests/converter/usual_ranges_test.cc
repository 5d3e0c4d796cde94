// SPDX-License-Identifier: Apache-2.0
//
// Usual ranges: what finish_model stores of activations that 1x1 convolutions read, against sorted values of
// the same activation.
#include <algorithm>
#include <random>

#include "tests/converter/graph_runner.h"

namespace octet::testing {
namespace {

constexpr TensorType kS8 = schema::TensorType_S8;
constexpr int64_t kSide = 12, kChannels = 64;
constexpr size_t kSampleCount = 5;

// Of channel k: normal numbers around k - 30, wider for larger k; those of channel 0 are all alike.
// `repeated`: all samples are the same. Every other sample is larger by `drift`.
class Samples : public converter::SampleSource {
 public:
  explicit Samples(bool repeated = false, int drift = 0) : repeated_(repeated), drift_(drift) {}
  size_t size() const override { return kSampleCount; }
  Status rewind() override {
    next_ = 0;
    return Status();
  }
  Status next(std::vector<std::vector<uint8_t>>* inputs, bool* done) override {
    *done = next_ == kSampleCount;
    if (*done) return Status();
    std::mt19937 random(repeated_ ? 1 : next_ + 1);
    const int drift = static_cast<int>(next_++ % 2) * drift_;
    const auto spread = [&random] { return static_cast<int>(random() % 64) - 32; };
    std::vector<int8_t> sample;
    for (int64_t i = 0; i < kSide * kSide; ++i)
      for (int64_t k = 0; k < kChannels; ++k) {
        const auto q =
            static_cast<int>(k == 0 ? 5 : k - 30 + (spread() + spread() + spread()) * k / 128) + drift;
        sample.push_back(static_cast<int8_t>(q));
      }
    const auto* bytes = reinterpret_cast<const uint8_t*>(sample.data());
    inputs->front().assign(bytes, bytes + sample.size());
    return Status();
  }

 private:
  bool repeated_;
  int drift_;
  uint32_t next_ = 0;
};

// x -> Relu -> 1x1 Conv to `outputs` channels; returns Relu's output, in an order of its own.
ValueId build_network(GraphRunner* r, int64_t outputs) {
  const Quantization q = quantization(0.5f, 0);
  const ValueId x = r->input(kS8, {1, kSide, kSide, kChannels}, q);
  const ValueId middle = r->value(kS8, {1, kSide, kSide, kChannels}, quantization(0.5f, -20));
  r->node("Relu", {x}, {middle});
  const std::vector<int8_t> weights(static_cast<size_t>(outputs * kChannels), 3);
  const ValueId w = r->constant(kS8, {outputs, 1, 1, kChannels}, weights,
                                per_channel(std::vector<float>(static_cast<size_t>(outputs), 0.01f)));
  r->node("Conv", {middle, w}, {r->output(kS8, {1, kSide, kSide, outputs}, q)});
  return middle;
}

const schema::Tensor& stored_tensor(const GraphRunner& r, ValueId value) {
  const int index = r.lowered.value_to_tensor[static_cast<size_t>(value)];
  return *r.root().tensors()->Get(static_cast<unsigned>(index));
}

// Relu(x) on all samples, q + 128 of channel k, sorted.
std::vector<int> sorted_values(int64_t channel) {
  Samples samples;
  std::vector<std::vector<uint8_t>> inputs(1);
  std::vector<int> values;
  for (bool done = false;;) {
    EXPECT_TRUE(samples.next(&inputs, &done).ok());
    if (done) break;
    for (size_t i = static_cast<size_t>(channel); i < inputs[0].size(); i += kChannels)
      values.push_back(std::clamp(std::max<int>(static_cast<int8_t>(inputs[0][i]), 0) - 20, -128, 127) + 128);
  }
  std::sort(values.begin(), values.end());
  return values;
}

TEST(UsualRanges, LeaveOutFewOnEachSide) {
  GraphRunner r;
  const ValueId middle = build_network(&r, 64);
  Samples samples;
  const Status status =
      converter::finish_model(r.graph, converter::LowerOptions(), {}, &r.lowered, &r.diagnostics, &samples);
  ASSERT_TRUE(status.ok()) << status.message();
  const schema::Tensor& tensor = stored_tensor(r, middle);
  ASSERT_NE(tensor.usual_low(), nullptr);
  ASSERT_NE(tensor.usual_high(), nullptr);
  ASSERT_EQ(tensor.usual_high()->size(), 64u);
  for (unsigned k = 0; k < 64; ++k) {
    const std::vector<int> values = sorted_values(k);
    const auto outside = static_cast<size_t>(static_cast<double>(values.size()) * 0.002);
    ASSERT_EQ(outside, 1u);
    const int low = values[outside], high = values[values.size() - 1 - outside];
    const int margin = (high - low) / 10 + 1;
    EXPECT_EQ(tensor.usual_high()->Get(k), std::min(high + margin, 255)) << k;
    EXPECT_EQ(tensor.usual_low()->Get(k), std::max(low - margin, 0)) << k;
  }
}

// With samples that are one, or differ much, ranges say nothing about other inputs.
TEST(UsualRanges, OnlyOfSteadySamples) {
  Samples repeated(true), drifting(false, 40);
  for (Samples* samples : {&repeated, &drifting}) {
    GraphRunner r;
    const ValueId middle = build_network(&r, 64);
    ASSERT_TRUE(
        converter::finish_model(r.graph, converter::LowerOptions(), {}, &r.lowered, &r.diagnostics, samples)
            .ok());
    EXPECT_EQ(stored_tensor(r, middle).usual_high(), nullptr);
  }
}

TEST(UsualRanges, OnlyWhereTheyMayPay) {
  GraphRunner few_outputs;
  const ValueId middle = build_network(&few_outputs, 63);
  Samples samples;
  ASSERT_TRUE(converter::finish_model(few_outputs.graph, converter::LowerOptions(), {}, &few_outputs.lowered,
                                      &few_outputs.diagnostics, &samples)
                  .ok());
  EXPECT_EQ(stored_tensor(few_outputs, middle).usual_high(), nullptr);
  GraphRunner no_samples;
  const ValueId other = build_network(&no_samples, 64);
  ASSERT_TRUE(converter::finish_model(no_samples.graph, converter::LowerOptions(), {}, &no_samples.lowered,
                                      &no_samples.diagnostics)
                  .ok());
  EXPECT_EQ(stored_tensor(no_samples, other).usual_high(), nullptr);
}

}  // namespace
}  // namespace octet::testing
