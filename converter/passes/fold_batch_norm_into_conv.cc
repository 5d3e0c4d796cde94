// SPDX-License-Identifier: Apache-2.0
//
// Before   Conv | ConvTranspose | FullyConnected (W, B) -> BatchNormalization(scale, shift, mean, var)
// After    the same with W', B'
// Applies  when nobody else reads the first node's output and its weights are float constants;
//          a network that brings its own scales must not round in between
// Formula  f = scale / sqrt(var + epsilon);  W'[o, ...] = W[o, ...] * f[o];  B'[o] = (B[o] - mean[o]) * f[o] + shift[o]
#include <cmath>

#include "converter/constant_math.h"
#include "converter/passes/passes.h"
#include "converter/passes/per_channel.h"

namespace octet::converter {

Status fold_batch_norm_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& norm = *graph->nodes[i];
    if (norm.op != "BatchNormalization") continue;
    Node* conv = graph->producer(norm.inputs[0]);
    if (conv == nullptr || !takes_affine(*graph, *conv) || only_reader(*graph, conv->outputs[0]) != &norm) continue;
    // The normalized axis is 1; FullyConnected writes its channels last.
    if (channel_axis(*graph, *conv) != 1) continue;
    const auto read = [&](size_t input) { return to_doubles(*graph->value(norm.inputs[input]).constant); };
    const std::vector<double> scale = read(1), shift = read(2), mean = read(3), variance = read(4);
    const double epsilon = static_cast<double>(norm.number("epsilon", 1e-5f));
    std::vector<double> factor(scale.size()), summand(scale.size());
    for (size_t o = 0; o < scale.size(); ++o) {
      factor[o] = scale[o] / std::sqrt(variance[o] + epsilon);
      summand[o] = shift[o] - mean[o] * factor[o];
      if (!std::isfinite(factor[o]))
        return Status(StatusCode::kInvalidModel, "BatchNormalization '" + norm.name + "': variance of channel " +
                                                     std::to_string(o) + " is negative or too small");
    }
    apply_affine(graph, conv, factor, summand);
    diagnostics->detail("fold_batch_norm_into_conv", norm.name, "folded into " + conv->op + " '" + conv->name + "'");
    absorb(graph, conv, norm);
    --i;
    *changed = true;
  }
  return {};
}

}  // namespace octet::converter
