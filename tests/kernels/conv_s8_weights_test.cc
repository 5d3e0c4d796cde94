// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 kernels that depend on the weights, for sums in s16 that must not saturate: weights whose sums
// stand at the borders of what fits (conv_s8_windows_avx2.h: 128 for two, 254 for three;
// conv_s8_gemm_4x4_inorder_aarch64.cc: 255 for four that stand eight apart), inputs at
// both extremes, accumulators read as f32 so that no requantization hides a difference.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "tests/kernels/conv_s8_check.h"

namespace octet::kernels {
namespace {

using testing::Random;

// The weight of element k of output channel o.
using Pattern = std::function<int(size_t o, size_t k, Random* random)>;

struct Named {
  const char* name;
  Pattern weight;
};

// Two neighbours from an even k on sum up to `sum`, in many ways.
int pair_summing_to(int sum, size_t o, size_t k) {
  const int size = sum < 0 ? -sum : sum;
  const int low = size > 127 ? size - 127 : 0, high = size < 127 ? size : 127;
  const int first = low + static_cast<int>((k / 2 * 29 + o * 13) % static_cast<size_t>(high - low + 1));
  const int part = k % 2 == 0 ? first : size - first;
  return sum < 0 ? -part : part;
}

// The sum of four dice: about normal, as the weights of networks are.
int normal(Random* random) {
  const int sum = random->s8(-127) + random->s8(-127) + random->s8(-127) + random->s8(-127);
  return sum / 3 > 127 ? 127 : sum / 3 < -127 ? -127 : sum / 3;
}

const Named kPatterns[] = {
    {"all 127", [](size_t, size_t, Random*) { return 127; }},
    {"all -127", [](size_t, size_t, Random*) { return -127; }},
    {"127 and -127 in turn", [](size_t o, size_t k, Random*) { return (o + k) % 2 != 0 ? 127 : -127; }},
    {"all 64: pairs of 128", [](size_t, size_t, Random*) { return 64; }},
    {"all -64: pairs of -128", [](size_t, size_t, Random*) { return -64; }},
    {"all 32: two pairs of 64 merge", [](size_t, size_t, Random*) { return 32; }},
    {"-32 or -33: two pairs of -64 to -66",
     [](size_t, size_t, Random* random) { return random->one_in(9) ? -33 : -32; }},
    {"pairs of 128", [](size_t o, size_t k, Random*) { return pair_summing_to(128, o, k); }},
    {"pairs of 129", [](size_t o, size_t k, Random*) { return pair_summing_to(129, o, k); }},
    {"pairs of -128", [](size_t o, size_t k, Random*) { return pair_summing_to(-128, o, k); }},
    {"pairs of -129", [](size_t o, size_t k, Random*) { return pair_summing_to(-129, o, k); }},
    {"pairs of 70 to 129",
     [](size_t o, size_t k, Random*) {
       return pair_summing_to(129 - static_cast<int>((k / 2 * 7 + o) % 60), o, k);
     }},
    {"three of 253 to 255",
     [](size_t o, size_t k, Random*) {
       return k % 3 == 0 ? 127 : k % 3 == 1 ? 126 + static_cast<int>(o % 2) : static_cast<int>(o / 2 % 2);
     }},
    {"four of 254 to 256, each in another eight",
     [](size_t, size_t k, Random*) { return k / 8 % 4 == 0 ? 63 : 64; }},
    {"four of -254 to -256", [](size_t, size_t k, Random*) { return k / 8 % 4 == 3 ? -63 : -64; }},
    {"one channel heavy", [](size_t o, size_t, Random* random) { return o == 3 ? 127 : normal(random) / 4; }},
    {"borders",
     [](size_t, size_t, Random* random) {
       constexpr int kBorders[] = {0, 1, -1, 63, -63, 64, -64, 65, -65, 127, -127};
       return kBorders[random->next() % 11];
     }},
    {"normal", [](size_t, size_t, Random* random) { return normal(random); }},
    {"normal, light", [](size_t, size_t, Random* random) { return normal(random) / 3; }},
    {"nearly none", [](size_t, size_t, Random* random) { return random->one_in(9) ? random->s8(-127) : 0; }},
};

// All at one extreme, or each at one of both.
void fill_input(int kind, Random* random, std::vector<int8_t>* input) {
  for (int8_t& x : *input) {
    const bool high = kind == 0 || (kind == 2 && random->one_in(2));
    x = high ? int8_t{127} : int8_t{-128};
  }
}

const ConvShape kShapes[] = {
    square(1, 1, 64, 8, 1, 1, 0),   square(1, 1, 131, 21, 1, 1, 0),
    square(3, 3, 9, 5, 3, 1, 0),  // one output pixel
    square(1, 5, 1, 16, 1, 1, 0),   square(1, 9, 2, 17, 1, 1, 0),
    square(1, 4, 3, 16, 1, 1, 0),   square(1, 11, 5, 8, 1, 1, 0),
    square(2, 3, 8, 24, 1, 1, 0),   square(1, 6, 19, 40, 1, 1, 0),
    square(1, 4, 64, 32, 1, 1, 0),  square(3, 3, 5, 16, 3, 1, 1),
    square(4, 4, 17, 20, 3, 2, 1),  square(1, 2, 515, 16, 1, 1, 0),
    square(1, 5, 1030, 7, 1, 1, 0), square(3, 2, 130, 16, 3, 1, 1),
};

TEST(ConvS8Weights, SumsAtTheBorders) {
  size_t count = 0, checked = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  const uint64_t seed = testing::test_seed(1);
  for (const Named& pattern : kPatterns)
    for (const ConvShape& shape : kShapes)
      for (int kind = 0; kind < 3; ++kind) {
        ConvCase test(shape, ConvData::kRandom, ConvOutput::kF32, seed);
        Random random(seed);
        const size_t terms = test.weights.size() / shape.outputs;
        for (size_t i = 0; i < test.weights.size(); ++i)
          test.weights[i] = static_cast<int8_t>(pattern.weight(i / terms, i % terms, &random));
        fill_input(kind, &random, &test.input);
        for (size_t i = 0; i + 1 < count; ++i) {
          if (!detect_cpu_features().can_run(rows[i]->feature) || !rows[i]->supports(test.conv)) continue;
          ++checked;
          ASSERT_EQ(difference_from_reference(*rows[i], test, seed), "")
              << "weights: " << pattern.name << ", inputs: " << kind;
        }
      }
  EXPECT_GT(checked, 0u);
}

}  // namespace
}  // namespace octet::kernels
