// SPDX-License-Identifier: Apache-2.0
//
// Every method against a plain reference on synthetic distributions.
#include "converter/ranges/range_methods.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "converter/ranges/divergence.h"

namespace octet::converter {
namespace {

constexpr uint32_t kSeed = 20240611;

// KL search written the plain way: build P and Q as vectors, normalize, sum.
size_t plain_least_divergence(std::vector<double> bins, size_t levels) {
  bins[0] = bins[1];
  double least = std::numeric_limits<double>::infinity();
  size_t best = bins.size();
  for (size_t kept = levels; kept <= bins.size(); ++kept) {
    std::vector<double> p(bins.begin(), bins.begin() + static_cast<long>(kept)), q(kept, 0.0);
    std::vector<double> step_sum(levels, 0), step_filled(levels, 0);
    const auto step_of = [&](size_t bin) {
      size_t level = 0;
      while ((level + 1) * kept / levels <= bin) ++level;
      return level;
    };
    std::vector<size_t> steps(kept);
    for (size_t i = 0, level = 0; i < kept; ++i) {
      while ((level + 1) * kept / levels <= i) ++level;
      steps[i] = level;
      if (i == kept / 2) {
        EXPECT_EQ(level, step_of(i));
      }
      step_sum[level] += p[i];
      step_filled[level] += p[i] > 0;
    }
    double q_total = 0, p_total = 0;
    for (size_t i = 0; i < kept; ++i) {
      if (p[i] > 0) q[i] = step_sum[steps[i]] / step_filled[steps[i]];
      q_total += q[i];
    }
    for (size_t i = kept; i < bins.size(); ++i) p[kept - 1] += bins[i];
    for (double x : p) p_total += x;
    if (q_total == 0) continue;
    double divergence = 0;
    for (size_t i = 0; i < kept; ++i) {
      if (p[i] == 0) continue;
      divergence += q[i] == 0 ? std::numeric_limits<double>::infinity()
                              : p[i] / p_total * std::log(p[i] / p_total * q_total / q[i]);
    }
    if (std::isfinite(divergence) && divergence <= least + 1e-15) {
      least = std::min(least, divergence);
      best = kept;
    }
  }
  return best;
}

struct Distribution {
  const char* name;
  std::vector<float> data;
};

std::vector<float> draw_normal(size_t count, float deviation, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw(0, deviation);
  std::vector<float> data(count);
  for (float& x : data) x = draw(generator);
  return data;
}

std::vector<Distribution> distributions() {
  std::vector<Distribution> all;
  all.push_back({"normal", draw_normal(60000, 1.5f, kSeed)});
  all.push_back({"relu", draw_normal(60000, 0.02f, kSeed + 1)});
  for (float& x : all.back().data) x = std::max(x, 0.0f);
  all.push_back({"outlier", draw_normal(60000, 1, kSeed + 2)});
  all.back().data[77] = 60;
  std::mt19937 generator(kSeed + 3);
  std::exponential_distribution<float> tail(0.1f);
  std::uniform_real_distribution<float> even(-3, 5);
  all.push_back({"skewed", {}});
  for (size_t i = 0; i < 60000; ++i) all.back().data.push_back(tail(generator) - 2);
  all.push_back({"uniform", {}});
  for (size_t i = 0; i < 60000; ++i) all.back().data.push_back(even(generator));
  return all;
}

TensorStatistics statistics_of(const std::vector<float>& data, size_t sample = 1000) {
  TensorStatistics statistics;
  for (size_t i = 0; i < data.size(); i += sample)
    statistics.recent.append(statistics.add(data.data() + i, std::min(sample, data.size() - i), 1));
  return statistics;
}

TEST(RangeMethods, UnknownMethodListsTheNames) {
  RangeOptions options;
  options.method = "guess";
  const RangeMethod* row = nullptr;
  const Status status = find_range_method(options, &row);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("'guess'"), std::string::npos);
  for (const RangeMethod& method : range_methods())
    EXPECT_NE(status.message().find(method.name), std::string::npos);
}

TEST(RangeMethods, ParametersOutOfBoundsAreRefused) {
  const RangeMethod* row = nullptr;
  RangeOptions options;
  EXPECT_TRUE(find_range_method(options, &row).ok());
  options.percentile = 100.5;
  EXPECT_NE(find_range_method(options, &row).message().find("100.5"), std::string::npos);
  options = RangeOptions();
  options.averaging = 0;
  EXPECT_FALSE(find_range_method(options, &row).ok());
}

TEST(RangeMethods, NothingZerosAndConstants) {
  const std::vector<float> zeros(100, 0.0f), threes(100, -3.0f);
  for (const RangeMethod& method : range_methods()) {
    if (method.range == nullptr) continue;
    SCOPED_TRACE(method.name);
    TensorStatistics statistics;
    EXPECT_EQ(method.range(statistics, RangeOptions()).min, 0);
    EXPECT_EQ(method.range(statistics, RangeOptions()).max, 0);
    statistics = statistics_of(zeros);
    EXPECT_EQ(method.range(statistics, RangeOptions()).min, 0);
    EXPECT_EQ(method.range(statistics, RangeOptions()).max, 0);
    statistics = statistics_of(threes);
    EXPECT_NEAR(method.range(statistics, RangeOptions()).min, -3.0f, 0.01f);
    EXPECT_LE(method.range(statistics, RangeOptions()).max, 0);
  }
}

TEST(RangeMethods, NeverPassTheExtremes) {
  for (const Distribution& distribution : distributions()) {
    const TensorStatistics statistics = statistics_of(distribution.data);
    for (const RangeMethod& method : range_methods()) {
      if (method.range == nullptr) continue;
      SCOPED_TRACE(std::string(method.name) + " of " + distribution.name);
      const Range range = method.range(statistics, RangeOptions());
      EXPECT_GE(range.min, statistics.range.min);
      EXPECT_LE(range.max, statistics.range.max);
    }
  }
}

TEST(MinMax, KeepsTheExtremes) {
  for (const Distribution& distribution : distributions()) {
    const Range range = minmax_range(statistics_of(distribution.data), RangeOptions());
    EXPECT_EQ(range.min, *std::min_element(distribution.data.begin(), distribution.data.end()));
    EXPECT_EQ(range.max, *std::max_element(distribution.data.begin(), distribution.data.end()));
  }
}

TEST(MovingAverage, EqualsTheRecurrence) {
  RangeOptions options;
  for (const double c : {0.01, 0.3, 1.0}) {
    options.averaging = c;
    const std::vector<float> data = draw_normal(20000, 1, kSeed);
    double low = 0, high = 0;
    for (size_t i = 0; i < data.size(); i += 1000) {
      const auto [least, most] = std::minmax_element(data.begin() + static_cast<long>(i),
                                                     data.begin() + static_cast<long>(i) + 1000);
      low = i == 0 ? *least : (1 - c) * low + c * *least;
      high = i == 0 ? *most : (1 - c) * high + c * *most;
    }
    const Range range = moving_average_range(statistics_of(data), options);
    EXPECT_NEAR(range.min, low, 1e-6) << c;
    EXPECT_NEAR(range.max, high, 1e-6) << c;
  }
}

TEST(Percentile, EqualsTheSortedValuesWithinABin) {
  for (const Distribution& distribution : distributions()) {
    std::vector<float> sorted = distribution.data;
    std::sort(sorted.begin(), sorted.end());
    const TensorStatistics statistics = statistics_of(distribution.data);
    for (const double percentile : {90.0, 99.9, 99.99, 100.0}) {
      SCOPED_TRACE(std::string(distribution.name) + " " + std::to_string(percentile));
      RangeOptions options;
      options.percentile = percentile;
      const double tail = (100 - percentile) / 200 * static_cast<double>(sorted.size());
      const size_t cut = static_cast<size_t>(std::max(std::ceil(tail) - 1, 0.0));
      const Range range = percentile_range(statistics, options);
      const float width = static_cast<float>(statistics.histogram.width());
      EXPECT_NEAR(range.min, std::min(sorted[cut], 0.0f), width * 1.01f);
      EXPECT_NEAR(range.max, std::max(sorted[sorted.size() - 1 - cut], 0.0f), width * 1.01f);
    }
  }
}

// The mean squared error of clipping to 255 steps that cover the range, value by value; zeros are exact.
double plain_error(const std::vector<float>& data, double low, double high) {
  const double step = (high - low) / 255;
  double sum = 0;
  for (const float x : data) {
    if (x == 0) continue;
    const double clipped = std::clamp<double>(x, low, high);
    const double error = low + std::nearbyint((clipped - low) / step) * step - x;
    sum += error * error;
  }
  return sum / static_cast<double>(data.size());
}

TEST(Mse, NoRangeOfAGridIsBetter) {
  for (const Distribution& distribution : distributions()) {
    SCOPED_TRACE(distribution.name);
    const TensorStatistics statistics = statistics_of(distribution.data);
    const Range range = mse_range(statistics, RangeOptions());
    const double low = std::min(statistics.range.min, 0.0f), high = std::max(statistics.range.max, 0.0f);
    double least = std::numeric_limits<double>::infinity();
    for (int i = low < 0 ? 1 : 25; i <= 25; ++i)
      for (int j = 1; j <= 25; ++j)
        least = std::min(least, plain_error(distribution.data, low * i / 25, high * j / 25));
    EXPECT_LE(plain_error(distribution.data, range.min, range.max), least * 1.01);
  }
}

TEST(Mse, CutsALoneOutlierAndKeepsAUniformRange) {
  const auto all = distributions();
  EXPECT_LT(mse_range(statistics_of(all[2].data), RangeOptions()).max, 61.0f);
  const Range uniform = mse_range(statistics_of(all[4].data), RangeOptions());
  EXPECT_NEAR(uniform.min, -3, 0.02);
  EXPECT_NEAR(uniform.max, 5, 0.02);
  EXPECT_LT(mse_range(statistics_of(all[1].data), RangeOptions()).max, statistics_of(all[1].data).range.max);
}

TEST(Entropy, SearchEqualsThePlainOne) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 generator(kSeed);
  for (int shape = 0; shape < 6; ++shape) {
    std::vector<uint64_t> bins(Histogram::kSideBins, 0);
    std::vector<double> plain(bins.size());
    for (size_t i = 0; i < bins.size(); ++i) {
      const double decay = shape % 3 == 0   ? std::exp(-static_cast<double>(i) / 150)
                           : shape % 3 == 1 ? 1.0
                                            : std::exp(-std::pow(static_cast<double>(i) / 700, 2));
      bins[i] = static_cast<uint64_t>(decay * static_cast<double>(generator() % 2000));
      plain[i] = static_cast<double>(bins[i]);
    }
    const size_t levels = shape < 3 ? 128 : 256;
    EXPECT_EQ(least_divergence(bins, levels), plain_least_divergence(plain, levels)) << "shape " << shape;
  }
}

