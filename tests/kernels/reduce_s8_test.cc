// SPDX-License-Identifier: Apache-2.0
//
// reduce_s8, arg_reduce and softmax_s8: each kernel equals its reference, and the references an
// independent computation (sums and softmax: within one step of the ideal real result).
#include "kernels/reduce_s8.h"

#include <algorithm>
#include <limits>

#include "kernels/arg_reduce.h"
#include "kernels/softmax_s8.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

struct ReduceCase {
  ReduceS8 reduce;
  size_t outer;
  double scale;  // of a sum: effective scale
};

ReduceCase random_reduce(ReduceKindS8 kind, size_t outer, size_t reduced, size_t inner, Random* random) {
  const double scale = std::exp2(random->f32(-2, 2)) / static_cast<double>(reduced);
  const FixedPoint k = fixed_point(scale);
  return {{kind, reduced, inner, random_zero_point(random), random_zero_point(random), k.multiplier,
           k.right_shift, random->one_in(2) ? -128 : -20, random->one_in(2) ? 127 : 50},
          outer,
          scale};
}

void check_reference(const ReduceCase& test, const std::vector<int8_t>& input, int8_t* output) {
  const ReduceS8& r = test.reduce;
  for (size_t i = 0; i < test.outer * r.inner; ++i) {
    int64_t sum = 0;
    int max = -1000, min = 1000;
    for (size_t k = 0; k < r.reduced; ++k) {
      const int q = input[(i / r.inner * r.reduced + k) * r.inner + i % r.inner];
      sum += q - r.input_zero_point;
      max = std::max(max, q);
      min = std::min(min, q);
    }
    if (r.kind != ReduceKindS8::kSum) {
      ASSERT_EQ(output[i], r.kind == ReduceKindS8::kMax ? max : min);
      continue;
    }
    const int32_t ideal = ideal_s8(static_cast<double>(sum) * test.scale, r.output_zero_point);
    ASSERT_LE(std::abs(output[i] - std::min(r.output_max, std::max(r.output_min, ideal))), 1);
  }
}

void check_reduce(const ReduceCase& test, Random* random) {
  std::vector<int8_t> input = random_s8(random, test.outer * test.reduce.reduced * test.reduce.inner);
  if (random->one_in(4)) std::fill(input.begin(), input.end(), random->one_in(2) ? -128 : 127);
  const size_t items = test.outer * test.reduce.inner;
  Poisoned<int8_t> expected(items);
  reduce_s8_reference(test.reduce, input.data(), expected.data(), 0, items);
  check_reference(test, input, expected.data());
  for (const auto& row : runnable(reduce_s8_kernels())) {
    Guarded<int8_t> guarded(input);
    Poisoned<int8_t> output(items);
    for (size_t first = 0; first < items;) {
      const size_t last =
          first + static_cast<size_t>(random->in_range(1, static_cast<int64_t>(items - first)));
      row.run(test.reduce, guarded.data(), output.data(), first, last);
      first = last;
    }
    EXPECT_TRUE(output == expected) << row.name << ": " << test.outer << " x " << test.reduce.reduced << " x "
                                    << test.reduce.inner;
  }
}

constexpr ReduceKindS8 kKinds[] = {ReduceKindS8::kSum, ReduceKindS8::kMax, ReduceKindS8::kMin};

TEST(ReduceS8, RaggedShapes) {
  Random random = seeded(30);
  for (const ReduceKindS8 kind : kKinds)
    for (size_t inner = 1; inner < 150; inner += inner < 40 ? 1 : 9)
      for (const size_t reduced : {1, 2, 5, 49})
        check_reduce(random_reduce(kind, inner % 3 + 1, reduced, inner, &random), &random);
}

// Sums far beyond s16, and the last axis alone.
TEST(ReduceS8, LongSums) {
  Random random = seeded(31);
  for (const ReduceKindS8 kind : kKinds)
    for (const size_t reduced : {255, 256, 257, 1000, 12544})
      for (const size_t inner : {1, 7, 16, 40})
        check_reduce(random_reduce(kind, 2, reduced, inner, &random), &random);
}

