// SPDX-License-Identifier: Apache-2.0
//
// BiasCorrection: takes the shift out of the mean that rounding the weights and activations causes.
//
// Before   every channel of a quantized layer has a mean a little off float's: errors of rounding do not
//          average out over its few weights, and they add up from layer to layer.
// After    the mean of each output channel, behind its activation, equals float's on the samples.
// Applies  to every s8 Conv, ConvTranspose and FullyConnected, in the walk of repair.h: the inputs of a layer
//          come from the corrected layers before it.
// Formula  bias[c] += round((mean_float[c] - mean_s8[c]) / (input_scale * weight_scale[c])), twice, since
//          part of a correction is cut off by the activation.
#pragma once

#include <map>

#include "converter/repair/node_walk.h"

namespace octet::converter {

// An s8 Conv, ConvTranspose or FullyConnected.
bool is_s8_linear(const Graph& graph, const Node& node);

// bias[c] += by[c], in real units, rounded to the bias' steps; a layer without a bias gets one.
void shift_bias(const std::vector<double>& by, Node* node, Graph* graph);

class BiasCorrection {
 public:
  explicit BiasCorrection(Graph* graph) : graph_(*graph) {}

  // Float means of every output of a layer to correct.
  Status measure_reference(const Graph& reference, const std::vector<Sample>& samples, size_t threads);
  // False where float's graph has no such value.
  bool can_correct(const Node& node) const { return means_.count(node.outputs[0]) != 0; }
  // The walk has run `node` with its bias as it is; afterwards, with the corrected one. *fits: false where
  // the accumulator proof would fail, and a bias that it holds for was kept.
  Status correct(Node* node, size_t samples, NodeWalk* walk, bool* fits);

 private:
  using Means = std::vector<double>;  // per channel of the last axis

  void divide(ValueId id, size_t samples, Means* sums) const;
  Means measure(ValueId id, size_t samples, const NodeWalk& walk) const;

  Graph& graph_;
  std::map<ValueId, Means> means_;
};

}  // namespace octet::converter
