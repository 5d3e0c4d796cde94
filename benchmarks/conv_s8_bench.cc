// SPDX-License-Identifier: Apache-2.0
//
// Google Benchmark of every conv_s8 row that this CPU can run, on layers of the
// shared networks. Counts useful multiply-accumulates (GMAC/s, and as percent of what one
// core of this machine can do with the row's instruction set), and compares each answer with
// the reference before it is timed.
//
//   conv_s8_bench --benchmark_filter=avx2
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/conv_s8.h"
#include "tests/kernels/conv_s8_case.h"
#include "tools/hardware/limits.h"

namespace octet::kernels {
namespace {

struct Layer {
  const char* name;
  ConvShape shape;
};

const Layer kLayers[] = {
    {"mobilenet_v2/first", square(224, 224, 3, 32, 3, 2, 1)},
    {"mobilenet_v2/pointwise_112_32_16", square(112, 112, 32, 16, 1, 1, 0)},
    {"mobilenet_v2/pointwise_112_16_96", square(112, 112, 16, 96, 1, 1, 0)},
    {"mobilenet_v2/pointwise_56_24_144", square(56, 56, 24, 144, 1, 1, 0)},
    {"mobilenet_v2/pointwise_56_144_24", square(56, 56, 144, 24, 1, 1, 0)},
    {"mobilenet_v2/pointwise_28_32_192", square(28, 28, 32, 192, 1, 1, 0)},
    {"mobilenet_v2/pointwise_28_192_32", square(28, 28, 192, 32, 1, 1, 0)},
    {"mobilenet_v2/pointwise_14_64_384", square(14, 14, 64, 384, 1, 1, 0)},
    {"mobilenet_v2/pointwise_14_576_96", square(14, 14, 576, 96, 1, 1, 0)},
    {"mobilenet_v2/pointwise_7_160_960", square(7, 7, 160, 960, 1, 1, 0)},
    {"mobilenet_v2/pointwise_7_960_160", square(7, 7, 960, 160, 1, 1, 0)},
    {"mobilenet_v2/pointwise_7_320_1280", square(7, 7, 320, 1280, 1, 1, 0)},
    {"mobilenet_v2/depthwise_112_96_s2", square(112, 112, 96, 96, 3, 2, 1, 96)},
    {"mobilenet_v2/depthwise_112_32", square(112, 112, 32, 32, 3, 1, 1, 32)},
    {"mobilenet_v2/depthwise_56_144_s2", square(56, 56, 144, 144, 3, 2, 1, 144)},
    {"mobilenet_v2/depthwise_14_576_s2", square(14, 14, 576, 576, 3, 2, 1, 576)},
    {"mobilenet_v3/depthwise_28_120_5x5", square(28, 28, 120, 120, 5, 1, 2, 120)},
    {"mobilenet_v3/depthwise_14_672_5x5_s2", square(14, 14, 672, 672, 5, 2, 2, 672)},
    {"mobilenet_v2/depthwise_56_144", square(56, 56, 144, 144, 3, 1, 1, 144)},
    {"mobilenet_v2/depthwise_14_576", square(14, 14, 576, 576, 3, 1, 1, 576)},
    {"mobilenet_v2/depthwise_7_960", square(7, 7, 960, 960, 3, 1, 1, 960)},
    {"mobilenet_v1_025/depthwise_48_8", square(48, 48, 8, 8, 3, 1, 1, 8)},
    {"resnet/first_7x7", square(224, 224, 3, 64, 7, 2, 3)},
    {"ultraface/first", square(240, 320, 3, 16, 3, 2, 1)},
    {"mobilenet_v1_025/first_96_8", square(96, 96, 3, 8, 3, 2, 1)},
    {"resnet8/first", square(32, 32, 3, 16, 3, 1, 1)},
    {"mnist/first", square(28, 28, 1, 8, 5, 1, 2)},
    {"resnet8/conv_32_16", square(32, 32, 16, 16, 3, 1, 1)},
    {"resnet8/conv_8_64", square(8, 8, 64, 64, 3, 1, 1)},
    {"resnet18/conv_56_64", square(56, 56, 64, 64, 3, 1, 1)},
    {"resnet18/conv_28_128", square(28, 28, 128, 128, 3, 1, 1)},
    {"resnet18/conv_14_256", square(14, 14, 256, 256, 3, 1, 1)},
    {"resnet18/conv_7_512", square(7, 7, 512, 512, 3, 1, 1)},
    {"resnet50/pointwise_56_64_256", square(56, 56, 64, 256, 1, 1, 0)},
    {"resnet50/pointwise_56_256_64", square(56, 56, 256, 64, 1, 1, 0)},
    {"resnet50/pointwise_28_128_512", square(28, 28, 128, 512, 1, 1, 0)},
    {"resnet50/pointwise_28_512_1024_s2", square(28, 28, 512, 1024, 1, 2, 0)},
    {"resnet50/pointwise_7_512_2048", square(7, 7, 512, 2048, 1, 1, 0)},
    {"resnet50/fully_connected_2048_1000", square(1, 1, 2048, 1000, 1, 1, 0)},
    {"mobilenet_v3/pointwise_14_112_672", square(14, 14, 112, 672, 1, 1, 0)},
    {"mobilenet_v3/pointwise_28_40_120", square(28, 28, 40, 120, 1, 1, 0)},
    {"squeezenet/first_7x7", square(224, 224, 3, 96, 7, 2, 0)},
    {"squeezenet/expand_54_16_64", square(54, 54, 16, 64, 3, 1, 1)},
    {"squeezenet/squeeze_54_128_16", square(54, 54, 128, 16, 1, 1, 0)},
    {"squeezenet/classifier_13_512_1000", square(13, 13, 512, 1000, 1, 1, 0)},
    {"dscnn/first_10x4", ConvShape{1, 49, 10, 1, 64, 10, 4, 2, 2, 1, 1, 4, 1, 5, 1, 1}},
    {"dscnn/depthwise_25x5_64", square(25, 5, 64, 64, 3, 1, 1, 64)},
    {"ultraface/dilated_30x40_16", square(30, 40, 16, 16, 3, 1, 3, 1, 3)},
    {"ssdlite/head_10_1280_546", square(10, 10, 1280, 546, 1, 1, 0)},
    {"autoencoder/fully_connected_640_128", square(1, 1, 640, 128, 1, 1, 0)},
    {"mobilenet_v2/fully_connected_1280_1000", square(1, 1, 1280, 1000, 1, 1, 0)},
};

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};
using AlignedMemory = std::unique_ptr<void, FreeDeleter>;

AlignedMemory allocate(size_t bytes) {
  return AlignedMemory(std::aligned_alloc(64, (bytes + 127) / 64 * 64));
}

bool equals_reference(const ConvCase& test, const std::vector<int8_t>& output) {
  std::vector<int8_t> expected(output.size());
  conv_s8_reference(test.conv, test.input.data(), expected.data());
  return expected == output;
}

// Weights as networks have them: about normally distributed, the largest of each channel 127. Some kernels
// depend on them.
void fill_normal_weights(ConvCase* test) {
  testing::Random random(2);
  const size_t terms = test->weights.size() / test->conv.output_channels;
  std::vector<double> channel(terms);
  for (size_t o = 0; o < test->conv.output_channels; ++o) {
    double largest = 1e-9;
    for (double& w : channel) {
      w = 0;
      for (int i = 0; i < 12; ++i) w += random.f32(-0.5f, 0.5f);
      largest = std::max(largest, std::abs(w));
    }
    for (size_t k = 0; k < terms; ++k)
      test->weights[o * terms + k] = static_cast<int8_t>(std::lround(channel[k] / largest * 127));
  }
}

// Ranges of input channels as networks have them behind a ReLU: from 16 to all values, half of them below 64;
// one input in 300 lies outside.
struct Ranges {
  std::vector<uint8_t> low, high;

