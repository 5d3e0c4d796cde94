// SPDX-License-Identifier: Apache-2.0
//
// entropy: clips where the distribution of the quantized values diverges least
// (Kullback-Leibler) from that of the values themselves, over 2048 bins of |x|,
// as TensorRT's entropy calibrator does. One-sided tensors have 256 steps for
// their magnitudes, two-sided ones 128.
#include "converter/observers/entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/observers/observer.h"

namespace octet::converter {

void GrowingHistogram::grow_to(double value) {
  if (limit_ == 0) {
    // A hair above the largest value, so that it falls into the last bin, not behind it.
    limit_ = value * (1 + 1e-6);
    bins_[0] += zeros_;
    zeros_ = 0;
  }
  while (value >= limit_) {
    for (size_t i = 0; i < kBins / 2; ++i) bins_[i] = bins_[2 * i] + bins_[2 * i + 1];
    std::fill(bins_.begin() + kBins / 2, bins_.end(), 0);
    limit_ *= 2;
  }
}

void GrowingHistogram::add(const float* data, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(data[i]));
  if (largest == 0 && limit_ == 0) {
    zeros_ += count;
    return;
  }
  if (largest >= limit_) grow_to(largest);
  const double per_unit = kBins / limit_;
  for (size_t i = 0; i < count; ++i) {
    const size_t bin = static_cast<size_t>(std::fabs(static_cast<double>(data[i])) * per_unit);
    ++bins_[std::min(bin, kBins - 1)];
  }
}

size_t GrowingHistogram::used_bins() const {
  size_t used = kBins;
  while (used > 0 && bins_[used - 1] == 0) --used;
  return used;
}

namespace {

// KL(P || Q) for keeping `kept` of `bins`, of which [0, kept) sum to `inside` and all to `total`.
double divergence(const std::vector<uint64_t>& bins, size_t kept, size_t levels, double inside,
                  double total) {
  double sum = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t first = level * kept / levels, last = (level + 1) * kept / levels;
    double mass = 0;
    size_t filled = 0;
    for (size_t i = first; i < last; ++i) {
      mass += static_cast<double>(bins[i]);
      filled += bins[i] != 0;
    }
    if (filled == 0) continue;
    const double q = mass / static_cast<double>(filled) / inside;
    for (size_t i = first; i < last; ++i) {
      if (bins[i] == 0) continue;
      double p = static_cast<double>(bins[i]);
      if (i + 1 == kept) p += total - inside;
      p /= total;
      sum += p * std::log(p / q);
    }
  }
  // The clipped mass lands in a bin that Q leaves empty.
  if (bins[kept - 1] == 0 && total > inside) return std::numeric_limits<double>::infinity();
  return sum;
}

}  // namespace

size_t least_divergence(std::vector<uint64_t> bins, size_t levels) {
  if (bins.size() <= levels) return bins.size();
  bins[0] = bins[1];
  double total = 0;
  for (uint64_t count : bins) total += static_cast<double>(count);
  double inside = 0;
  for (size_t i = 0; i < levels; ++i) inside += static_cast<double>(bins[i]);
  double least = std::numeric_limits<double>::infinity();
  size_t best = bins.size();
  for (size_t kept = levels; kept <= bins.size(); ++kept) {
    if (kept > levels) inside += static_cast<double>(bins[kept - 1]);
    if (inside == 0) continue;
    const double loss = divergence(bins, kept, levels, inside, total);
    if (loss <= least && loss < std::numeric_limits<double>::infinity()) {
      least = loss;
      best = kept;
    }
  }
  return best;
}

namespace {

class EntropyObserver : public Observer {
 public:
  void observe(const float* data, size_t count) override {
    extremes_->observe(data, count);
    histogram_.add(data, count);
  }

  Range range() const override {
    const Range all = extremes_->range();
    const size_t used = histogram_.used_bins();
    if (used == 0 || histogram_.limit() == 0) return all;
    const bool one_sided = all.min >= 0 || all.max <= 0;
    std::vector<uint64_t> bins(histogram_.bins().begin(),
                               histogram_.bins().begin() + static_cast<std::ptrdiff_t>(used));
    const size_t kept = least_divergence(std::move(bins), one_sided ? 256 : 128);
    const float threshold = static_cast<float>(static_cast<double>(kept) * histogram_.bin_width());
    return {std::max(all.min, -threshold), std::min(all.max, threshold)};
  }

 private:
  std::unique_ptr<Observer> extremes_ = make_minmax_observer();
  GrowingHistogram histogram_;
};

}  // namespace

std::unique_ptr<Observer> make_entropy_observer() { return std::make_unique<EntropyObserver>(); }

}  // namespace octet::converter
