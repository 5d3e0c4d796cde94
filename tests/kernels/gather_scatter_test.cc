// SPDX-License-Identifier: Apache-2.0
//
// gather, gather_elements, gather_nd, scatter_elements, scatter_nd: against naive loops over indices, with
// negative and hostile indices of both types.
#include <algorithm>

#include "kernels/gather.h"
#include "kernels/scatter.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

constexpr size_t kElementBytes[] = {1, 2, 4, 8};

size_t pick(Random* random, int64_t low, int64_t high) {
  return static_cast<size_t>(random->in_range(low, high));
}

TEST(ClampIndex, WrapsOnceThenClamps) {
  for (const auto& [index, expected] : {std::pair<int64_t, size_t>{0, 0},
                                        {4, 4},
                                        {5, 4},
                                        {-1, 4},
                                        {-5, 0},
                                        {-6, 0},
                                        {INT64_MAX, 4},
                                        {INT64_MIN, 0}})
    EXPECT_EQ(clamp_index(index, 5), expected) << index;
}

// Index tensors with negative and hostile values, in both types.
struct IndexTensor {
  std::vector<int32_t> s32;
  std::vector<int64_t> s64;
  std::vector<int64_t> values;

  IndexTensor(size_t count, int64_t length, bool hostile, Random* random) {
    for (size_t i = 0; i < count; ++i) {
      int64_t value = random->in_range(-length, length - 1);
      if (hostile && random->one_in(5))
        value = random->one_in(2)   ? INT32_MAX
                : random->one_in(2) ? INT32_MIN
                                    : random->in_range(length, length + 3);
      values.push_back(value);
      s32.push_back(static_cast<int32_t>(value));
    }
    s64 = values;
  }
};

size_t wrapped(int64_t index, size_t length) {
  const auto n = static_cast<int64_t>(length);
  return static_cast<size_t>(std::min(n - 1, std::max<int64_t>(0, index < 0 ? index + n : index)));
}

TEST(Gather, EqualsDefinitionAndClamps) {
  Random random = seeded(54);
  for (int trial = 0; trial < 500; ++trial) {
    const Gather g = {pick(&random, 1, 4), pick(&random, 1, 6), pick(&random, 1, 7), pick(&random, 1, 20)};
    const std::vector<int8_t> data = random_s8(&random, g.outer * g.length * g.block_bytes);
    IndexTensor index(g.count, static_cast<int64_t>(g.length), true, &random);
    const size_t blocks = g.outer * g.count, middle = random.next() % blocks;
    Poisoned<int8_t> expected(blocks * g.block_bytes), output(blocks * g.block_bytes);
    for (size_t i = 0; i < blocks * g.block_bytes; ++i) {
      const size_t block = i / g.block_bytes;
      const size_t from = block / g.count * g.length + wrapped(index.values[block % g.count], g.length);
      expected.data()[i] = data[from * g.block_bytes + i % g.block_bytes];
    }
    Guarded<int8_t> guarded(data);
    gather(g, guarded.data(), {index.s32.data(), false}, output.data(), 0, middle);
    gather(g, guarded.data(), {index.s64.data(), true}, output.data(), middle, blocks);
    ASSERT_TRUE(output == expected);
  }
}

