// SPDX-License-Identifier: Apache-2.0
//
// What calibration keeps of one tensor: enough for every method of converter/ranges/, for the warnings, and
// for a cache. Statistics of parts of the samples merge into exactly those of the whole; only the extremes of
// single samples
// (`recent`) know an order. Memory does not depend on the number of samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "converter/stages.h"
#include "converter/statistics/exact_sum.h"
#include "converter/statistics/histogram.h"

namespace octet::converter {

Range unite(Range a, Range b);

// The extremes of each of the last samples, oldest first, and those of all samples before them together.
class RecentExtremes {
 public:
  static constexpr size_t kKept = 1024;

  void append(Range sample);
  void merge(const RecentExtremes& later);
  // For caches: what `append` of `dropped` samples with the common range `before` left behind.
  void restore(uint64_t dropped, Range before, std::deque<Range> kept);

  const std::deque<Range>& kept() const { return kept_; }
  uint64_t dropped() const { return dropped_; }
  Range before() const { return before_; }  // of the dropped samples
  uint64_t samples() const { return dropped_ + kept_.size(); }

 private:
  std::deque<Range> kept_;
  uint64_t dropped_ = 0;
  Range before_;
};

struct TensorStatistics {
  Range range;                   // of all values; {0, 0} if there are none
  ExactSum sum, sum_of_squares;  // a term is one sample's, summed in double
  Histogram histogram;
  std::vector<Range> channels;  // by the last axis; empty if it has more than kMostChannels
  RecentExtremes recent;

  static constexpr size_t kMostChannels = 4096;

  uint64_t count() const { return histogram.total(); }
  // The `elements` values that one sample gives, all finite, `last_axis` of them beside each other. Returns
  // their range; `recent` is left to the caller, who knows the order of the samples.
  Range add(const float* data, size_t elements, size_t last_axis);
  // `later`: of the samples that come behind.
  void merge(const TensorStatistics& later);
};

}  // namespace octet::converter
