// SPDX-License-Identifier: Apache-2.0
//
// Pooling, reduction, softmax and resize in float against plain loops in double.
#include "kernels/portable/reduce_f32.h"

#include <algorithm>

#include "kernels/portable/pool_f32.h"
#include "kernels/portable/resize_f32.h"
#include "kernels/portable/softmax_f32.h"
#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::PoolF32;
using kernels::ReduceKind;

PoolF32 random_pool(Random* r) {
  const auto pick = [r](int64_t low, int64_t high) { return static_cast<size_t>(r->in_range(low, high)); };
  PoolF32 p = {};
  p.batch = pick(1, 2), p.input_height = pick(1, 7), p.input_width = pick(1, 7), p.channels = pick(1, 9);
  p.output_height = pick(1, 6), p.output_width = pick(1, 6);
  p.kernel_height = pick(1, 4), p.kernel_width = pick(1, 4);
  p.stride_height = pick(1, 3), p.stride_width = pick(1, 3);
  p.dilation_height = pick(1, 2), p.dilation_width = pick(1, 2);
  p.pad_top = pick(0, 2), p.pad_left = pick(0, 2), p.pad_bottom = pick(0, 2), p.pad_right = pick(0, 2);
  p.count_include_pad = r->one_in(2);
  p.output_min = r->one_in(2) ? -0.5f : -INFINITY;
  p.output_max = r->one_in(2) ? 0.75f : INFINITY;
  return p;
}

struct Pooled {
  double sum = 0, max = -INFINITY;
  int inside = 0, padded = 0;
};

Pooled pooled_at(const PoolF32& p, const std::vector<float>& in, size_t n, size_t y, size_t x, size_t c) {
  Pooled result;
  for (size_t ky = 0; ky < p.kernel_height; ++ky)
    for (size_t kx = 0; kx < p.kernel_width; ++kx) {
      const int iy =
          static_cast<int>(y * p.stride_height + ky * p.dilation_height) - static_cast<int>(p.pad_top);
      const int ix =
          static_cast<int>(x * p.stride_width + kx * p.dilation_width) - static_cast<int>(p.pad_left);
      const int height = static_cast<int>(p.input_height), width = static_cast<int>(p.input_width);
      if (iy < height + static_cast<int>(p.pad_bottom) && ix < width + static_cast<int>(p.pad_right))
        ++result.padded;
      if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
      const size_t row =
          (n * p.input_height + static_cast<size_t>(iy)) * p.input_width + static_cast<size_t>(ix);
      const float value = in[row * p.channels + c];
      result.sum += value;
      result.max = std::max<double>(result.max, value);
      ++result.inside;
    }
  return result;
}

void check_pool(Random* r) {
  const PoolF32 p = random_pool(r);
  const std::vector<float> in = random_f32(r, p.batch * p.input_height * p.input_width * p.channels);
  const size_t pixels = p.batch * p.output_height * p.output_width;
  Guarded<float> input(in), average(pixels * p.channels), max(pixels * p.channels);
  kernels::average_pool_f32(p, input.data(), average.data(), 0, pixels / 2);
  kernels::average_pool_f32(p, input.data(), average.data(), pixels / 2, pixels);
  kernels::max_pool_f32(p, input.data(), max.data(), pixels / 2, pixels);
  kernels::max_pool_f32(p, input.data(), max.data(), 0, pixels / 2);
  const auto clamp = [&p](double x) {
    return std::min<double>(std::max<double>(x, p.output_min), p.output_max);
  };
  size_t index = 0;
  for (size_t n = 0; n < p.batch; ++n)
    for (size_t y = 0; y < p.output_height; ++y)
      for (size_t x = 0; x < p.output_width; ++x)
        for (size_t c = 0; c < p.channels; ++c, ++index) {
          const Pooled want = pooled_at(p, in, n, y, x, c);
          const int count = std::max(p.count_include_pad ? want.padded : want.inside, 1);
          ASSERT_TRUE(close(average.data()[index], clamp(want.sum / count), 1, 1e-5));
          ASSERT_TRUE(close(max.data()[index], clamp(want.max), 0, 0));
        }
}

TEST(PoolF32, RandomCases) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < 200; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + i);
    ASSERT_NO_FATAL_FAILURE(check_pool(&random));
  }
}

TEST(PoolF32, MaxKeepsNan) {
  PoolF32 p = {1, 1, 4, 1, 1, 3, 1, 2, 1, 1, 1, 1, 0, 0, 0, 0, false, -INFINITY, INFINITY};
  const float input[] = {1, NAN, 3, 2};
  float output[3];
  kernels::max_pool_f32(p, input, output, 0, 3);
  EXPECT_TRUE(std::isnan(output[0]) && std::isnan(output[1]));
  EXPECT_EQ(output[2], 3);
}

