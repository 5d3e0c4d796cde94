// SPDX-License-Identifier: Apache-2.0
//
// The table of range methods.
#include "converter/ranges/range_methods.h"

namespace octet::converter {

const std::vector<RangeMethod>& range_methods() {
  static const std::vector<RangeMethod> rows = {
      {"auto", nullptr, nullptr},
      {"minmax", minmax_range, nullptr},
      {"moving-average", moving_average_range, nullptr},
      {"mse", mse_range, nullptr},
      {"percentile", percentile_range,
       "percentile cuts the tails of activations whatever they mean to the network and is known to cost "
       "accuracy; "
       "compare with minmax"},
      {"entropy", entropy_range,
       "entropy (KL) cuts the tails of activations and is known to cost accuracy on networks with linear "
       "bottlenecks; compare with minmax"},
      {"entropy-legacy", entropy_legacy_range,
       "entropy-legacy (percentiles judged by KL) cuts the tails of activations and is known to cost "
       "accuracy on "
       "networks with linear bottlenecks; compare with minmax"},
  };
  return rows;
}

Status find_range_method(const RangeOptions& options, const RangeMethod** row) {
  if (!(options.percentile > 50 && options.percentile <= 100))
    return error(StatusCode::kInvalidArgument, "percentile %g: must be above 50 and at most 100",
                 options.percentile);
  if (!(options.averaging > 0 && options.averaging <= 1))
    return error(StatusCode::kInvalidArgument, "averaging constant %g: must be above 0 and at most 1",
                 options.averaging);
  std::string names;
  for (const RangeMethod& candidate : range_methods()) {
    if (options.method == candidate.name) {
      *row = &candidate;
      return Status();
    }
    names += names.empty() ? "" : ", ";
    names += candidate.name;
  }
  return error(StatusCode::kInvalidArgument, "calibration method '%s' is unknown; must be one of: %s",
               options.method.c_str(), names.c_str());
}

}  // namespace octet::converter
