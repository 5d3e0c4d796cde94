// SPDX-License-Identifier: Apache-2.0
//
// moving-average: m <- m + c (x - m) over the samples' minima and maxima, from the first one on (TensorFlow's
// and PyTorch's observers in training). The last 1024 samples count; with c = 0.01 those before would weigh
// 3e-5.
#include "converter/ranges/range_methods.h"

namespace octet::converter {

Range moving_average_range(const TensorStatistics& statistics, const RangeOptions& options) {
  const auto& samples = statistics.recent.kept();
  if (samples.empty()) return Range();
  double low = samples.front().min, high = samples.front().max;
  for (const Range& sample : samples) {
    low += options.averaging * (sample.min - low);
    high += options.averaging * (sample.max - high);
  }
  return {static_cast<float>(low), static_cast<float>(high)};
}

}  // namespace octet::converter