// The largest sum allowed, at both ends: acc and its rounding term still fit in s32.
TEST(ReduceS8, LargestSum) {
  const size_t reduced = (size_t{1} << 22) - 1;
  for (const int8_t value : {int8_t{-128}, int8_t{127}}) {
    const int32_t zero_point = value < 0 ? 127 : -128;
    const FixedPoint k = fixed_point(1.0 / static_cast<double>(reduced));
    const ReduceS8 reduce = {ReduceKindS8::kSum, reduced,       1,    zero_point, 0,
                             k.multiplier,       k.right_shift, -128, 127};
    const std::vector<int8_t> input(reduced, value);
    for (const auto& row : runnable(reduce_s8_kernels())) {
      int8_t output = 0;
      row.run(reduce, input.data(), &output, 0, 1);
      EXPECT_EQ(output, value < 0 ? -128 : 127) << row.name;
    }
  }
}

// The first or last extreme element, found independently by walking backwards or forwards.
template <class T>
void check_arg(const std::vector<T>& data, size_t reduced, size_t inner,
               void (*run)(const ArgReduce&, const T*, int64_t*, size_t, size_t)) {
  for (const bool minimum : {false, true}) {
    for (const bool select_last : {false, true}) {
      const size_t items = data.size() / reduced;
      Poisoned<int64_t> output(items), expected(items);
      for (size_t i = 0; i < items; ++i) {
        std::vector<T> column;
        for (size_t r = 0; r < reduced; ++r)
          column.push_back(data[(i / inner * reduced + r) * inner + i % inner]);
        const T extreme = minimum ? *std::min_element(column.begin(), column.end())
                                  : *std::max_element(column.begin(), column.end());
        const auto forward = std::find(column.begin(), column.end(), extreme) - column.begin();
        const auto backward = column.rend() - std::find(column.rbegin(), column.rend(), extreme) - 1;
        expected.data()[i] = select_last ? backward : forward;
      }
      run({reduced, inner, minimum, select_last}, data.data(), output.data(), 0, items / 2);
      run({reduced, inner, minimum, select_last}, data.data(), output.data(), items / 2, items);
      EXPECT_TRUE(output == expected) << reduced << " x " << inner << ", " << minimum << select_last;
    }
  }
}

TEST(ArgReduce, FirstOrLastExtreme) {
  Random random = seeded(33);
  for (const size_t reduced : {1, 2, 7, 100}) {
    for (const size_t inner : {1, 3, 20}) {
      const size_t count = 2 * reduced * inner;
      std::vector<float> f32(count);
      std::vector<int32_t> s32(count);
      std::vector<int64_t> s64(count);
      for (size_t i = 0; i < count; ++i) {  // few values, so that ties occur
        s32[i] = static_cast<int32_t>(random.in_range(-3, 3));
        s64[i] = random.in_range(-3, 3) * 10000000000;
        f32[i] = static_cast<float>(random.in_range(-3, 3)) * 0.5f;
      }
      check_arg(random_s8(&random, count), reduced, inner, arg_reduce_s8);
      check_arg(s32, reduced, inner, arg_reduce_s32);
      check_arg(s64, reduced, inner, arg_reduce_s64);
      check_arg(f32, reduced, inner, arg_reduce_f32);
    }
  }
}

TEST(ArgReduce, NanIsNeverExtreme) {
  const float data[] = {NAN, 1.0f, NAN, 3.0f, NAN};
  const float all[] = {NAN, NAN, NAN};
  int64_t index = -1;
  arg_reduce_f32({5, 1, false, false}, data, &index, 0, 1);
  EXPECT_EQ(index, 3);
  arg_reduce_f32({5, 1, true, true}, data, &index, 0, 1);
  EXPECT_EQ(index, 1);
  arg_reduce_f32({3, 1, false, false}, all, &index, 0, 1);
  EXPECT_EQ(index, 0);
}

struct SoftmaxCase {
  double input_scale, output_scale;
  std::vector<uint32_t> exp_table;
  SoftmaxS8 softmax;
};

SoftmaxCase random_softmax(size_t columns, Random* random) {
  SoftmaxCase test;
  test.input_scale = std::exp2(random->f32(-6, 1));
  test.output_scale = random->one_in(2) ? 1.0 / 256 : std::exp2(random->f32(-9, -6));
  for (int d = 0; d < 256; ++d)
    test.exp_table.push_back(static_cast<uint32_t>(std::lround(65536 * std::exp(-test.input_scale * d))));
  test.softmax = {columns, test.exp_table.data(), static_cast<uint32_t>(std::lround(256 / test.output_scale)),
                  random->one_in(2) ? -128 : random_zero_point(random), false};
  return test;
}

// Also enough rows that those of two share a table (portable/softmax_s8.cc).
size_t softmax_rows(size_t columns, int trial) { return columns > 200 ? 2 : trial % 4 == 1 ? 1200 : 7; }