TEST(Entropy, EqualsThePlainSearchOverTheMagnitudes) {
  for (const Distribution& distribution : distributions()) {
    SCOPED_TRACE(distribution.name);
    const TensorStatistics statistics = statistics_of(distribution.data);
    const double width = statistics.histogram.width();
    std::vector<double> bins;
    for (const float x : distribution.data) {
      const size_t bin = static_cast<size_t>(std::fabs(x) / width);
      if (bins.size() <= bin) bins.resize(bin + 1);
      if (x != 0) ++bins[bin];
    }
    const size_t kept = plain_least_divergence(bins, statistics.range.min < 0 ? 128 : 256);
    const Range range = entropy_range(statistics, RangeOptions());
    EXPECT_EQ(range.max,
              std::min(statistics.range.max, static_cast<float>(static_cast<double>(kept) * width)));
  }
}

TEST(Entropy, BothCutALoneOutlierAndKeepAUniformRange) {
  const auto all = distributions();
  for (const auto method : {entropy_range, entropy_legacy_range}) {
    const float cut = method(statistics_of(all[2].data), RangeOptions()).max;
    EXPECT_LT(cut, 20.0f);
    EXPECT_GT(cut, 2.0f);
    EXPECT_GT(method(statistics_of(all[4].data), RangeOptions()).max, 4.8f);
  }
}

TEST(EntropyLegacy, KeepsOneOfItsPercentilesOfLeastDivergence) {
  for (const Distribution& distribution : distributions()) {
    SCOPED_TRACE(distribution.name);
    const TensorStatistics statistics = statistics_of(distribution.data);
    const std::vector<uint64_t> bins = statistics.histogram.magnitudes();
    const size_t levels = statistics.range.min < 0 ? 128 : 256;
    double total = 0, least = std::numeric_limits<double>::infinity();
    for (const uint64_t count : bins) total += static_cast<double>(count);
    size_t best = 0;
    for (const double tail : {0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2}) {
      double inside = 0;
      size_t kept = 0;
      while (kept < levels || total - inside > tail * total) inside += static_cast<double>(bins[kept++]);
      const double loss = divergence(bins, kept, levels, inside, total);
      if (loss < least) least = loss, best = kept;
    }
    const Range range = entropy_legacy_range(statistics, RangeOptions());
    const float threshold = static_cast<float>(static_cast<double>(best) * statistics.histogram.width());
    EXPECT_EQ(range.max, std::min(statistics.range.max, threshold));
  }
}

}  // namespace
}  // namespace octet::converter
