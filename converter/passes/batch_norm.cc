// SPDX-License-Identifier: Apache-2.0
//
// Reads the parameters of BatchNormalization.
#include "converter/passes/batch_norm.h"

#include <cmath>

#include "converter/constant_math.h"

namespace octet::converter {

Status read_batch_norm(const Graph& graph, const Node& norm, Affine* affine) {
  const auto read = [&](size_t input) { return to_doubles(*graph.value(norm.inputs[input]).constant); };
  const std::vector<double> scale = read(1), shift = read(2), mean = read(3), variance = read(4);
  const double epsilon = static_cast<double>(norm.number("epsilon", 1e-5f));
  for (size_t c = 0; c < scale.size(); ++c) {
    affine->factor.push_back(scale[c] / std::sqrt(variance[c] + epsilon));
    affine->term.push_back(shift[c] - mean[c] * affine->factor[c]);
    if (!std::isfinite(affine->factor[c]))
      return Status(StatusCode::kInvalidModel, "BatchNormalization '" + norm.name +
                                                   "': variance of channel " + std::to_string(c) +
                                                   " is negative or too small");
  }
  return {};
}

ChannelStatistics normalized_channels(const Graph& graph, const Node& norm) {
  ChannelStatistics statistics;
  statistics.mean = to_doubles(*graph.value(norm.inputs[2]).constant);
  statistics.deviation = to_doubles(*graph.value(norm.inputs[1]).constant);
  for (double& deviation : statistics.deviation) deviation = std::fabs(deviation);
  return statistics;
}

}  // namespace octet::converter
