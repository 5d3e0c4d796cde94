// SPDX-License-Identifier: Apache-2.0
//
// minmax: the range is [smallest, largest] value ever seen. Nothing is clipped, so outliers cost resolution.
#include "converter/ranges/range_methods.h"

namespace octet::converter {

Range minmax_range(const TensorStatistics& statistics, const RangeOptions&) { return statistics.range; }

}  // namespace octet::converter
