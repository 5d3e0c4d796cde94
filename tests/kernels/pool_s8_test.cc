// SPDX-License-Identifier: Apache-2.0
//
// average_pool_s8 and max_pool_s8: each kernel equals its reference on ragged geometries, and the
// references equal an independent walk over padded coordinates (the mean: within one of ideal).
#include <algorithm>

#include "kernels/average_pool_s8.h"
#include "kernels/max_pool_s8.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

size_t pick(Random* random, int64_t low, int64_t high) {
  return static_cast<size_t>(random->in_range(low, high));
}

// An axis whose every window holds a position inside the input.
PoolAxis random_pool_axis(Random* random) {
  for (;;) {
    PoolAxis axis = {pick(random, 1, 9), 0, pick(random, 1, 5), pick(random, 1, 3), pick(random, 1, 2), 0, 0};
    axis.pad_begin = pick(random, 0, 3);
    axis.pad_end = pick(random, 0, 3);
    const size_t window = (axis.kernel - 1) * axis.dilation + 1;
    const size_t padded = axis.pad_begin + axis.input + axis.pad_end;
    if (window > padded) continue;
    axis.output = (padded - window + (random->one_in(2) ? axis.stride - 1 : 0)) / axis.stride + 1;
    bool full = true;
    for (size_t o = 0; o < axis.output; ++o) {
      const PoolWindow w = pool_window(axis, o);
      full = full && w.first < w.last;
    }
    if (full) return axis;
  }
}

Pool2D random_pool(Random* random, size_t channels) {
  return {pick(random, 1, 2), channels, random_pool_axis(random), random_pool_axis(random)};
}

size_t input_size(const Pool2D& g) { return g.batch * g.y.input * g.x.input * g.channels; }
size_t output_size(const Pool2D& g) { return g.batch * g.y.output * g.x.output * g.channels; }

// What an independent walk over one window finds.
struct WindowFacts {
  int64_t sum = 0, inside = 0, padded = 0;
  int max = -1000;
};

WindowFacts walk_window(const Pool2D& g, const std::vector<int8_t>& input, size_t item) {
  const auto s = [](size_t v) { return static_cast<int64_t>(v); };
  const int64_t c = s(item % g.channels), x = s(item / g.channels % g.x.output);
  const int64_t y = s(item / g.channels / g.x.output % g.y.output),
                n = s(item / g.channels / g.x.output / g.y.output);
  WindowFacts facts;
  for (int64_t ky = 0; ky < s(g.y.kernel); ++ky) {
    for (int64_t kx = 0; kx < s(g.x.kernel); ++kx) {
      const int64_t iy = y * s(g.y.stride) + ky * s(g.y.dilation) - s(g.y.pad_begin);
      const int64_t ix = x * s(g.x.stride) + kx * s(g.x.dilation) - s(g.x.pad_begin);
      if (iy >= s(g.y.input + g.y.pad_end) || ix >= s(g.x.input + g.x.pad_end)) continue;
      ++facts.padded;
      if (iy < 0 || ix < 0 || iy >= s(g.y.input) || ix >= s(g.x.input)) continue;
      const int q =
          input[static_cast<size_t>(((n * s(g.y.input) + iy) * s(g.x.input) + ix) * s(g.channels) + c)];
      ++facts.inside;
      facts.sum += q;
      facts.max = std::max(facts.max, q);
    }
  }
  return facts;
}

// An average pool with the requantization of each window size, as the converter makes it.
struct AverageCase {
  AveragePoolS8 pool = {};
  std::vector<int32_t> counts;
  std::vector<int16_t> multiplier;
  std::vector<int8_t> right_shift;
  std::vector<int8_t> input;
  double scale = 0;  // input_scale / output_scale
};

void make_average(const Pool2D& geometry, Random* random, AverageCase* test) {
  test->pool.geometry = geometry;
  test->pool.count_include_pad = random->one_in(2);
  test->input = random_s8(random, input_size(geometry));
  if (random->one_in(4)) std::fill(test->input.begin(), test->input.end(), random->one_in(2) ? -128 : 127);
  test->scale = std::exp2(random->f32(-2, 2));
  for (size_t i = 0; i < output_size(geometry); ++i) {
    const WindowFacts facts = walk_window(geometry, test->input, i);
    test->counts.push_back(static_cast<int32_t>(test->pool.count_include_pad ? facts.padded : facts.inside));
  }
  std::sort(test->counts.begin(), test->counts.end());
  test->counts.erase(std::unique(test->counts.begin(), test->counts.end()), test->counts.end());
  for (const int32_t count : test->counts) {
    const FixedPoint k = fixed_point(test->scale / count);
    test->multiplier.push_back(static_cast<int16_t>(k.multiplier));
    test->right_shift.push_back(static_cast<int8_t>(k.right_shift));
  }
  AveragePoolS8& pool = test->pool;
  pool.counts = test->counts.data();
  pool.multiplier = test->multiplier.data();
  pool.right_shift = test->right_shift.data();
  pool.entries = test->counts.size();
  pool.input_zero_point = random_zero_point(random);
  pool.output_zero_point = random_zero_point(random);
  pool.output_min = random->one_in(2) ? -128 : -20;
  pool.output_max = random->one_in(2) ? 127 : 50;
}