TEST(GatherElements, EqualsDefinitionAndClamps) {
  Random random = seeded(55);
  for (int trial = 0; trial < 500; ++trial) {
    GatherElements g = {3, static_cast<int>(random.next() % 3), {}, {}, kElementBytes[random.next() % 4]};
    for (int d = 0; d < 3; ++d) {
      g.data_dims[d] = pick(&random, 1, 5);
      g.dims[d] = d == g.axis ? pick(&random, 1, 7) : pick(&random, 1, static_cast<int64_t>(g.data_dims[d]));
    }
    const std::vector<int8_t> data =
        random_s8(&random, g.data_dims[0] * g.data_dims[1] * g.data_dims[2] * g.element_bytes);
    const size_t count = g.dims[0] * g.dims[1] * g.dims[2];
    IndexTensor index(count, static_cast<int64_t>(g.data_dims[g.axis]), true, &random);
    Poisoned<int8_t> expected(count * g.element_bytes), output(count * g.element_bytes);
    for (size_t i = 0; i < count; ++i) {
      size_t at[3] = {i / g.dims[2] / g.dims[1], i / g.dims[2] % g.dims[1], i % g.dims[2]};
      at[g.axis] = wrapped(index.values[i], g.data_dims[g.axis]);
      const size_t from = (at[0] * g.data_dims[1] + at[1]) * g.data_dims[2] + at[2];
      for (size_t b = 0; b < g.element_bytes; ++b)
        expected.data()[i * g.element_bytes + b] = data[from * g.element_bytes + b];
    }
    Guarded<int8_t> guarded(data);
    gather_elements(g, guarded.data(), {index.s64.data(), true}, output.data(), 0, count / 2);
    gather_elements(g, guarded.data(), {index.s32.data(), false}, output.data(), count / 2, count);
    ASSERT_TRUE(output == expected);
  }
}

TEST(GatherND, EqualsDefinitionAndClamps) {
  Random random = seeded(56);
  for (int trial = 0; trial < 500; ++trial) {
    GatherND g = {pick(&random, 1, 3),
                  pick(&random, 1, 5),
                  2,
                  {pick(&random, 1, 4), pick(&random, 1, 4)},
                  pick(&random, 1, 9)};
    const size_t image = g.lengths[0] * g.lengths[1];
    const std::vector<int8_t> data = random_s8(&random, g.batch * image * g.block_bytes);
    IndexTensor index(g.batch * g.count * 2, 4, true, &random);
    const size_t blocks = g.batch * g.count;
    Poisoned<int8_t> expected(blocks * g.block_bytes), output(blocks * g.block_bytes);
    for (size_t i = 0; i < blocks; ++i) {
      const size_t from = i / g.count * image + wrapped(index.values[2 * i], g.lengths[0]) * g.lengths[1] +
                          wrapped(index.values[2 * i + 1], g.lengths[1]);
      for (size_t b = 0; b < g.block_bytes; ++b)
        expected.data()[i * g.block_bytes + b] = data[from * g.block_bytes + b];
    }
    Guarded<int8_t> guarded(data);
    gather_nd(g, guarded.data(), {index.s64.data(), true}, output.data(), 0, blocks / 2);
    gather_nd(g, guarded.data(), {index.s32.data(), false}, output.data(), blocks / 2, blocks);
    ASSERT_TRUE(output == expected);
  }
}

float combined(ScatterReduction reduction, float a, float b) {
  switch (reduction) {
    case ScatterReduction::kAdd: return a + b;
    case ScatterReduction::kMul: return a * b;
    case ScatterReduction::kMax: return std::max(a, b);
    case ScatterReduction::kMin: return std::min(a, b);
    default: return b;
  }
}

std::vector<float> random_f32(Random* random, size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random->in_range(-9, 9));
  return values;
}

TEST(ScatterElements, EqualsDefinitionAndSkipsOutside) {
  Random random = seeded(57);
  for (int trial = 0; trial < 500; ++trial) {
    ScatterElements s = {2,
                         static_cast<int>(random.next() % 2),
                         {},
                         {},
                         ScatterType::kF32,
                         static_cast<ScatterReduction>(random.next() % 5)};
    for (int d = 0; d < 2; ++d) {
      s.output_dims[d] = pick(&random, 1, 5);
      s.dims[d] =
          d == s.axis ? pick(&random, 1, 7) : pick(&random, 1, static_cast<int64_t>(s.output_dims[d]));
    }
    const auto length = static_cast<int64_t>(s.output_dims[s.axis]);
    const size_t count = s.dims[0] * s.dims[1], total = s.output_dims[0] * s.output_dims[1];
    IndexTensor index(count, length, true, &random);
    const std::vector<float> data = random_f32(&random, total), updates = random_f32(&random, count);
    Poisoned<float> expected(total), output(total);
    std::copy(data.begin(), data.end(), expected.data());
    std::copy(data.begin(), data.end(), output.data());
    for (size_t i = 0; i < count; ++i) {
      if (index.values[i] < -length || index.values[i] >= length) continue;
      size_t at[2] = {i / s.dims[1], i % s.dims[1]};
      at[s.axis] = wrapped(index.values[i], static_cast<size_t>(length));
      float& target = expected.data()[at[0] * s.output_dims[1] + at[1]];
      target = combined(s.reduction, target, updates[i]);
    }
    scatter_elements(s, {index.s64.data(), true}, updates.data(), output.data());
    ASSERT_TRUE(output == expected) << "reduction " << static_cast<int>(s.reduction);
  }
}

