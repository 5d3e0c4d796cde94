// SPDX-License-Identifier: Apache-2.0
//
// resize_bilinear_s8 and resize_nearest: each kernel equals its reference; the bilinear reference is
// within one step of the ideal mixture, nearest equals the definition for every block size.
#include "kernels/resize_bilinear_s8.h"
#include "kernels/resize_nearest.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

// Half-pixel tables of one axis, as the converter makes them.
struct AxisTables {
  std::vector<int32_t> index0, index1;
  std::vector<int16_t> weight;
  std::vector<double> ideal;  // the real weight
};

AxisTables half_pixel(size_t input, size_t output) {
  AxisTables tables;
  for (size_t o = 0; o < output; ++o) {
    double at =
        (static_cast<double>(o) + 0.5) * static_cast<double>(input) / static_cast<double>(output) - 0.5;
    at = std::fmax(0, std::fmin(at, static_cast<double>(input - 1)));
    const auto below = static_cast<int32_t>(at);
    tables.index0.push_back(below);
    tables.index1.push_back(std::min(below + 1, static_cast<int32_t>(input) - 1));
    tables.ideal.push_back(at - below);
    tables.weight.push_back(static_cast<int16_t>(std::lround((at - below) * 2048)));
  }
  return tables;
}

struct Sizes {
  size_t batch, input_height, input_width, channels, output_height, output_width;
};

void check_bilinear(const Sizes& s, Random* random) {
  const AxisTables y = half_pixel(s.input_height, s.output_height),
                   x = half_pixel(s.input_width, s.output_width);
  const ResizeS8 resize = {s.batch,         s.input_height,  s.input_width,   s.channels,
                           s.output_height, s.output_width,  y.index0.data(), y.index1.data(),
                           y.weight.data(), x.index0.data(), x.index1.data(), x.weight.data()};
  const std::vector<int8_t> input = random_s8(random, s.batch * s.input_height * s.input_width * s.channels);
  const size_t rows = s.batch * s.output_height, count = rows * s.output_width * s.channels;
  Poisoned<int8_t> expected(count);
  resize_bilinear_s8_reference(resize, input.data(), expected.data(), 0, rows);
  for (size_t i = 0; i < count; ++i) {
    const size_t c = i % s.channels, ox = i / s.channels % s.output_width;
    const size_t oy = i / s.channels / s.output_width % s.output_height,
                 n = i / s.channels / s.output_width / s.output_height;
    const auto at = [&](int32_t iy, int32_t ix) {
      return static_cast<double>(
          input[((n * s.input_height + static_cast<size_t>(iy)) * s.input_width + static_cast<size_t>(ix)) *
                    s.channels +
                c]);
    };
    const double wx = x.ideal[ox], wy = y.ideal[oy];
    const double top = at(y.index0[oy], x.index0[ox]) * (1 - wx) + at(y.index0[oy], x.index1[ox]) * wx;
    const double bottom = at(y.index1[oy], x.index0[ox]) * (1 - wx) + at(y.index1[oy], x.index1[ox]) * wx;
    ASSERT_LE(std::abs(expected.data()[i] - ideal_s8(top * (1 - wy) + bottom * wy, 0)), 1);
  }
  for (const auto& row : runnable(resize_bilinear_s8_kernels())) {
    Guarded<int8_t> guarded(input);
    Poisoned<int8_t> output(count);
    row.run(resize, guarded.data(), output.data(), 0, rows / 2);
    row.run(resize, guarded.data(), output.data(), rows / 2, rows);
    EXPECT_TRUE(output == expected) << row.name << ", " << s.channels << " channels";
  }
}

TEST(ResizeBilinearS8, RaggedShapes) {
  Random random = seeded(40);
  for (size_t channels = 1; channels < 70; ++channels) {
    const auto pick = [&] { return static_cast<size_t>(random.in_range(1, 9)); };
    check_bilinear({pick() % 2 + 1, pick(), pick(), channels, pick(), pick()}, &random);
  }
}

// Values that are all equal must stay: the weights sum to one.
TEST(ResizeBilinearS8, ConstantStaysConstant) {
  const AxisTables y = half_pixel(5, 13), x = half_pixel(7, 11);
  for (int q = -128; q < 128; ++q) {
    const std::vector<int8_t> input(5 * 7 * 3, static_cast<int8_t>(q));
    std::vector<int8_t> output(13 * 11 * 3);
    const ResizeS8 resize = {1,
                             5,
                             7,
                             3,
                             13,
                             11,
                             y.index0.data(),
                             y.index1.data(),
                             y.weight.data(),
                             x.index0.data(),
                             x.index1.data(),
                             x.weight.data()};
    resize_bilinear_s8_reference(resize, input.data(), output.data(), 0, 13);
    EXPECT_EQ(output, std::vector<int8_t>(output.size(), static_cast<int8_t>(q)));
  }
}

TEST(ResizeNearest, EqualsDefinition) {
  Random random = seeded(41);
  for (int trial = 0; trial < 300; ++trial) {
    const auto pick = [&](int64_t most) { return static_cast<size_t>(random.in_range(1, most)); };
    ResizeNearest resize = {pick(2), pick(6), pick(6), pick(9), pick(9), pick(40), nullptr, nullptr};
    std::vector<int32_t> y0(resize.output_height), x0(resize.output_width);
    for (int32_t& y : y0) y = static_cast<int32_t>(random.next() % resize.input_height);
    for (int32_t& x : x0) x = static_cast<int32_t>(random.next() % resize.input_width);
    resize.y0 = y0.data();
    resize.x0 = x0.data();
    const size_t pixels = resize.batch * resize.output_height * resize.output_width;
    const std::vector<int8_t> input =
        random_s8(&random, resize.batch * resize.input_height * resize.input_width * resize.block_bytes);
    Poisoned<int8_t> expected(pixels * resize.block_bytes), output(pixels * resize.block_bytes);
    for (size_t p = 0; p < pixels; ++p) {
      const size_t x = p % resize.output_width, y = p / resize.output_width % resize.output_height;
      const size_t n = p / resize.output_width / resize.output_height;
      const size_t from = (n * resize.input_height + static_cast<size_t>(y0[y])) * resize.input_width +
                          static_cast<size_t>(x0[x]);
      for (size_t b = 0; b < resize.block_bytes; ++b)
        expected.data()[p * resize.block_bytes + b] = input[from * resize.block_bytes + b];
    }
    Guarded<int8_t> guarded(input);
    const size_t rows = resize.batch * resize.output_height, middle = random.next() % (rows + 1);
    resize_nearest(resize, guarded.data(), output.data(), 0, middle);
    resize_nearest(resize, guarded.data(), output.data(), middle, rows);
    EXPECT_TRUE(output == expected);
  }
}

}  // namespace
}  // namespace octet::kernels