// Rows of the softmax in double.
std::vector<double> ideal_softmax(const SoftmaxCase& test, const std::vector<int8_t>& input) {
  std::vector<double> output;
  const size_t columns = test.softmax.columns;
  for (size_t y = 0; y < input.size(); y += columns) {
    double sum = 0;
    for (size_t x = 0; x < columns; ++x) sum += std::exp(test.input_scale * input[y + x]);
    for (size_t x = 0; x < columns; ++x) output.push_back(std::exp(test.input_scale * input[y + x]) / sum);
  }
  return output;
}

// The bounds of reference/softmax_s8.cc.
TEST(SoftmaxS8, RowsEqualReferenceAndReferenceIsWithinItsBounds) {
  Random random = seeded(34);
  for (const size_t columns : {1, 2, 3, 8, 10, 16, 21, 33, 255, 256, 257, 1000}) {
    for (int trial = 0; trial < 12; ++trial) {
      SoftmaxCase test = random_softmax(columns, &random);
      const size_t rows = softmax_rows(columns, trial);
      std::vector<int8_t> input = random_s8(&random, rows * columns);
      if (trial == 0) std::fill(input.begin(), input.end(), -128);
      const std::vector<double> ideal = ideal_softmax(test, input);
      Poisoned<int8_t> expected(input.size());
      Poisoned<float> expected_f32(input.size());
      const double bound = static_cast<double>(columns + 1) / 131072;
      softmax_s8_reference(test.softmax, input.data(), expected.data(), rows);
      for (size_t i = 0; i < input.size(); ++i)
        ASSERT_LE(
            std::abs(expected.data()[i] - ideal_s8(ideal[i] / test.output_scale, test.softmax.zero_point)),
            1 + bound / test.output_scale);
      test.softmax.output_f32 = true;
      softmax_s8_reference(test.softmax, input.data(), expected_f32.data(), rows);
      for (size_t i = 0; i < input.size(); ++i) ASSERT_NEAR(expected_f32.data()[i], ideal[i], bound + 2e-7);
      for (const auto& row : runnable(softmax_s8_kernels())) {
        Guarded<int8_t> guarded(input);
        Poisoned<int8_t> output(input.size());
        Poisoned<float> output_f32(input.size());
        row.run(test.softmax, guarded.data(), output_f32.data(), rows);
        EXPECT_TRUE(output_f32 == expected_f32) << row.name << " to f32, " << columns;
        test.softmax.output_f32 = false;
        row.run(test.softmax, guarded.data(), output.data(), rows);
        EXPECT_TRUE(output == expected) << row.name << ", " << columns;
        test.softmax.output_f32 = true;
      }
    }
  }
}

// Tables that are no exp and multipliers of all sizes, also such that quotients are integers or halfway
// between.
TEST(SoftmaxS8, RowsEqualReferenceForAnyTable) {
  Random random = seeded(35);
  for (const size_t columns : {1, 2, 4, 7, 8, 13, 64, 256, 300, 70000}) {
    for (int trial = 0; trial < 24; ++trial) {
      const size_t rows = columns == 2 ? 700 : columns > 1000 ? 1 : 9;
      const std::vector<int8_t> input = random_s8(&random, rows * columns);
      std::vector<uint32_t> table(256, 65536);
      if (trial % 3 == 1)
        for (uint32_t& e : table) e = static_cast<uint32_t>(random.in_range(1, 65536));
      if (trial % 3 == 2)
        for (uint32_t& e : table) e = 1u << random.in_range(0, 16);
      const int bits = static_cast<int>(random.in_range(0, 31));
      uint32_t multiplier = (1u << bits) + (trial % 2 == 0 ? 0 : (1u << bits) - 1);
      // All values equal: the quotient is an integer in [1, 200].
      if (trial % 3 == 0)
        multiplier = static_cast<uint32_t>(columns * 128 * (2 * random.in_range(1, 200) - 1));
      SoftmaxS8 softmax = {columns, table.data(), multiplier, random_zero_point(&random), false};
      Poisoned<int8_t> expected(input.size());
      softmax_s8_reference(softmax, input.data(), expected.data(), rows);
      for (const auto& row : runnable(softmax_s8_kernels())) {
        Guarded<int8_t> guarded(input);
        Poisoned<int8_t> output(input.size());
        row.run(softmax, guarded.data(), output.data(), rows);
        EXPECT_TRUE(output == expected) << row.name << ", " << columns << ", multiplier " << multiplier;
      }
    }
  }
}

}  // namespace
}  // namespace octet::kernels
