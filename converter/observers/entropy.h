// SPDX-License-Identifier: Apache-2.0
//
// The two parts of the entropy observer, open for tests: a histogram that grows
// as it goes, and the search for the threshold of least information loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octet::converter {

// Counts |x| in 2048 bins of equal width over [0, limit). The first non-zero data set the limit;
// when a larger value comes, neighbouring bins merge and the limit doubles until it fits. So one
// pass is enough and the memory is constant; after growth 1024 to 2048 bins are in use.
class GrowingHistogram {
 public:
  static constexpr size_t kBins = 2048;

  void add(const float* data, size_t count);

  const std::vector<uint64_t>& bins() const { return bins_; }
  double limit() const { return limit_; }
  double bin_width() const { return limit_ / kBins; }
  // Bins up to the largest value seen.
  size_t used_bins() const;

 private:
  void grow_to(double value);

  std::vector<uint64_t> bins_ = std::vector<uint64_t>(kBins, 0);
  uint64_t zeros_ = 0;  // seen before the limit was known
  double limit_ = 0;    // 0: only zeros so far
};

// The number of bins to keep, in [levels, bins.size()], that loses least: for each candidate i,
//   P = bins[0, i) with everything beyond added to bin i - 1 (what clipping does);
//   Q = bins[0, i) rounded to `levels` steps: each step's mean over its non-empty bins;
//   KL(P || Q) = sum p log(p / q), both normalized; infinite where q = 0 < p.
// The least wins, the larger i among equals; bins.size() if every candidate is infinite or there
// are at most `levels` bins. Bin 0 holds the exact zeros of ReLU, which any scale represents: it
// counts as much as bin 1.
size_t least_divergence(std::vector<uint64_t> bins, size_t levels);

}  // namespace octet::converter
