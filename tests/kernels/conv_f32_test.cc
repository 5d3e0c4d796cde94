// SPDX-License-Identifier: Apache-2.0
//
// conv_f32 and conv_transpose_f32 against plain loops in double.
#include "kernels/portable/conv_f32.h"

#include "tests/kernels/f32_case.h"

namespace octet::testing {
namespace {

using kernels::ConvF32;

struct Case {
  ConvF32 conv;
  std::vector<float> input, weights, bias;
};

// The sum of one output and of its terms' magnitudes.
struct Sum {
  double value, magnitude;
};

size_t input_index(const ConvF32& c, size_t n, size_t y, size_t x, size_t channel) {
  return ((n * c.input_height + y) * c.input_width + x) * c.input_channels + channel;
}

// Adds input pixel (iy, ix) times the weights of tap (ky, kx) for output channel o.
void add_tap(const Case& test, size_t n, size_t iy, size_t ix, size_t o, size_t ky, size_t kx, Sum* sum) {
  const ConvF32& c = test.conv;
  const size_t ic = c.input_channels / c.groups, group = o / (c.output_channels / c.groups);
  for (size_t i = 0; i < ic; ++i) {
    const double w = test.weights[((o * c.kernel_height + ky) * c.kernel_width + kx) * ic + i];
    const double term = w * test.input[input_index(c, n, iy, ix, group * ic + i)];
    sum->value += term;
    sum->magnitude += std::fabs(term);
  }
}

Sum conv_at(const Case& test, size_t n, size_t y, size_t x, size_t o) {
  const ConvF32& c = test.conv;
  Sum sum{test.bias.empty() ? 0.0 : test.bias[o], 0};
  for (size_t ky = 0; ky < c.kernel_height; ++ky)
    for (size_t kx = 0; kx < c.kernel_width; ++kx) {
      const int64_t iy = static_cast<int64_t>(y * c.stride_height + ky * c.dilation_height) -
                         static_cast<int64_t>(c.pad_top);
      const int64_t ix =
          static_cast<int64_t>(x * c.stride_width + kx * c.dilation_width) - static_cast<int64_t>(c.pad_left);
      if (iy < 0 || ix < 0 || iy >= static_cast<int64_t>(c.input_height) ||
          ix >= static_cast<int64_t>(c.input_width))
        continue;
      add_tap(test, n, static_cast<size_t>(iy), static_cast<size_t>(ix), o, ky, kx, &sum);
    }
  return sum;
}

// Scatters: which inputs (iy, ix) and taps land on output (y, x)?
Sum transpose_at(const Case& test, size_t n, size_t y, size_t x, size_t o) {
  const ConvF32& c = test.conv;
  Sum sum{test.bias.empty() ? 0.0 : test.bias[o], 0};
  for (size_t iy = 0; iy < c.input_height; ++iy)
    for (size_t ix = 0; ix < c.input_width; ++ix)
      for (size_t ky = 0; ky < c.kernel_height; ++ky)
        for (size_t kx = 0; kx < c.kernel_width; ++kx)
          if (iy * c.stride_height + ky * c.dilation_height == y + c.pad_top &&
              ix * c.stride_width + kx * c.dilation_width == x + c.pad_left)
            add_tap(test, n, iy, ix, o, ky, kx, &sum);
  return sum;
}

Case random_case(Random* r, bool transpose) {
  Case test;
  ConvF32& c = test.conv;
  const auto pick = [r](int64_t low, int64_t high) { return static_cast<size_t>(r->in_range(low, high)); };
  c.batch = pick(1, 2);
  c.kernel_height = pick(1, 4), c.kernel_width = pick(1, 4);
  c.stride_height = pick(1, 3), c.stride_width = pick(1, 3);
  c.dilation_height = pick(1, 2), c.dilation_width = pick(1, 2);
  c.pad_top = pick(0, 2), c.pad_left = pick(0, 2);
  c.input_height = pick(1, 7), c.input_width = pick(1, 9);
  // Output sizes need not follow from the pads: the rest of the picture is zeros.
  c.output_height = pick(1, transpose ? 12 : 6), c.output_width = pick(1, transpose ? 14 : 7);
  const bool depthwise = r->one_in(3);
  c.groups = depthwise ? pick(1, 19) : pick(1, 3);
  c.input_channels = c.groups * (depthwise ? 1 : pick(1, 5));
  c.output_channels = c.groups * (depthwise ? pick(1, 2) : pick(1, 18));
  const bool clamps = r->one_in(2);
  c.output_min = clamps ? -0.5f : -INFINITY;
  c.output_max = clamps ? 1.5f : INFINITY;
  test.input = random_f32(r, c.batch * c.input_height * c.input_width * c.input_channels);
  test.weights =
      random_f32(r, c.output_channels * c.kernel_height * c.kernel_width * (c.input_channels / c.groups));
  if (!r->one_in(3)) test.bias = random_f32(r, c.output_channels);
  return test;
}

std::vector<float> run_case(const Case& test, bool transpose) {
  const ConvF32& c = test.conv;
  Guarded<float> input(test.input), weights(test.weights), bias(test.bias);
  Guarded<float> output(c.batch * c.output_height * c.output_width * c.output_channels);
  const size_t bytes =
      transpose ? kernels::conv_transpose_f32_packed_bytes(c) : kernels::conv_f32_packed_bytes(c);
  Guarded<uint8_t> packed(bytes);
  const float* bias_data = test.bias.empty() ? nullptr : bias.data();
  const auto pack = transpose ? kernels::conv_transpose_f32_pack : kernels::conv_f32_pack;
  pack(c, weights.data(), bias_data, packed.data());
  const auto run = transpose ? kernels::conv_transpose_f32 : kernels::conv_f32;
  const size_t items = c.batch * c.output_height * (transpose ? 1 : c.output_width);
  run(c, packed.data(), input.data(), output.data(), 0, items / 3);
  run(c, packed.data(), input.data(), output.data(), items / 3, items);
  return output.values();
}

void check(const Case& test, bool transpose) {
  const ConvF32& c = test.conv;
  const std::vector<float> got = run_case(test, transpose);
  size_t index = 0;
  for (size_t n = 0; n < c.batch; ++n)
    for (size_t y = 0; y < c.output_height; ++y)
      for (size_t x = 0; x < c.output_width; ++x)
        for (size_t o = 0; o < c.output_channels; ++o, ++index) {
          const Sum sum = transpose ? transpose_at(test, n, y, x, o) : conv_at(test, n, y, x, o);
          const double want = std::min<double>(std::max<double>(sum.value, c.output_min), c.output_max);
          ASSERT_TRUE(close(got[index], want, sum.magnitude, 1e-6))
              << "output " << n << ", " << y << ", " << x << ", " << o;
        }
}

TEST(ConvF32, RandomCases) {
  const uint64_t seed = test_seed(1);
  for (uint64_t i = 0; i < 200; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + i);
    ASSERT_NO_FATAL_FAILURE(check(random_case(&random, false), false));
  }
}

TEST(ConvF32, TransposeRandomCases) {
  const uint64_t seed = test_seed(2);
  for (uint64_t i = 0; i < 200; ++i) {
    SCOPED_TRACE("OCTET_TEST_SEED=" + std::to_string(seed) + " case " + std::to_string(i));
    Random random(seed + 1000 + i);
    ASSERT_NO_FATAL_FAILURE(check(random_case(&random, true), true));
  }
}

// More pixels than one chunk of the kernel, and a ragged last tile.
TEST(ConvF32, ManyPixels) {
  Random random(test_seed(3));
  Case test;
  test.conv = {1, 11, 13, 5, 11, 13, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, -INFINITY, INFINITY};
  test.input = random_f32(&random, 11 * 13 * 5);
  test.weights = random_f32(&random, 9 * 9 * 5);
  test.bias = random_f32(&random, 9);
  check(test, false);
}

// A NaN reaches the outputs it belongs to, and no others.
TEST(ConvF32, NanStaysWhereItBelongs) {
  Case test;
  test.conv = {1, 1, 3, 1, 1, 3, 2, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 6};
  test.input = {1, NAN, 2};
  test.weights = {1, 2};
  const std::vector<float> got = run_case(test, false);
  EXPECT_EQ(got[0], 1);
  EXPECT_EQ(got[1], 2);
  EXPECT_TRUE(std::isnan(got[2]) && std::isnan(got[3]));
  EXPECT_EQ(got[4], 2);
  EXPECT_EQ(got[5], 4);
}

}  // namespace
}  // namespace octet::testing