  explicit Ranges(ConvCase* test) {
    testing::Random random(3);
    const size_t channels = test->conv.input_channels;
    low.assign(channels + 32, 0);
    for (size_t k = 0; k < channels + 32; ++k)
      high.push_back(static_cast<uint8_t>(std::min(255.0f, std::exp2(random.f32(4.0f, 8.0f)))));
    for (size_t i = 0; i < test->input.size(); ++i) {
      const int most = random.one_in(300) ? 255 : high[i % channels];
      test->input[i] = static_cast<int8_t>(random.in_range(0, most) - 128);
    }
    test->conv.input_low = low.data();
    test->conv.input_high = high.data();
  }
};

void run_layer(benchmark::State& state, const ConvS8Kernel& kernel, const Layer& layer) {
  ConvCase test(layer.shape, ConvData::kRandom, ConvOutput::kS8, 1);
  // Shifts as networks have them: left shifts are rare and cost extra.
  for (int8_t& p : test.right_shift) p = layer.shape.groups > 1 ? 3 : 8;
  fill_normal_weights(&test);
  const Ranges ranges(&test);
  const ConvS8& c = test.conv;
  if (!kernel.supports(c)) return state.SkipWithError("not supported with these weights");
  const AlignedMemory packed = allocate(kernel.packed_bytes(c)), scratch = allocate(kernel.scratch_bytes(c));
  kernel.pack(c, packed.get());
  std::vector<int8_t> output(test.output_span());
  const size_t items = kernel.items(c);
  kernel.run(c, packed.get(), test.input.data(), output.data(), 0, items, scratch.get());
  if (!equals_reference(test, output)) return state.SkipWithError("differs from the reference");
  for (auto _ : state) {
    kernel.run(c, packed.get(), test.input.data(), output.data(), 0, items, scratch.get());
    benchmark::ClobberMemory();
  }
  const size_t macs = c.batch * c.output_height * c.output_width * c.output_channels * c.kernel_height *
                      c.kernel_width * (c.input_channels / c.groups);
  state.counters["GMAC/s"] =
      benchmark::Counter(static_cast<double>(macs) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  if (const double limit = tools::hardware_limit_s8(kernel.feature))
    state.counters["% of limit"] = benchmark::Counter(static_cast<double>(macs) * 1e-7 / limit,
                                                      benchmark::Counter::kIsIterationInvariantRate);
}

void register_all() {
  size_t count = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  for (const Layer& layer : kLayers) {
    ConvCase test(layer.shape, ConvData::kTies, ConvOutput::kS8, 1);
    const Ranges ranges(&test);
    for (size_t i = 0; i + 1 < count; ++i) {  // all but the reference
      const ConvS8Kernel& kernel = *rows[i];
      if (!detect_cpu_features().can_run(kernel.feature) || !kernel.supports(test.conv)) continue;
      benchmark::RegisterBenchmark((std::string(layer.name) + "/" + kernel.name).c_str(), run_layer,
                                   std::cref(kernel), std::cref(layer));
    }
  }
}

}  // namespace
}  // namespace octet::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  octet::kernels::register_all();
  for (const octet::tools::Limit& limit : octet::tools::hardware_limits())
    benchmark::AddCustomContext(std::string("limit ") + limit.name, std::to_string(limit.gmacs) + " GMAC/s");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