void check_average(const Pool2D& geometry, Random* random) {
  AverageCase test;
  make_average(geometry, random, &test);
  const AveragePoolS8& pool = test.pool;
  const size_t rows = geometry.batch * geometry.y.output;
  Poisoned<int8_t> expected(output_size(geometry));
  average_pool_s8_reference(pool, test.input.data(), expected.data(), 0, rows);
  for (size_t i = 0; i < output_size(geometry); ++i) {
    const WindowFacts facts = walk_window(geometry, test.input, i);
    const auto count = static_cast<double>(pool.count_include_pad ? facts.padded : facts.inside);
    const double acc = static_cast<double>(facts.sum - facts.inside * pool.input_zero_point);
    const int32_t ideal =
        std::min(pool.output_max,
                 std::max(pool.output_min, ideal_s8(acc * test.scale / count, pool.output_zero_point)));
    ASSERT_LE(std::abs(expected.data()[i] - ideal), 1) << "output " << i;
  }
  for (const auto& row : runnable(average_pool_s8_kernels())) {
    Guarded<int8_t> guarded(test.input);
    Poisoned<int8_t> output(output_size(geometry));
    const size_t middle = pick(random, 0, static_cast<int64_t>(rows));
    row.run(pool, guarded.data(), output.data(), 0, middle);
    row.run(pool, guarded.data(), output.data(), middle, rows);
    EXPECT_TRUE(output == expected) << row.name << ", " << geometry.channels << " channels";
  }
}

void check_max(const Pool2D& geometry, Random* random) {
  const MaxPoolS8 pool = {geometry, random->one_in(2) ? -128 : -20, random->one_in(2) ? 127 : 50};
  const std::vector<int8_t> input = random_s8(random, input_size(geometry));
  const size_t rows = geometry.batch * geometry.y.output;
  Poisoned<int8_t> expected(output_size(geometry));
  for (size_t i = 0; i < output_size(geometry); ++i)
    expected.data()[i] = static_cast<int8_t>(
        std::min(pool.output_max, std::max(pool.output_min, walk_window(geometry, input, i).max)));
  for (const auto& row : runnable(max_pool_s8_kernels())) {
    Guarded<int8_t> guarded(input);
    Poisoned<int8_t> output(output_size(geometry));
    const size_t middle = pick(random, 0, static_cast<int64_t>(rows));
    row.run(pool, guarded.data(), output.data(), 0, middle);
    row.run(pool, guarded.data(), output.data(), middle, rows);
    EXPECT_TRUE(output == expected) << row.name << ", " << geometry.channels << " channels";
  }
}

TEST(AveragePoolS8, RaggedGeometries) {
  Random random = seeded(20);
  for (size_t channels = 1; channels < 100; ++channels)
    for (int trial = 0; trial < 4; ++trial) check_average(random_pool(&random, channels), &random);
}

// More than 255 positions: s16 sums would overflow.
TEST(AveragePoolS8, LargeWindows) {
  Random random = seeded(21);
  for (const size_t channels : {1, 8, 17, 33, 64}) {
    const PoolAxis whole = {23, 1, 23, 1, 1, 0, 0}, part = {40, 2, 31, 9, 1, 0, 0};
    for (int trial = 0; trial < 3; ++trial) check_average({1, channels, whole, part}, &random);
  }
}

TEST(MaxPoolS8, RaggedGeometries) {
  Random random = seeded(22);
  for (size_t channels = 1; channels < 100; ++channels)
    for (int trial = 0; trial < 4; ++trial) check_max(random_pool(&random, channels), &random);
}

// Rows longer than what a kernel holds of them at once, with padding at both ends, and windows of which only
// a few positions, or rows, are inside.
TEST(MaxPoolS8, LongRows) {
  Random random = seeded(24);
  for (const size_t channels : {1, 5, 8, 16, 17, 31}) {
    const PoolAxis rows = {5, 3, 2, 2, 1, 1, 0};
    for (const PoolAxis& x : {PoolAxis{2600, 1300, 2, 2, 1, 0, 0}, PoolAxis{700, 699, 4, 1, 1, 1, 1},
                              PoolAxis{900, 300, 3, 3, 2, 2, 2}, PoolAxis{300, 1, 300, 1, 1, 0, 0}})
      for (int trial = 0; trial < 2; ++trial) check_max({1, channels, rows, x}, &random);
  }
}

// pool_window against its definition, position by position.
TEST(PoolWindow, EqualsDefinition) {
  Random random = seeded(23);
  for (int trial = 0; trial < 2000; ++trial) {
    const PoolAxis axis = random_pool_axis(&random);
    for (size_t o = 0; o < axis.output; ++o) {
      size_t inside = 0, padded = 0, first = axis.kernel;
      for (size_t k = 0; k < axis.kernel; ++k) {
        const size_t position = o * axis.stride + k * axis.dilation;  // padded coordinates
        const bool in = position >= axis.pad_begin && position < axis.pad_begin + axis.input;
        if (in && inside == 0) first = k;
        inside += in;
        padded += position < axis.pad_begin + axis.input + axis.pad_end;
      }
      const PoolWindow w = pool_window(axis, o);
      ASSERT_EQ(w.first, first);
      ASSERT_EQ(w.last, first + inside);
      ASSERT_EQ(w.padded, padded);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
