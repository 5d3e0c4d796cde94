// SPDX-License-Identifier: Apache-2.0
//
// What commonly goes wrong with calibration, read from the statistics.
#pragma once

#include "converter/diagnostics.h"
#include "converter/statistics/collect.h"

namespace octet::converter {

// Warnings:
//   - fewer than 10 samples; or extremes of an activation that grew by over 10% of its range in the last
//   third of them;
//   - an image input whose values do not fit the preprocessing: all within a tenth of what its mean and std
//   give pixels
//     of 0 to 255, or beyond it;
//   - activations of which over a quarter of the values that are not 0 share the bin of an extreme, though no
//   operator
//     bounds them there (saturated at their source).
// Details: constant activations, and channels that are constant in all samples (dead); a warning where they
// are more than half of the channels of an activation.
void warn_about_statistics(const Graph& graph, const Statistics& statistics, const ConvertOptions& options,
                           Diagnostics* diagnostics);

}  // namespace octet::converter
