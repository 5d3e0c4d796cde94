// SPDX-License-Identifier: Apache-2.0
//
// Statistics are those of the values, whatever the order, the pieces and the merging.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "converter/statistics/tensor_statistics.h"

namespace octet::converter {
namespace {

constexpr uint32_t kSeed = 20240611;

// Magnitudes over many powers of two, both signs, zeros of both signs among them.
std::vector<float> wild(size_t count, uint32_t seed, int exponents = 40) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> mantissa(-2, 2);
  std::uniform_int_distribution<int> exponent(-exponents, exponents);
  std::vector<float> data(count);
  for (size_t i = 0; i < count; ++i)
    data[i] = i % 7 == 0 ? (i % 2 == 0 ? 0.0f : -0.0f) : std::ldexp(mantissa(generator), exponent(generator));
  return data;
}

float largest(const std::vector<float>& data) {
  float result = 0;
  for (const float x : data) result = std::max(result, std::fabs(x));
  return result;
}

// The counts by definition, at the exponent that the largest value asks for.
std::map<int, uint64_t> plain_bins(const std::vector<float>& data, int* exponent, uint64_t* zeros) {
  *exponent = Histogram::kLeastExponent;
  while (static_cast<double>(largest(data)) >= std::ldexp(2048.0, *exponent)) ++*exponent;
  std::map<int, uint64_t> bins;
  *zeros = 0;
  for (const float x : data) {
    const int magnitude =
        static_cast<int>(std::floor(std::ldexp(std::fabs(static_cast<double>(x)), -*exponent)));
    if (x == 0)
      ++*zeros;
    else
      ++bins[x > 0 ? magnitude : -magnitude - 1];
  }
  return bins;
}

void expect_bins(const Histogram& histogram, const std::vector<float>& data) {
  int exponent = 0;
  uint64_t zeros = 0;
  const std::map<int, uint64_t> bins = plain_bins(data, &exponent, &zeros);
  EXPECT_EQ(histogram.exponent(), exponent);
  EXPECT_EQ(histogram.zeros(), zeros);
  EXPECT_EQ(histogram.total(), data.size());
  EXPECT_EQ(histogram.first(), bins.begin()->first);
  EXPECT_EQ(histogram.last(), bins.rbegin()->first + 1);
  for (int bin = -Histogram::kSideBins; bin < Histogram::kSideBins; ++bin) {
    const auto found = bins.find(bin);
    EXPECT_EQ(histogram.count(bin), found == bins.end() ? 0 : found->second) << bin;
  }
}

TEST(Histogram, CountsAsDefined) {
  for (const int exponents : {0, 3, 40, 120}) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", exponents " + std::to_string(exponents));
    const std::vector<float> data = wild(5000, kSeed, exponents);
    Histogram histogram;
    histogram.add(data.data(), data.size(), largest(data));
    expect_bins(histogram, data);
  }
}

TEST(Histogram, PowersOfTwoStartBins) {
  const std::vector<float> data = {1.0f, std::nextafter(1.0f, 0.0f), -1.0f, std::nextafter(-1.0f, 0.0f), 2.0f,
                                   0.5f};
  Histogram histogram;
  histogram.add(data.data(), data.size(), 2.0f);
  EXPECT_EQ(histogram.exponent(), -9);  // 2 = 1024 * 2^-9
  EXPECT_EQ(histogram.count(512), 1u);
  EXPECT_EQ(histogram.count(511), 1u);
  EXPECT_EQ(histogram.count(-513), 1u);
  EXPECT_EQ(histogram.count(-512), 1u);
  EXPECT_EQ(histogram.count(1024), 1u);
}

TEST(Histogram, GrowingAndMergingGiveTheSameCounts) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const std::vector<float> data = wild(6000, kSeed + 1);
  std::vector<float> sorted = data;
  std::sort(sorted.begin(), sorted.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  Histogram growing, merged;
  for (size_t i = 0; i < sorted.size(); i += 100) {
    const std::vector<float> piece(sorted.begin() + static_cast<long>(i),
                                   sorted.begin() + static_cast<long>(i) + 100);
    growing.add(piece.data(), piece.size(), largest(piece));
    const size_t back = sorted.size() - 100 - i;
    const std::vector<float> other(sorted.begin() + static_cast<long>(back),
                                   sorted.begin() + static_cast<long>(back) + 100);
    Histogram part;
    part.add(other.data(), other.size(), largest(other));
    merged.merge(part);
  }
  expect_bins(growing, data);
  EXPECT_TRUE(growing == merged);
  Histogram restored;
  std::vector<uint64_t> counts;
  for (int bin = growing.first(); bin < growing.last(); ++bin) counts.push_back(growing.count(bin));
  ASSERT_TRUE(restored.restore(growing.exponent(), growing.first(), counts, growing.zeros()));
  EXPECT_TRUE(restored == growing);
  EXPECT_FALSE(restored.restore(0, 2047, {1, 1}, 0));
  EXPECT_FALSE(restored.restore(200, 0, {1}, 0));
}

