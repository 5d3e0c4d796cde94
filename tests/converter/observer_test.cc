// SPDX-License-Identifier: Apache-2.0
#include "converter/observers/observer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "converter/observers/entropy.h"

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

std::vector<float> normal(size_t count, float deviation, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw(0, deviation);
  std::vector<float> data(count);
  for (float& x : data) x = draw(generator);
  return data;
}

TEST(Observers, UnknownMethodListsTheNames) {
  const ObserverRow* row = nullptr;
  const Status status = find_observer("percentile", &row);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("'percentile'"), std::string::npos);
  EXPECT_NE(status.message().find("minmax, entropy"), std::string::npos);
}

TEST(Observers, NothingSeenIsAnEmptyRange) {
  for (const ObserverRow& row : observer_table()) {
    const Range range = row.make()->range();
    EXPECT_EQ(range.min, 0) << row.name;
    EXPECT_EQ(range.max, 0) << row.name;
  }
}

TEST(Observers, ConstantsAndZeros) {
  for (const ObserverRow& row : observer_table()) {
    const auto observer = row.make();
    const std::vector<float> zeros(100, 0.0f), threes(100, -3.0f);
    observer->observe(zeros.data(), zeros.size());
    EXPECT_EQ(observer->range().max, 0) << row.name;
    observer->observe(threes.data(), threes.size());
    EXPECT_NEAR(observer->range().min, -3.0f, 0.01f) << row.name;
    EXPECT_EQ(observer->range().max, 0) << row.name;
  }
}

TEST(MinMax, KeepsTheExtremesOfAllSamples) {
  const auto observer = make_minmax_observer();
  const float first[] = {1, 2, 3}, second[] = {2, -5, 2.5f}, third[] = {7.25f};
  observer->observe(first, 3);
  EXPECT_EQ(observer->range().min, 1);
  observer->observe(second, 3);
  observer->observe(third, 1);
  EXPECT_EQ(observer->range().min, -5);
  EXPECT_EQ(observer->range().max, 7.25f);
}

TEST(Entropy, SearchEqualsThePlainOne) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 generator(kSeed);
  for (int shape = 0; shape < 6; ++shape) {
    std::vector<uint64_t> bins(GrowingHistogram::kBins, 0);
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

TEST(Entropy, CutsALoneOutlierAndKeepsAUniformRange) {
  std::vector<float> data = normal(200000, 1.0f, kSeed);
  data[77] = 60.0f;
  const auto observer = make_entropy_observer();
  observer->observe(data.data(), data.size());
  EXPECT_LT(observer->range().max, 20.0f);
  EXPECT_GT(observer->range().max, 2.0f);

  std::mt19937 generator(kSeed);
  std::uniform_real_distribution<float> draw(0, 5);
  std::vector<float> uniform(200000);
  for (float& x : uniform) x = draw(generator);
  const auto of_uniform = make_entropy_observer();
  of_uniform->observe(uniform.data(), uniform.size());
  EXPECT_GT(of_uniform->range().max, 4.8f);
}

TEST(Entropy, HistogramGrowsByMergingAndLosesNoCount) {
  GrowingHistogram histogram;
  const std::vector<float> zeros(10, 0.0f);
  histogram.add(zeros.data(), zeros.size());
  const float small[] = {0.5f, -1.0f, 0.25f};
  histogram.add(small, 3);
  EXPECT_EQ(histogram.used_bins(), GrowingHistogram::kBins);
  const float large[] = {-7.0f, 3.0f};
  histogram.add(large, 2);
  EXPECT_GE(histogram.limit(), 7.0);
  EXPECT_LE(histogram.limit(), 8.1);
  uint64_t total = 0;
  for (uint64_t count : histogram.bins()) total += count;
  EXPECT_EQ(total, 15u);
  const auto bin_of = [&](double x) {
    return histogram.bins()[static_cast<size_t>(x / histogram.bin_width())];
  };
  EXPECT_GE(bin_of(0.5), 1u);
  EXPECT_GE(bin_of(1.0), 1u);
  EXPECT_GE(bin_of(3.0), 1u);
  EXPECT_EQ(histogram.bins()[0], 10u);
}

TEST(Entropy, OnePassInAnyOrderComesToTheSameRange) {
  const std::vector<float> data = normal(100000, 2.0f, kSeed + 1);
  const auto whole = make_entropy_observer(), pieces = make_entropy_observer();
  whole->observe(data.data(), data.size());
  for (size_t i = 0; i < data.size(); i += 1000) pieces->observe(data.data() + i, 1000);
  EXPECT_NEAR(pieces->range().max, whole->range().max, 0.25f * whole->range().max);
}

}  // namespace
}  // namespace octet::converter
