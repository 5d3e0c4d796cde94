// SPDX-License-Identifier: Apache-2.0
//
// LayersAlone: every layer in float, fed with the quantized network's own values instead of with the layers
// before it. What the quantized layer's output differs from its answer is the layer's own error.
//
//   float network        x -> A -> B -> y
//   layers alone         x' -> A -> a      b' -> B -> y      x', b': the quantized network's values, as real
//   numbers
//
// Applies to nodes of the quantized graph whose first output the float graph has too (same value id). What
// stands between the node's inputs and that output in the float graph is the layer: one node, or a linear one
// and the function whose table it took. Quantize, Requantize and Dequantize have no layer in float: their own
// error is what they change.
#pragma once

#include <map>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

class LayersAlone {
 public:
  // Both graphs must outlive it.
  LayersAlone(const Graph& reference, const Graph& quantized);

  // One float graph of all layers. Input i of it takes the value feeds()[i] of the quantized graph, as real
  // numbers where that is quantized.
  const Graph& graph() const { return graph_; }
  const std::vector<ValueId>& feeds() const { return feeds_; }

  struct Layer {
    ValueId output;  // of the quantized graph
    int port = -1;   // graph().outputs: what float computes; -1: the layer changes `input` alone
    ValueId input = kNoValue;
  };
  const std::vector<Layer>& layers() const { return layers_; }

 private:
  void add(const Node& node);
  // Copies what computes `id` from `given` into graph_; kNoValue where it needs more than is given.
  ValueId copy(ValueId id, const std::map<ValueId, ValueId>& given, std::map<ValueId, ValueId>* copied);
  ValueId feed(ValueId quantized, ValueId real);
  ValueId without_boundaries(ValueId id) const;

  const Graph& reference_;
  const Graph& quantized_;
  Graph graph_;
  std::vector<ValueId> feeds_;
  std::map<ValueId, ValueId> fed_;  // value of the quantized graph -> of graph_
  std::map<ValueId, const Node*> reference_writers_, quantized_writers_;
  std::vector<Layer> layers_;
};

// Quantize, Requantize or Dequantize.
bool is_boundary(const Node& node);

}  // namespace octet::converter
