// SPDX-License-Identifier: Apache-2.0
//
// percentile: all but (100 - p) / 2 percent of the values on either side, zeros included, linear within a
// bin.
#include <algorithm>

#include "converter/ranges/range_methods.h"

namespace octet::converter {
namespace {

// The magnitude that `tail` values of the side exceed; 0 if the side has no more than that. `sign` 1: the
// values above 0.
double side_limit(const Histogram& histogram, int sign, double tail) {
  double beyond = 0;
  for (int bin = Histogram::kSideBins - 1; bin >= 0; --bin) {
    const double here = static_cast<double>(histogram.count(sign > 0 ? bin : -bin - 1));
    if (here > 0 && beyond + here >= tail) return (bin + 1 - (tail - beyond) / here) * histogram.width();
    beyond += here;
  }
  return 0;
}

}  // namespace

Range percentile_range(const TensorStatistics& statistics, const RangeOptions& options) {
  const double tail = (100 - options.percentile) / 200 * static_cast<double>(statistics.count());
  const float low = static_cast<float>(-side_limit(statistics.histogram, -1, tail));
  const float high = static_cast<float>(side_limit(statistics.histogram, 1, tail));
  return {std::max(low, std::min(statistics.range.min, 0.0f)),
          std::min(high, std::max(statistics.range.max, 0.0f))};
}

}  // namespace octet::converter
