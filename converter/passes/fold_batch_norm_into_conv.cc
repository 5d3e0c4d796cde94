// SPDX-License-Identifier: Apache-2.0
//
// Before   Conv | ConvTranspose | FullyConnected (W, B) -> BatchNormalization(scale, shift, mean, var)
// After    the same with W', B'
// Applies  when nobody else reads the first node's output, its weights are float constants, and a network
// that
//          brings its own scales does not round in between
// Formula  f = scale / sqrt(var + epsilon);  W'[o, ...] = W[o, ...] * f[o];  B'[o] = (B[o] - mean[o]) * f[o]
// + shift[o]
#include "converter/passes/batch_norm.h"
#include "converter/passes/passes.h"

namespace octet::converter {

Status fold_batch_norm_into_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& norm : graph->nodes) {
    if (norm->op != "BatchNormalization") continue;
    Node* linear = foldable_linear(*graph, norm->inputs[0]);
    if (linear == nullptr || channel_axis(*graph, *linear) != 1) continue;  // the normalized axis
    Affine affine;
    OCTET_RETURN_IF_ERROR(read_batch_norm(*graph, *norm, &affine));
    const ChannelStatistics left = normalized_channels(*graph, *norm);  // the fold takes its inputs away
    if (!fold_affine(affine, "fold_batch_norm_into_conv", graph, linear, norm.get(), diagnostics)) continue;
    keep_channel_statistics(left, linear);
    any = true;
  }
  if (!any) return {};
  graph->remove_dead_nodes();
  *changed = true;
  return {};
}

}  // namespace octet::converter