TEST(ScatterND, EqualsDefinitionAndSkipsOutside) {
  Random random = seeded(58);
  for (int trial = 0; trial < 500; ++trial) {
    const ScatterND s = {pick(&random, 1, 6),
                         2,
                         {pick(&random, 1, 4), pick(&random, 1, 4)},
                         pick(&random, 1, 3),
                         ScatterType::kF32,
                         static_cast<ScatterReduction>(random.next() % 5)};
    const size_t total = s.lengths[0] * s.lengths[1] * s.block_elements;
    IndexTensor index(s.count * 2, 3, true, &random);
    const std::vector<float> data = random_f32(&random, total),
                             updates = random_f32(&random, s.count * s.block_elements);
    Poisoned<float> expected(total), output(total);
    std::copy(data.begin(), data.end(), expected.data());
    std::copy(data.begin(), data.end(), output.data());
    for (size_t i = 0; i < s.count; ++i) {
      const int64_t y = index.values[2 * i], x = index.values[2 * i + 1];
      const auto h = static_cast<int64_t>(s.lengths[0]), w = static_cast<int64_t>(s.lengths[1]);
      if (y < -h || y >= h || x < -w || x >= w) continue;
      const size_t block = wrapped(y, s.lengths[0]) * s.lengths[1] + wrapped(x, s.lengths[1]);
      for (size_t e = 0; e < s.block_elements; ++e) {
        float& target = expected.data()[block * s.block_elements + e];
        target = combined(s.reduction, target, updates[i * s.block_elements + e]);
      }
    }
    scatter_nd(s, {index.s32.data(), false}, updates.data(), output.data());
    ASSERT_TRUE(output == expected) << "reduction " << static_cast<int>(s.reduction);
  }
}

// Integer sums and products wrap; s8 has max and min; any size can be replaced.
TEST(ScatterND, OtherTypes) {
  const int64_t index[] = {1};
  const ScatterND s = {1, 1, {3}, 1, ScatterType::kS32, ScatterReduction::kAdd};
  int32_t s32[] = {1, INT32_MAX, 3};
  const int32_t two = 2;
  scatter_nd(s, {index, true}, &two, s32);
  EXPECT_EQ(s32[1], INT32_MIN + 1);
  int64_t s64[] = {1, INT64_MAX, 3};
  const int64_t wide = 2;
  scatter_nd({1, 1, {3}, 1, ScatterType::kS64, ScatterReduction::kMul}, {index, true}, &wide, s64);
  EXPECT_EQ(s64[1], -2);
  int8_t s8[] = {1, -5, 3};
  const int8_t low = -7;
  scatter_nd({1, 1, {3}, 1, ScatterType::kS8, ScatterReduction::kMax}, {index, true}, &low, s8);
  EXPECT_EQ(s8[1], -5);
  scatter_nd({1, 1, {3}, 1, ScatterType::kS8, ScatterReduction::kMin}, {index, true}, &low, s8);
  EXPECT_EQ(s8[1], -7);
  int16_t s16[] = {1, 2, 3};
  const int16_t nine = 9;
  scatter_nd({1, 1, {3}, 1, ScatterType::k2Bytes, ScatterReduction::kNone}, {index, true}, &nine, s16);
  EXPECT_EQ(s16[1], 9);
}

}  // namespace
}  // namespace octet::kernels
