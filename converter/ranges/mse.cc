// SPDX-License-Identifier: Apache-2.0
//
// mse: the range [low, high] of least expected squared error,
//   inside * step^2 / 12 + sum over x > high of (x - high)^2 + sum over x < low of (low - x)^2,   step =
//   (high - low) / 255,
// where `inside` counts the values within but the zeros, which are exact. The values of a bin count as its
// centre. Candidates are the edges of bins; the search goes over every 32nd pair of edges, then narrows.
#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/ranges/range_methods.h"

namespace octet::converter {
namespace {

// One side of the distribution, by magnitude.
class Side {
 public:
  Side(const Histogram& histogram, int sign, float extreme)
      : width_(histogram.width()), extreme_(std::max(std::fabs(static_cast<double>(extreme)), 0.0)) {
    bins_ = sign > 0 ? std::max(histogram.last(), 0) : std::max(-histogram.first(), 0);
    beyond_.resize(static_cast<size_t>(bins_) + 1);
    for (int bin = bins_ - 1; bin >= 0; --bin) {
      Moments here = beyond_[static_cast<size_t>(bin) + 1];
      const double count = static_cast<double>(histogram.count(sign > 0 ? bin : -bin - 1));
      const double centre = std::min((bin + 0.5) * width_, extreme_);
      here.count += count;
      here.sum += count * centre;
      here.squares += count * centre * centre;
      beyond_[static_cast<size_t>(bin)] = here;
    }
  }

  int bins() const { return bins_; }
  // Behind `kept` bins; behind all of them, the extreme.
  double limit(int kept) const { return kept == bins_ ? (bins_ == 0 ? 0 : extreme_) : kept * width_; }
  double inside(int kept) const { return beyond_[0].count - beyond_[static_cast<size_t>(kept)].count; }
  double clipping(int kept) const {
    const Moments& m = beyond_[static_cast<size_t>(kept)];
    const double at = limit(kept);
    return kept == bins_ ? 0 : std::max(m.squares - 2 * at * m.sum + at * at * m.count, 0.0);
  }

 private:
  struct Moments {
    double count = 0, sum = 0, squares = 0;
  };
  double width_, extreme_;
  int bins_ = 0;
  std::vector<Moments> beyond_;  // [kept]: of the values behind the first `kept` bins
};

double expected_error(const Side& below, const Side& above, int low, int high) {
  const double step = (below.limit(low) + above.limit(high)) / 255;
  return (below.inside(low) + above.inside(high)) * step * step / 12 + below.clipping(low) +
         above.clipping(high);
}

struct Choice {
  int low = 0, high = 0;
  double error = std::numeric_limits<double>::infinity();
};

// The best of the pairs within `reach` of `around`, `stride` apart; from wide to narrow, so that equals stay
// unclipped.
Choice search(const Side& below, const Side& above, Choice around, int reach, int stride) {
  Choice best = around;
  const int low_end = std::max(around.low - reach, 0), high_end = std::max(around.high - reach, 0);
  for (int low = std::min(around.low + reach, below.bins()); low >= low_end; low -= stride) {
    for (int high = std::min(around.high + reach, above.bins()); high >= high_end; high -= stride) {
      const double error = expected_error(below, above, low, high);
      if (error < best.error) best = {low, high, error};
    }
  }
  return best;
}

}  // namespace

Range mse_range(const TensorStatistics& statistics, const RangeOptions&) {
  const Histogram& histogram = statistics.histogram;
  const Side below(histogram, -1, std::min(statistics.range.min, 0.0f)),
      above(histogram, 1, std::max(statistics.range.max, 0.0f));
  Choice best;
  best.low = below.bins();
  best.high = above.bins();
  best = search(below, above, best, Histogram::kSideBins, 32);
  best = search(below, above, best, 32, 4);
  best = search(below, above, best, 4, 1);
  return {static_cast<float>(-below.limit(best.low)), static_cast<float>(above.limit(best.high))};
}

}  // namespace octet::converter
