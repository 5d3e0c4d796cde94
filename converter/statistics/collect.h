// SPDX-License-Identifier: Apache-2.0
//
// Runs the float graph over samples and keeps statistics of every f32 activation.
#pragma once

#include <map>

#include "converter/statistics/tensor_statistics.h"

namespace octet::converter {

using Statistics = std::map<ValueId, TensorStatistics>;

// Samples are spread over options.threads sessions of one thread each; the result does not depend on how many
// there are. One pass; memory is that of the sessions and of their statistics, whatever the number of
// samples. NaN or infinity in a sample or an activation is an error that names both, of the first sample that
// has any.
Status collect_statistics(const Graph& graph, const ConvertOptions& options, Statistics* statistics,
                          size_t* samples);

}  // namespace octet::converter
