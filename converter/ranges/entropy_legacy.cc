// SPDX-License-Identifier: Apache-2.0
//
// entropy-legacy: percentile plus search, as TensorRT's legacy calibrator: of the thresholds that leave 0,
// 1e-5, 3e-5, ... 1e-2 of the non-zero magnitudes outside, the one of least divergence (divergence.h).
#include <algorithm>
#include <limits>

#include "converter/ranges/divergence.h"
#include "converter/ranges/range_methods.h"

namespace octet::converter {
namespace {

constexpr double kTails[] = {0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2};

// The least number of bins that leaves at most `tail` values outside; *inside = the values in them.
size_t bins_for(const std::vector<uint64_t>& bins, double total, double tail, size_t levels, double* inside) {
  size_t kept = bins.size();
  *inside = total;
  while (kept > levels && total - *inside + static_cast<double>(bins[kept - 1]) <= tail)
    *inside -= static_cast<double>(bins[--kept]);
  return kept;
}

}  // namespace

Range entropy_legacy_range(const TensorStatistics& statistics, const RangeOptions&) {
  const Range all = statistics.range;
  const std::vector<uint64_t> bins = statistics.histogram.magnitudes();
  const size_t levels = all.min >= 0 || all.max <= 0 ? 256 : 128;
  if (bins.size() <= levels) return all;
  double total = 0, least = std::numeric_limits<double>::infinity();
  for (const uint64_t count : bins) total += static_cast<double>(count);
  size_t best = bins.size();
  for (const double tail : kTails) {
    double inside = 0;
    const size_t kept = bins_for(bins, total, tail * total, levels, &inside);
    const double loss = inside > 0 ? divergence(bins, kept, levels, inside, total) : least;
    if (loss < least) {
      least = loss;
      best = kept;
    }
  }
  const float threshold = static_cast<float>(static_cast<double>(best) * statistics.histogram.width());
  return {std::max(all.min, -threshold), std::min(all.max, threshold)};
}

}  // namespace octet::converter
