// SPDX-License-Identifier: Apache-2.0
//
// Calibration: statistics of every f32 activation over the samples, and a range
// for each by the method that was asked for.
#include "converter/ranges/choose_ranges.h"
#include "converter/stages.h"
#include "converter/statistics/cache.h"
#include "converter/statistics/warnings.h"

namespace octet::converter {

Status calibrate(const Graph& graph, const ConvertOptions& options, Ranges* ranges, Diagnostics* diagnostics,
                 size_t* samples) {
  *samples = 0;
  const RangeMethod* method = nullptr;
  OCTET_RETURN_IF_ERROR(find_range_method(options.ranges, &method));  // before the samples take their time
  if (options.samples == nullptr)
    return error(StatusCode::kInvalidArgument,
                 "calibration: no samples given; INT8 conversion of a float network needs them");
  Statistics statistics;
  OCTET_RETURN_IF_ERROR(collect_statistics(graph, options, &statistics, samples));
  warn_about_statistics(graph, statistics, options, diagnostics);
  return choose_ranges(graph, statistics, options.ranges, ranges, diagnostics);
}

Status calibrate_from_cache(const Graph& graph, const std::string& sha256, const ConvertOptions& options,
                            Ranges* ranges, Diagnostics* diagnostics, size_t* samples) {
  Statistics statistics;
  OCTET_RETURN_IF_ERROR(statistics_from_cache(graph, sha256, options, &statistics));
  *samples = statistics.empty() ? 0 : static_cast<size_t>(statistics.begin()->second.recent.samples());
  warn_about_statistics(graph, statistics, options, diagnostics);
  if (options.samples == nullptr)
    diagnostics->warning(
        "calibrate", "",
        "the cache gives ranges alone: without samples (--calibration) biases are not corrected "
        "and weights are rounded to the nearest");
  return choose_ranges(graph, statistics, options.ranges, ranges, diagnostics);
}

}  // namespace octet::converter
