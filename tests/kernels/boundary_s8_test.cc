// SPDX-License-Identifier: Apache-2.0
//
// quantize_f32_s8, dequantize_s8_f32, interleave_s8 and pixels_u8_s8: every kernel against the definition
// computed in double, on ties, extremes, NaN and infinities.
#include <cfloat>
#include <limits>

#include "kernels/dequantize_s8_f32.h"
#include "kernels/interleave_s8.h"
#include "kernels/pixels_u8_s8.h"
#include "kernels/quantize_f32_s8.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

using testing::Random;

// The definition: one f32 product, rounded half to even, in double so that nothing overflows.
int8_t quantized(float x, const QuantizeF32S8& quantize) {
  volatile float product = x * quantize.inv_scale;
  if (std::isnan(product)) return static_cast<int8_t>(quantize.zero_point);
  const double y = product;
  const double below = std::floor(y);
  double rounded = y - below > 0.5 ? below + 1 : below;
  if (y - below == 0.5) rounded = std::fmod(below, 2) == 0 ? below : below + 1;
  return static_cast<int8_t>(std::fmin(127, std::fmax(-128, rounded + quantize.zero_point)));
}

void expect_quantized(const QuantizeF32S8& quantize, const std::vector<float>& input) {
  Poisoned<int8_t> expected(input.size());
  for (size_t i = 0; i < input.size(); ++i) expected.data()[i] = quantized(input[i], quantize);
  for (const auto& row : runnable(quantize_f32_s8_kernels())) {
    Guarded<float> guarded(input);
    Poisoned<int8_t> output(input.size());
    row.run(quantize, guarded.data(), output.data(), input.size());
    EXPECT_TRUE(output == expected) << row.name << ", zero point " << quantize.zero_point << ", inv_scale "
                                    << quantize.inv_scale << ", " << input.size();
  }
}

TEST(QuantizeF32S8, TiesAndTheirNeighbours) {
  for (const int32_t zero_point : {-128, -3, 0, 5, 127}) {
    for (const float inv_scale : {1.0f, 0.25f, 8.0f}) {
      std::vector<float> input;
      for (int k = -600; k <= 600; ++k) {
        const float tie = static_cast<float>(k) * 0.5f / inv_scale;
        for (const float x : {tie, std::nextafterf(tie, -1e9f), std::nextafterf(tie, 1e9f)})
          input.push_back(x);
      }
      expect_quantized({inv_scale, zero_point}, input);
    }
  }
}

TEST(QuantizeF32S8, ExtremesAndNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> input = {infinity,      -infinity,      NAN,           -NAN,    FLT_MAX, -FLT_MAX,
                                    FLT_MIN,       -FLT_MIN,       1e-45f,        -1e-45f, 0.0f,    -0.0f,
                                    2147483648.0f, -2147483648.0f, 4294967296.0f, 126.5f,  127.5f,  -128.5f,
                                    -127.5f,       1e20f,          -1e20f};
  for (const int32_t zero_point : {-128, -1, 0, 1, 127})
    for (const float inv_scale : {1.0f, 3.0e38f, 1e-30f, 0.1f})
      expect_quantized({inv_scale, zero_point}, input);
}

// Vector units that take subnormal numbers for 0 (ARMv7's) must not do so where it shows: products of
// subnormal inputs that reach 1/2, and subnormal scales.
TEST(QuantizeF32S8, SubnormalInputsAndScales) {
  std::vector<float> input;
  for (const float x : {FLT_MIN, std::nextafterf(FLT_MIN, 0), FLT_MIN / 2, 0x1p-149f, FLT_MAX, 1.0f, 0.0f}) {
    input.push_back(x);
    input.push_back(-x);
  }
  input.push_back(std::numeric_limits<float>::infinity());
  for (const int exponent : {-149, -140, -127, -126, -125, 124, 125, 126, 127})
    for (const float factor : {1.0f, 1.5f, -1.75f})
      for (const int32_t zero_point : {-128, 3})
        expect_quantized({std::ldexp(factor, exponent), zero_point}, input);
}

TEST(QuantizeF32S8, RandomRaggedSizes) {
  Random random = seeded(3);
  for (size_t count = 0; count < 150; ++count) {
    const QuantizeF32S8 quantize = {std::exp2(random.f32(-6, 6)), random_zero_point(&random)};
    std::vector<float> input(count);
    for (float& x : input) x = random.one_in(20) ? NAN : random.f32(-200, 200) / quantize.inv_scale;
    expect_quantized(quantize, input);
  }
}

