// SPDX-License-Identifier: Apache-2.0
//
// Nodes whose inputs are constants -> constants.
#pragma once

#include <vector>

#include "converter/graph.h"

namespace octet::converter {

// True for nodes that are folded: every input is a constant, and the node is no DequantizeLinear (weights
// stay quantized until import_qdq takes their scales) and does not blow a small constant up.
bool is_foldable(const Graph& graph, const Node& node);

// The outputs of a foldable node. Moves data and does integer and basic float arithmetic itself (double, then
// one rounding: for + - * / the same as f32); everything else runs on the runtime's kernels (evaluate_node).
// kUnsupported if neither can.
Status fold_node(const Graph& graph, const Node& node, std::vector<Constant>* outputs);

struct FoldResult {
  Status status;  // an error in the node's arithmetic, such as a division by zero
  bool folded = false;
};
// Folds the last node of the graph, if that is possible, into its output values, and drops it.
FoldResult fold_last_node(Graph* graph);

namespace folding {

// Sets *known = false for operators that are not data movement (fold_movement.cc).
Status move_data(const Graph& graph, const Node& node, bool* known, Constant* output);
// The same for arithmetic (fold_arithmetic.cc).
Status compute(const Graph& graph, const Node& node, bool* known, Constant* output);

}  // namespace folding

}  // namespace octet::converter
