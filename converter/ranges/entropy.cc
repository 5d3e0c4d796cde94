// SPDX-License-Identifier: Apache-2.0
//
// entropy: clips where the distribution of the quantized values diverges least (Kullback-Leibler) from that
// of the values themselves, over the up to 2048 bins of |x|, as TensorRT's entropy calibrator does. One-sided
// tensors have 256 steps for their magnitudes, two-sided ones 128. Zeros do not count.
#include <algorithm>

#include "converter/ranges/divergence.h"
#include "converter/ranges/range_methods.h"

namespace octet::converter {

Range entropy_range(const TensorStatistics& statistics, const RangeOptions&) {
  const Range all = statistics.range;
  const std::vector<uint64_t> bins = statistics.histogram.magnitudes();
  if (bins.empty()) return all;
  const bool one_sided = all.min >= 0 || all.max <= 0;
  const size_t kept = least_divergence(bins, one_sided ? 256 : 128);
  const float threshold = static_cast<float>(static_cast<double>(kept) * statistics.histogram.width());
  return {std::max(all.min, -threshold), std::min(all.max, threshold)};
}

}  // namespace octet::converter