TEST(ExactSum, OrderAndPiecesDoNotShow) {
  std::mt19937 generator(kSeed);
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i)
    values.push_back(
        std::ldexp(static_cast<double>(generator()) - 2e9, static_cast<int>(generator() % 60) - 30));
  ExactSum forward, backward, half, other;
  long double plain = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    forward.add(values[i]);
    backward.add(values[values.size() - 1 - i]);
    (i % 2 == 0 ? half : other).add(values[i]);
    plain += values[i];
  }
  half.merge(other);
  EXPECT_EQ(forward.terms(), backward.terms());
  EXPECT_EQ(forward.terms(), half.terms());
  EXPECT_NEAR(forward.value(), static_cast<double>(plain), std::fabs(static_cast<double>(plain)) * 1e-8);
  ExactSum nothing;
  nothing.add(3.5);
  nothing.add(-3.5);
  EXPECT_TRUE(nothing.terms().empty());
  EXPECT_EQ(nothing.value(), 0);
}

void expect_same(const TensorStatistics& a, const TensorStatistics& b) {
  EXPECT_EQ(a.range.min, b.range.min);
  EXPECT_EQ(a.range.max, b.range.max);
  EXPECT_EQ(a.sum.terms(), b.sum.terms());
  EXPECT_EQ(a.sum_of_squares.terms(), b.sum_of_squares.terms());
  EXPECT_TRUE(a.histogram == b.histogram);
  EXPECT_EQ(a.recent.dropped(), b.recent.dropped());
  EXPECT_EQ(a.recent.before().min, b.recent.before().min);
  EXPECT_EQ(a.recent.before().max, b.recent.before().max);
  ASSERT_EQ(a.recent.kept().size(), b.recent.kept().size());
  for (size_t i = 0; i < a.recent.kept().size(); ++i)
    EXPECT_EQ(a.recent.kept()[i].max, b.recent.kept()[i].max) << i;
  ASSERT_EQ(a.channels.size(), b.channels.size());
  for (size_t c = 0; c < a.channels.size(); ++c) {
    EXPECT_EQ(a.channels[c].min, b.channels[c].min) << c;
    EXPECT_EQ(a.channels[c].max, b.channels[c].max) << c;
  }
}

TEST(TensorStatistics, ShardsMergeToTheWhole) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  constexpr size_t kSample = 60, kChannels = 5;
  for (const size_t samples : {1u, 7u, 1024u, 2500u}) {
    const std::vector<float> data = wild(samples * kSample, kSeed + 2, 6);
    for (const size_t cut : {size_t{0}, samples / 3, samples - 1, samples}) {
      TensorStatistics whole, first, second;
      for (size_t i = 0; i < samples; ++i) {
        const float* sample = data.data() + i * kSample;
        whole.recent.append(whole.add(sample, kSample, kChannels));
        TensorStatistics& shard = i < cut ? first : second;
        shard.recent.append(shard.add(sample, kSample, kChannels));
      }
      first.merge(second);
      SCOPED_TRACE(std::to_string(samples) + " samples cut at " + std::to_string(cut));
      expect_same(whole, first);
      EXPECT_EQ(whole.recent.samples(), samples);
    }
  }
}

TEST(TensorStatistics, FactsOfASmallTensor) {
  TensorStatistics statistics;
  EXPECT_EQ(statistics.count(), 0u);
  EXPECT_EQ(statistics.range.max, 0);
  const float first[] = {1, -0.0f, 3, 0}, second[] = {2, -5, 2.5f, 0};
  const Range seen = statistics.add(first, 4, 2);
  EXPECT_EQ(seen.min, 0);
  EXPECT_FALSE(std::signbit(seen.min));
  EXPECT_EQ(seen.max, 3);
  statistics.add(second, 4, 2);
  EXPECT_EQ(statistics.range.min, -5);
  EXPECT_EQ(statistics.range.max, 3);
  EXPECT_EQ(statistics.sum.value(), 3.5);
  EXPECT_EQ(statistics.sum_of_squares.value(), 45.25);
  EXPECT_EQ(statistics.histogram.zeros(), 3u);
  EXPECT_EQ(statistics.count(), 8u);
  ASSERT_EQ(statistics.channels.size(), 2u);
  EXPECT_EQ(statistics.channels[0].min, 1);
  EXPECT_EQ(statistics.channels[0].max, 3);
  EXPECT_EQ(statistics.channels[1].min, -5);
  EXPECT_EQ(statistics.channels[1].max, 0);
}

}  // namespace
}  // namespace octet::converter
