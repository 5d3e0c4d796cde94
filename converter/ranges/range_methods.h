// SPDX-License-Identifier: Apache-2.0
//
// A range method is a pure function from a tensor's statistics to the range of real values that s8 should
// cover. One file per method, one row in range_methods().
#pragma once

#include <string>
#include <vector>

#include "converter/statistics/tensor_statistics.h"
#include "octet_converter/range_options.h"

namespace octet::converter {

struct RangeMethod {
  const char* name;  // = file (- for _) = RangeOptions::method
  // Null for "auto", which chooses a row for each tensor (choose_ranges.h).
  Range (*range)(const TensorStatistics& statistics, const RangeOptions& options);
  const char* caution;  // a warning for whoever chooses it, or null
};

Range minmax_range(const TensorStatistics& statistics, const RangeOptions& options);
Range moving_average_range(const TensorStatistics& statistics, const RangeOptions& options);
Range percentile_range(const TensorStatistics& statistics, const RangeOptions& options);
Range entropy_range(const TensorStatistics& statistics, const RangeOptions& options);
Range entropy_legacy_range(const TensorStatistics& statistics, const RangeOptions& options);
Range mse_range(const TensorStatistics& statistics, const RangeOptions& options);

const std::vector<RangeMethod>& range_methods();

// The row of options.method; an unknown name, or a parameter out of bounds, is an error that says what there
// is.
Status find_range_method(const RangeOptions& options, const RangeMethod** row);

}  // namespace octet::converter
