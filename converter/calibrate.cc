// SPDX-License-Identifier: Apache-2.0
//
// Calibration: statistics of every f32 activation over the samples, and a range
// for each by the method that was asked for.
#include <string>

#include "converter/ranges/range_methods.h"
#include "converter/stages.h"
#include "converter/statistics/collect.h"

namespace octet::converter {
namespace {

constexpr size_t kFewSamples = 10;

}  // namespace

Status calibrate(const Graph& graph, const ConvertOptions& options, Ranges* ranges, Diagnostics* diagnostics,
                 size_t* samples) {
  *samples = 0;
  const RangeMethod* method = nullptr;
  OCTET_RETURN_IF_ERROR(find_range_method(options.ranges, &method));
  if (options.samples == nullptr)
    return error(StatusCode::kInvalidArgument,
                 "calibration: no samples given; INT8 conversion of a float network needs them");
  if (method->caution != nullptr) diagnostics->warning("calibrate", "", method->caution);
  Statistics statistics;
  OCTET_RETURN_IF_ERROR(collect_statistics(graph, options, &statistics, samples));
  if (*samples < kFewSamples)
    diagnostics->warning("calibrate", "",
                         "only " + std::to_string(*samples) +
                             " calibration samples; 30 to 100 see the ranges "
                             "that the network meets in use");
  ranges->clear();
  for (const auto& [id, seen] : statistics) {
    (*ranges)[id] = method->range(seen, options.ranges);
    if (seen.range.min == seen.range.max)
      diagnostics->detail("calibrate", "",
                          "'" + graph.value(id).name + "' is " + std::to_string(seen.range.min) +
                              " in every element of every sample");
  }
  return Status();
}

}  // namespace octet::converter