TEST(InterleaveS8, PlanesBecomePixels) {
  Random random = seeded(6);
  for (size_t channels = 1; channels <= 5; ++channels)
    for (size_t count = 0; count < 70; ++count) {
      const size_t plane = count + count % 3;
      const std::vector<int8_t> input = random_s8(&random, plane * channels);
      Poisoned<int8_t> expected(count * channels);
      for (size_t j = 0; j < count * channels; ++j)
        expected.data()[j] = input[j % channels * plane + j / channels];
      for (const auto& row : runnable(interleave_s8_kernels())) {
        Guarded<int8_t> guarded(input);
        Poisoned<int8_t> output(count * channels);
        row.run(guarded.data(), plane, channels, output.data(), count);
        EXPECT_TRUE(output == expected)
            << row.name << ", " << channels << " channels, " << count << " pixels";
      }
    }
}

TEST(DequantizeS8F32, EveryValueCorrectlyRounded) {
  Random random = seeded(4);
  for (size_t count = 0; count < 300; ++count) {
    const DequantizeS8F32 dequantize = {std::exp2(random.f32(-30, 4)), random_zero_point(&random)};
    const std::vector<int8_t> input = random_s8(&random, count);
    Poisoned<float> expected(count);
    for (size_t i = 0; i < count; ++i)  // 9 bits times 24 bits: exact in double
      expected.data()[i] = static_cast<float>(static_cast<double>(input[i] - dequantize.zero_point) *
                                              static_cast<double>(dequantize.scale));
    for (const auto& row : runnable(dequantize_s8_f32_kernels())) {
      Guarded<int8_t> guarded(input);
      Poisoned<float> output(count);
      row.run(dequantize, guarded.data(), output.data(), count);
      EXPECT_TRUE(output == expected) << row.name << ", " << count;
    }
  }
}

// Products at the edge of what is normal, and below it.
TEST(DequantizeS8F32, SubnormalScales) {
  std::vector<int8_t> input;
  for (int q = -128; q < 128; ++q) input.push_back(static_cast<int8_t>(q));
  for (const float scale : {FLT_MIN, std::nextafterf(FLT_MIN, 0), FLT_MIN / 128, 0x1p-149f, FLT_MAX / 256}) {
    const DequantizeS8F32 dequantize = {scale, 5};
    Poisoned<float> expected(input.size());
    for (size_t i = 0; i < input.size(); ++i)
      expected.data()[i] = static_cast<float>(static_cast<double>(input[i] - 5) * static_cast<double>(scale));
    for (const auto& row : runnable(dequantize_s8_f32_kernels())) {
      Poisoned<float> output(input.size());
      row.run(dequantize, input.data(), output.data(), input.size());
      EXPECT_TRUE(output == expected) << row.name << ", scale " << scale;
    }
  }
}

void check_pixels(size_t channels, size_t count, bool one_table, Random* random) {
  std::vector<int8_t> tables = random_s8(random, channels * 256);
  for (size_t i = 256; one_table && i < tables.size(); ++i) tables[i] = tables[i % 256];
  std::vector<uint8_t> pixels(channels * count);
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random->next());
  Poisoned<int8_t> expected(pixels.size());
  for (size_t i = 0; i < pixels.size(); ++i) expected.data()[i] = tables[i % channels * 256 + pixels[i]];
  for (const auto& row : runnable(pixels_u8_s8_kernels())) {
    Guarded<int8_t> guarded_tables(tables);
    Guarded<uint8_t> guarded(pixels);
    Poisoned<int8_t> output(pixels.size()), in_place(pixels.size());
    row.run(guarded_tables.data(), channels, guarded.data(), output.data(), count);
    EXPECT_TRUE(output == expected) << row.name << ", " << channels << " channels, " << count;
    if (!pixels.empty()) std::memcpy(in_place.data(), pixels.data(), pixels.size());
    row.run(guarded_tables.data(), channels, reinterpret_cast<uint8_t*>(in_place.data()), in_place.data(),
            count);
    EXPECT_TRUE(in_place == expected) << row.name << " in place, " << channels << " channels, " << count;
  }
}

TEST(PixelsU8S8, EachChannelThroughItsTable) {
  Random random = seeded(5);
  for (const size_t channels : {1, 2, 3, 4, 7})
    for (size_t count = 0; count < 800; count += count < 70 ? 1 : 61)
      for (const bool one_table : {false, true}) check_pixels(channels, count, one_table, &random);
}

}  // namespace
}  // namespace octet::kernels