double reduce_reference(ReduceKind kind, const std::vector<double>& x) {
  double sum = 0, absolute = 0, squares = 0, exponentials = 0, product = 1, max = -INFINITY, min = INFINITY;
  for (const double value : x) {
    sum += value, absolute += std::fabs(value), squares += value * value, product *= value;
    exponentials += std::exp(value), max = std::max(max, value), min = std::min(min, value);
  }
  switch (kind) {
    case ReduceKind::kMean:
      return sum / static_cast<double>(x.size());
    case ReduceKind::kSum:
      return sum;
    case ReduceKind::kMax:
      return max;
    case ReduceKind::kMin:
      return min;
    case ReduceKind::kProd:
      return product;
    case ReduceKind::kL1:
      return absolute;
    case ReduceKind::kL2:
      return std::sqrt(squares);
    case ReduceKind::kLogSum:
      return std::log(sum);
    case ReduceKind::kLogSumExp:
      return std::log(exponentials);
    case ReduceKind::kSumSquare:
      return squares;
  }
  return NAN;
}

// The elements of each output, outputs in row-major order of the kept axes.
std::vector<std::vector<double>> grouped(const std::vector<int32_t>& dims, const bool* reduced,
                                         const std::vector<float>& in) {
  size_t outputs = 1;
  for (size_t a = 0; a < dims.size(); ++a) outputs *= reduced[a] ? 1 : static_cast<size_t>(dims[a]);
  std::vector<std::vector<double>> groups(outputs);
  for (size_t i = 0; i < in.size(); ++i) {
    size_t rest = i, output = 0, stride = 1;
    for (size_t a = dims.size(); a-- > 0;) {
      const size_t at = rest % static_cast<size_t>(dims[a]);
      rest /= static_cast<size_t>(dims[a]);
      if (reduced[a]) continue;
      output += at * stride;
      stride *= static_cast<size_t>(dims[a]);
    }
    groups[output].push_back(in[i]);
  }
  return groups;
}

TEST(ReduceF32, RandomAxesOfEveryKind) {
  const uint64_t seed = test_seed(2);
  for (uint64_t i = 0; i < 300; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random r(seed + i);
    std::vector<int32_t> dims(static_cast<size_t>(r.in_range(0, 5)));
    for (int32_t& dim : dims) dim = static_cast<int32_t>(r.one_in(8) ? 70 : r.in_range(1, 4));
    bool reduced[8] = {};
    for (bool& axis : reduced) axis = r.one_in(2);
    size_t count = 1;
    for (const int32_t dim : dims) count *= static_cast<size_t>(dim);
    const std::vector<float> in = random_f32(&r, count, 0.25f, 2);
    const auto groups = grouped(dims, reduced, in);
    const auto kind = static_cast<ReduceKind>(i % 10);
    const kernels::Reduce plan = kernels::make_reduce(dims.size(), dims.data(), reduced);
    ASSERT_EQ(plan.outputs(), groups.size());
    Guarded<float> input(in), output(groups.size());
    const kernels::ReduceKernel kernel = kernels::select_reduce(kind, kernels::Element::kF32);
    kernel(plan, input.data(), output.data(), 0, groups.size() / 3);
    kernel(plan, input.data(), output.data(), groups.size() / 3, groups.size());
    for (size_t o = 0; o < groups.size(); ++o) {
      const double want = reduce_reference(kind, groups[o]);
      ASSERT_TRUE(close(output.data()[o], want, std::fabs(want), 1e-6)) << "output " << o;
    }
  }
}

