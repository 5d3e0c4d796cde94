// SPDX-License-Identifier: Apache-2.0
//
// Fixed-point pairs against double math, at powers of two and at both ends of the range.
#include "converter/lower/requantization.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/requantize.h"

namespace octet::converter {
namespace {

double decoded(FixedPoint pair) { return std::ldexp(pair.multiplier, -21 - pair.right_shift); }

TEST(EncodeFixedPoint, PowersOfTwoAreExact) {
  for (int e = -37; e <= 8; ++e) {
    FixedPoint pair;
    ASSERT_TRUE(encode_fixed_point(std::ldexp(1.0, e), &pair).ok()) << e;
    EXPECT_EQ(pair.multiplier, 1 << 14) << e;
    EXPECT_EQ(decoded(pair), std::ldexp(1.0, e)) << e;
  }
}

TEST(EncodeFixedPoint, JustBelowAPowerOfTwoRenormalizes) {
  for (int e = -36; e <= 8; ++e) {
    FixedPoint pair;
    ASSERT_TRUE(encode_fixed_point(std::ldexp(1.0 - 1e-9, e), &pair).ok()) << e;
    EXPECT_EQ(pair.multiplier, 1 << 14) << e;
    EXPECT_EQ(decoded(pair), std::ldexp(1.0, e)) << e;
    ASSERT_TRUE(encode_fixed_point(std::ldexp(1.0 - 3.1e-5, e), &pair).ok()) << e;
    EXPECT_EQ(pair.multiplier, (1 << 15) - 1) << e;
  }
}

TEST(EncodeFixedPoint, RandomScalesAreWithinHalfAStep) {
  std::mt19937 engine(7);
  std::uniform_real_distribution<double> exponent(-37, 8.9);
  for (int i = 0; i < 10000; ++i) {
    const double k = std::exp2(exponent(engine));
    FixedPoint pair;
    ASSERT_TRUE(encode_fixed_point(k, &pair).ok()) << k;
    EXPECT_GE(pair.multiplier, 1 << 14);
    EXPECT_LE(std::fabs(decoded(pair) / k - 1), std::ldexp(1.0, -15) * 1.0001) << k;
  }
}

TEST(EncodeFixedPoint, TinyScaleIsADeadChannel) {
  FixedPoint pair;
  ASSERT_TRUE(encode_fixed_point(std::ldexp(1.0, -38), &pair).ok());  // p = 31 is the last
  EXPECT_EQ(pair.right_shift, 31);
  EXPECT_EQ(pair.multiplier, 1 << 14);
  for (double k : {std::ldexp(0.99, -38), 1e-30, 0.0}) {
    ASSERT_TRUE(encode_fixed_point(k, &pair).ok());
    EXPECT_EQ(pair.multiplier, 0) << k;
    EXPECT_EQ(pair.right_shift, 0) << k;
    for (int32_t acc : {std::numeric_limits<int32_t>::min(), -1, 0, std::numeric_limits<int32_t>::max()})
      EXPECT_EQ(kernels::requantize(acc, pair.multiplier, pair.right_shift, 5, -128, 127), 5);
  }
}

TEST(EncodeFixedPoint, HugeNegativeAndUndefinedScalesAreErrors) {
  FixedPoint pair;
  EXPECT_TRUE(encode_fixed_point(std::ldexp(1.0, 9), &pair).ok());  // p = -16
  EXPECT_EQ(pair.right_shift, -16);
  EXPECT_TRUE(encode_fixed_point(std::ldexp(0.9999, 10), &pair).ok());
  EXPECT_FALSE(encode_fixed_point(std::ldexp(1.0, 10), &pair).ok());
  EXPECT_FALSE(encode_fixed_point(std::ldexp(1.0 - 1e-9, 10), &pair).ok());  // rounds up to 2^10
  EXPECT_FALSE(encode_fixed_point(-0.1, &pair).ok());
  EXPECT_FALSE(encode_fixed_point(std::nan(""), &pair).ok());
  EXPECT_FALSE(encode_fixed_point(INFINITY, &pair).ok());
}

TEST(Headroom, CountsTheRoundingTermAndTheLeftShift) {
  EXPECT_TRUE(accumulator_fits(2147483647.0, {1 << 14, 0}));
  EXPECT_FALSE(accumulator_fits(2147483648.0, {1 << 14, 0}));
  EXPECT_TRUE(accumulator_fits(2147483646.0, {1 << 14, 1}));
  EXPECT_FALSE(accumulator_fits(2147483647.0, {1 << 14, 1}));
  EXPECT_TRUE(accumulator_fits(1073741823.0, {1 << 14, 31}));
  EXPECT_FALSE(accumulator_fits(1073741824.0, {1 << 14, 31}));
  EXPECT_TRUE(accumulator_fits(32767.0, {1 << 14, -16}));
  EXPECT_FALSE(accumulator_fits(32768.0, {1 << 14, -16}));
  EXPECT_DOUBLE_EQ(headroom_bits(1 << 20, {1 << 14, 0}), 11);
  EXPECT_DOUBLE_EQ(headroom_bits(1 << 20, {1 << 14, -4}), 7);
  EXPECT_LT(headroom_bits(4294967296.0, {1 << 14, 0}), 0);
}

TEST(LargestDifference, BothEnds) {
  EXPECT_EQ(largest_difference(0), 128);
  EXPECT_EQ(largest_difference(-128), 255);
  EXPECT_EQ(largest_difference(127), 255);
  EXPECT_EQ(largest_difference(-1), 128);
}

TEST(EncodeSum, TakesTheMostFractionalBitsThatFit) {
  std::vector<int16_t> m;
  int8_t f = 0;
  ASSERT_TRUE(encode_sum({1.0, 0.5}, &m, &f));
  EXPECT_EQ(f, 6);
  EXPECT_EQ(m, (std::vector<int16_t>{16384, 8192}));
  ASSERT_TRUE(encode_sum({2.0, -0.5}, &m, &f));  // 2 * 2^14 = 32768 does not fit
  EXPECT_EQ(f, 5);
  EXPECT_EQ(m, (std::vector<int16_t>{16384, -4096}));
  ASSERT_TRUE(encode_sum({127.9}, &m, &f));
  EXPECT_EQ(f, 0);
  EXPECT_FALSE(encode_sum({128.0}, &m, &f));
  EXPECT_FALSE(encode_sum({INFINITY}, &m, &f));
}

}  // namespace
}  // namespace octet::converter
