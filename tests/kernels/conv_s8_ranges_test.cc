// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 with hints of the ranges in which inputs lie (ConvS8::input_low): they change no output, wherever
// the inputs lie in truth. Inputs at both ends of their ranges and of s8, weights whose sums reach what s16
// holds, accumulators read as f32 so that no requantization hides a difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/kernels/conv_s8_check.h"

namespace octet::kernels {
namespace {

using testing::Random;

struct Range {
  int low, high;
};

struct NamedRange {
  const char* name;
  std::function<Range(size_t channel, Random* random)> of;
};

const NamedRange kRanges[] = {
    {"all of s8",
     [](size_t, Random*) {
       return Range{0, 255};
     }},
    {"the lowest two values",
     [](size_t, Random*) {
       return Range{0, 1};
     }},
    {"the highest two values",
     [](size_t, Random*) {
       return Range{254, 255};
     }},
    {"a third, low",
     [](size_t, Random*) {
       return Range{0, 85};
     }},
    {"in the middle",
     [](size_t, Random*) {
       return Range{100, 160};
     }},
    {"one channel in seven wide",
     [](size_t k, Random*) {
       return Range{0, k % 7 == 0 ? 255 : 20};
     }},
    {"anywhere",
     [](size_t, Random* random) {
       const int low = static_cast<int>(random->in_range(0, 254));
       return Range{low, static_cast<int>(random->in_range(low + 1, 255))};
     }},
};

struct NamedInput {
  const char* name;
  std::function<int(const Range& range, Random* random)> of;  // q + 128
};

const NamedInput kInputs[] = {
    {"the highest of the range", [](const Range& r, Random*) { return r.high; }},
    {"an end of the range",
     [](const Range& r, Random* random) { return random->one_in(2) ? r.high : r.low; }},
    {"inside, few outside",
     [](const Range& r, Random* random) {
       return static_cast<int>(random->one_in(50) ? random->in_range(0, 255)
                                                  : random->in_range(r.low, r.high));
     }},
    {"the highest of all", [](const Range&, Random*) { return 255; }},
    {"the lowest of all", [](const Range&, Random*) { return 0; }},
    {"anything", [](const Range&, Random* random) { return static_cast<int>(random->in_range(0, 255)); }},
};

struct NamedWeight {
  const char* name;
  std::function<int(size_t o, size_t k, Random* random)> of;
};

const NamedWeight kWeights[] = {
    {"all 127", [](size_t, size_t, Random*) { return 127; }},
    {"all -127", [](size_t, size_t, Random*) { return -127; }},
    {"127 and -127 in turn", [](size_t o, size_t k, Random*) { return (o + k) % 2 != 0 ? 127 : -127; }},
    {"one output heavy", [](size_t o, size_t, Random* random) { return o == 3 ? 127 : random->s8() / 16; }},
    {"anything", [](size_t, size_t, Random* random) { return static_cast<int>(random->s8(-127)); }},
    {"light", [](size_t, size_t, Random* random) { return random->s8(-127) / 5; }},
};

const ConvShape kShapes[] = {
    square(1, 1, 64, 8, 1, 1, 0),   square(1, 5, 1, 16, 1, 1, 0),   square(1, 9, 2, 17, 1, 1, 0),
    square(2, 7, 3, 33, 1, 1, 0),   square(3, 3, 30, 24, 1, 1, 0),  square(1, 19, 33, 7, 1, 1, 0),
    square(7, 9, 63, 16, 1, 2, 0),  square(1, 6, 515, 16, 1, 1, 0), square(2, 2, 1030, 20, 1, 1, 0, 1, 1, 2),
    square(1, 211, 24, 40, 1, 1, 0)};

struct Hints {
  std::vector<uint8_t> low, high;
};

// Hints in `test`, which point at `hints`, and inputs.
void set_ranges(const NamedRange& range, const NamedInput& input, Random* random, Hints* hints,
                ConvCase* test) {
  const size_t channels = test->conv.input_channels;
  hints->low.assign(channels + 32, 0xee);
  hints->high.assign(channels + 32, 0x11);
  for (size_t k = 0; k < channels; ++k) {
    const Range r = range.of(k, random);
    hints->low[k] = static_cast<uint8_t>(r.low);
    hints->high[k] = static_cast<uint8_t>(r.high);
  }
  for (size_t i = 0; i < test->input.size(); ++i) {
    const Range r = {hints->low[i % channels], hints->high[i % channels]};
    test->input[i] = static_cast<int8_t>(input.of(r, random) - 128);
  }
  const bool all_zero = std::all_of(hints->low.begin(), hints->low.begin() + static_cast<ptrdiff_t>(channels),
                                    [](uint8_t low) { return low == 0; });
  test->conv.input_low = all_zero && random->one_in(2) ? nullptr : hints->low.data();
  test->conv.input_high = hints->high.data();
}

TEST(ConvS8Ranges, ChangeNoOutput) {
  size_t count = 0, checked = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  uint64_t seed = testing::test_seed(1);
  for (const ConvShape& shape : kShapes)
    for (const NamedWeight& weight : kWeights)
      for (const NamedRange& range : kRanges)
        for (const NamedInput& input : kInputs) {
          ConvCase test(shape, ConvData::kRandom, checked % 5 == 0 ? ConvOutput::kS8 : ConvOutput::kF32,
                        ++seed);
          Random random(seed);
          for (size_t i = 0; i < test.weights.size(); ++i)
            test.weights[i] = static_cast<int8_t>(weight.of(i / shape.channels, i % shape.channels, &random));
          Hints hints;
          set_ranges(range, input, &random, &hints, &test);
          ConvS8 unknown = test.conv;
          unknown.input_low = unknown.input_high = nullptr;
          for (size_t i = 0; i + 1 < count; ++i) {
            // Those that need the hints: the others have tests that give none.
            if (!detect_cpu_features().can_run(rows[i]->feature) || !rows[i]->supports(test.conv) ||
                rows[i]->supports(unknown))
              continue;
            ++checked;
            ASSERT_EQ(difference_from_reference(*rows[i], test, seed), "")
                << "weights: " << weight.name << ", ranges: " << range.name << ", inputs: " << input.name;
          }
        }
  RecordProperty("checked", static_cast<int>(checked));
}

// The choice: by the ranges, where they are known and narrow, and by how much there is to do.
TEST(ConvS8Ranges, NarrowOnesPay) {
  if (!detect_cpu_features().can_run(kAvx2)) GTEST_SKIP() << "this CPU has no AVX2";
  const auto choice = [](size_t pixels, size_t channels, size_t outputs, int high) {
    ConvCase test(square(1, pixels, channels, outputs, 1, 1, 0), ConvData::kRandom, ConvOutput::kS8, 1);
    Hints hints;
    Random random(1);
    const NamedRange range = {"", [high](size_t, Random*) { return Range{0, high}; }};
    if (high > 0) set_ranges(range, kInputs[0], &random, &hints, &test);
    return std::string(select_conv_s8(test.conv, CpuFeatures{kAvx2}).name);
  };
  const std::string split = "conv_s8_gemm_4x16_split_avx2";
  EXPECT_EQ(choice(196, 256, 256, 30), split);
  EXPECT_NE(choice(196, 256, 256, 255), split);
  EXPECT_NE(choice(196, 256, 256, 0), split);  // unknown
  EXPECT_NE(choice(196, 256, 8, 30), split);
  EXPECT_NE(choice(1, 256, 256, 30), split);
}

}  // namespace
}  // namespace octet::kernels