TEST(ReduceF32, IntegersAndExtremes) {
  const int32_t dims[] = {2, 3};
  const bool reduced[] = {false, true};
  const kernels::Reduce plan = kernels::make_reduce(2, dims, reduced);
  const int64_t x[] = {5, -7, 3, 1, 2, 2};
  const auto of = [&](ReduceKind kind) {
    std::vector<int64_t> out(2);
    kernels::select_reduce(kind, kernels::Element::kS64)(plan, x, out.data(), 0, 2);
    return out;
  };
  EXPECT_EQ(of(ReduceKind::kSum), (std::vector<int64_t>{1, 5}));
  EXPECT_EQ(of(ReduceKind::kMean), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(of(ReduceKind::kMax), (std::vector<int64_t>{5, 2}));
  EXPECT_EQ(of(ReduceKind::kMin), (std::vector<int64_t>{-7, 1}));
  EXPECT_EQ(of(ReduceKind::kProd), (std::vector<int64_t>{-105, 4}));
  EXPECT_EQ(of(ReduceKind::kL1), (std::vector<int64_t>{15, 5}));
  EXPECT_EQ(kernels::select_reduce(ReduceKind::kL2, kernels::Element::kS64), nullptr);
  const float big[] = {1000, 1000, 1000, -INFINITY, -INFINITY, -INFINITY};
  float out[2];
  kernels::select_reduce(ReduceKind::kLogSumExp, kernels::Element::kF32)(plan, big, out, 0, 2);
  EXPECT_FLOAT_EQ(out[0], 1000 + std::log(3.0f));
  EXPECT_EQ(out[1], -INFINITY);
}

TEST(SoftmaxF32, AnyAxisBothForms) {
  Random r(test_seed(3));
  for (const kernels::SoftmaxF32& s :
       {kernels::SoftmaxF32{3, 10, 1, false}, {2, 5, 7, false}, {4, 6, 3, true}, {1, 1001, 1, true}}) {
    const std::vector<float> in = random_f32(&r, s.outer * s.size * s.inner, -20, 90);
    Guarded<float> input(in), output(in.size());
    const size_t vectors = s.outer * s.inner;
    kernels::softmax_f32(s, input.data(), output.data(), 0, vectors / 2);
    kernels::softmax_f32(s, input.data(), output.data(), vectors / 2, vectors);
    for (size_t v = 0; v < vectors; ++v) {
      const size_t start = v / s.inner * s.size * s.inner + v % s.inner;
      double max = -INFINITY, sum = 0;
      for (size_t i = 0; i < s.size; ++i) max = std::max<double>(max, in[start + i * s.inner]);
      for (size_t i = 0; i < s.size; ++i) sum += std::exp(in[start + i * s.inner] - max);
      for (size_t i = 0; i < s.size; ++i) {
        const double x = in[start + i * s.inner] - max;
        const double want = s.log ? x - std::log(sum) : std::exp(x) / sum;
        ASSERT_TRUE(close(output.data()[start + i * s.inner], want, std::fabs(want), 1e-6));
      }
    }
  }
}

// The bytes are those of the plain loop with every row of exp_f32, in place too.
TEST(SoftmaxF32, NoChoiceOfExpChangesTheBytes) {
  Random r(test_seed(4));
  for (const size_t size : {1, 2, 9, 50, 1001}) {
    const std::vector<float> in = random_f32(&r, 3 * size, -90, 10);
    std::vector<float> want(in.size());
    for (size_t v = 0; v < 3; ++v) {
      const float max = *std::max_element(in.begin() + v * size, in.begin() + (v + 1) * size);
      double sum = 0;
      for (size_t i = v * size; i < (v + 1) * size; ++i) sum += want[i] = std::exp(in[i] - max);
      for (size_t i = v * size; i < (v + 1) * size; ++i) want[i] *= static_cast<float>(1.0 / sum);
    }
    for (const auto& row : kernels::exp_f32_kernels()) {
      if (!kernels::detect_cpu_features().can_run(row.feature)) continue;
      std::vector<float> data = in;
      kernels::softmax_f32({3, size, 1, false, row.run}, data.data(), data.data(), 0, 3);
      EXPECT_EQ(std::memcmp(data.data(), want.data(), in.size() * sizeof(float)), 0) << row.name << size;
    }
  }
}

TEST(ResizeF32, NearestAndBilinear) {
  // 1 x 2 -> 2 x 3, two channels.
  const float in[] = {1, 10, 3, 30};
  const int32_t y0[] = {0, 0}, y1[] = {0, 0}, x0[] = {0, 0, 1}, x1[] = {0, 1, 1};
  const float y_weight[] = {0, 0.5f}, x_weight[] = {0, 0.25f, 0};
  float out[12];
  kernels::ResizeF32 resize = {1, 2, 2, 2, 3, false, y0, y1, x0, x1, y_weight, x_weight};
  kernels::resize_f32(resize, in, out, 0, 2);
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{1, 10, 1, 10, 3, 30}));
  EXPECT_EQ(std::vector<float>(out + 6, out + 12), (std::vector<float>{1, 10, 1, 10, 3, 30}));
  resize.bilinear = true;
  kernels::resize_f32(resize, in, out, 1, 2);
  kernels::resize_f32(resize, in, out, 0, 1);
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{1, 10, 1.5f, 15, 3, 30}));
  EXPECT_EQ(std::vector<float>(out + 6, out + 12), (std::vector<float>{1, 10, 1.5f, 15, 3, 30}));
  // Rows mix too: 2 x 1 -> 1 x 1.
  const float column[] = {4, 8};
  const int32_t top[] = {0}, bottom[] = {1}, zero[] = {0};
  const float quarter[] = {0.25f}, none[] = {0};
  kernels::ResizeF32 rows = {2, 1, 1, 1, 1, true, top, bottom, zero, zero, quarter, none};
  kernels::resize_f32(rows, column, out, 0, 1);
  EXPECT_EQ(out[0], 5);
}

}  // namespace
}  // namespace octet::testing
