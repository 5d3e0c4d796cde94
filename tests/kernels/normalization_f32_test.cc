// SPDX-License-Identifier: Apache-2.0
//
// Normalizations in float against plain loops in double.
#include "kernels/portable/normalization_f32.h"

#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

// (x - mean) / sqrt(variance + epsilon) of the elements at `indices`.
std::vector<double> normalized(const std::vector<float>& x, const std::vector<size_t>& indices,
                               double epsilon) {
  double mean = 0, variance = 0;
  for (const size_t i : indices) mean += x[i];
  mean /= static_cast<double>(indices.size());
  for (const size_t i : indices) variance += (x[i] - mean) * (x[i] - mean);
  variance /= static_cast<double>(indices.size());
  std::vector<double> out;
  for (const size_t i : indices) out.push_back((x[i] - mean) / std::sqrt(variance + epsilon));
  return out;
}

TEST(LayerNormF32, WithAndWithoutBias) {
  Random r(test_seed(1));
  const size_t rows = 5, size = 33;
  const std::vector<float> x = random_f32(&r, rows * size, 90, 110), scale = random_f32(&r, size),
                           bias = random_f32(&r, size);
  for (const bool has_bias : {true, false}) {
    Guarded<float> input(x), s(scale), b(bias), output(x.size());
    const kernels::LayerNormOperands at = {input.data(), s.data(), has_bias ? b.data() : nullptr,
                                           output.data()};
    kernels::layer_norm_f32({size, 1e-3f}, at, 2, rows);
    kernels::layer_norm_f32({size, 1e-3f}, at, 0, 2);
    for (size_t row = 0; row < rows; ++row) {
      std::vector<size_t> indices;
      for (size_t i = 0; i < size; ++i) indices.push_back(row * size + i);
      const std::vector<double> want = normalized(x, indices, 1e-3);
      for (size_t i = 0; i < size; ++i)
        ASSERT_TRUE(
            close(output.data()[row * size + i], want[i] * scale[i] + (has_bias ? bias[i] : 0), 1, 1e-5));
    }
  }
}

void check_group_norm(Random* r, kernels::GroupNormF32 g) {
  const std::vector<float> x = random_f32(r, g.batch * g.pixels * g.channels, -5, 50);
  const size_t entries = g.scale_per_group ? g.groups : g.channels;
  const std::vector<float> scale = random_f32(r, entries), bias = random_f32(r, entries);
  Guarded<float> input(x), s(scale), b(bias), output(x.size());
  const kernels::LayerNormOperands at = {input.data(), s.data(), b.data(), output.data()};
  const size_t items = kernels::group_norm_f32_items(g), width = g.channels / g.groups;
  kernels::group_norm_f32(g, at, items / 2, items);
  kernels::group_norm_f32(g, at, 0, items / 2);
  for (size_t n = 0; n < g.batch; ++n)
    for (size_t group = 0; group < g.groups; ++group) {
      std::vector<size_t> indices;
      for (size_t p = 0; p < g.pixels; ++p)
        for (size_t c = 0; c < width; ++c)
          indices.push_back((n * g.pixels + p) * g.channels + group * width + c);
      const std::vector<double> want = normalized(x, indices, g.epsilon);
      for (size_t i = 0; i < indices.size(); ++i) {
        const size_t k = g.scale_per_group ? group : group * width + i % width;
        ASSERT_TRUE(close(output.data()[indices[i]], want[i] * scale[k] + bias[k], 1, 1e-5));
      }
    }
}

TEST(GroupNormF32, GroupsAndInstances) {
  Random r(test_seed(2));
  check_group_norm(&r, {2, 12, 8, 4, 1e-5f, false});
  check_group_norm(&r, {2, 12, 8, 4, 1e-5f, true});
  check_group_norm(&r, {1, 7, 6, 1, 1e-5f, false});
  check_group_norm(&r, {2, 9, 130, 130, 1e-3f, false});  // instance normalization, more than two blocks
}

TEST(LocalResponseNormF32, OddAndEvenSizes) {
  Random r(test_seed(3));
  for (const size_t size : {size_t{1}, size_t{4}, size_t{5}, size_t{40}}) {
    const kernels::LocalResponseNormF32 norm = {11, size, 0.5f, 0.75f, 1.5f};
    const std::vector<float> x = random_f32(&r, 3 * 11);
    Guarded<float> input(x), output(x.size());
    kernels::local_response_norm_f32(norm, input.data(), output.data(), 0, 3);
    for (size_t i = 0; i < x.size(); ++i) {
      const int c = static_cast<int>(i % 11), n = static_cast<int>(size);
      double squares = 0;
      for (int j = std::max(0, c - (n - 1) / 2); j <= std::min(10, c + n / 2); ++j)
        squares += std::pow(x[i - static_cast<size_t>(c) + static_cast<size_t>(j)], 2);
      ASSERT_TRUE(close(output.data()[i], x[i] / std::pow(1.5 + 0.5 / n * squares, 0.75), 1, 1e-6));
    }
  }
}

TEST(LpNormF32, BothNormsAndZeroVectors) {
  const std::vector<float> x = {3, -1, 0, 4, 1, 0};  // [2, 3] along axis 0: vectors (3, 4), (-1, 1), (0, 0)
  std::vector<float> out(6);
  kernels::lp_norm_f32({1, 2, 3, 2}, x.data(), out.data(), 0, 3);
  EXPECT_FLOAT_EQ(out[0], 0.6f);
  EXPECT_FLOAT_EQ(out[3], 0.8f);
  EXPECT_FLOAT_EQ(out[1], -std::sqrt(0.5f));
  EXPECT_EQ(out[2], 0);
  kernels::lp_norm_f32({1, 2, 3, 1}, x.data(), out.data(), 0, 1);
  EXPECT_FLOAT_EQ(out[0], 3.0f / 7);
  EXPECT_FLOAT_EQ(out[3], 4.0f / 7);
}

}  // namespace
}  // namespace octet::testing
