// SPDX-License-Identifier: Apache-2.0
//
// Before   constants -> node -> y
// After    y, a constant
// Applies  when every input is a constant, but for DequantizeLinear (weights stay quantized)
// Formula  the node's own, computed by fold_node
#include "converter/fold_node.h"
#include "converter/passes/passes.h"

namespace octet::converter {

Status fold_constants(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& node = *graph->nodes[i];
    bool keeps_port = false;  // a graph output needs a node that writes it
    for (ValueId output : node.outputs) keeps_port = keeps_port || graph->is_graph_output(output);
    if (keeps_port || !is_foldable(*graph, node)) continue;
    std::vector<Constant> constants;
    const Status status = fold_node(*graph, node, &constants);
    if (status.code() == StatusCode::kUnsupported) {
      diagnostics->detail("fold_constants", node.name, "not folded: " + status.message());
      continue;
    }
    OCTET_RETURN_IF_ERROR(status);
    for (size_t k = 0; k < node.outputs.size() && k < constants.size(); ++k) {
      if (node.outputs[k] == kNoValue) continue;
      graph->value(node.outputs[k]).type = constants[k].type;
      graph->value(node.outputs[k]).constant = std::make_shared<const Constant>(std::move(constants[k]));
    }
    diagnostics->detail("fold_constants", node.name, node.op + " of constants folded");
    graph->nodes.erase(graph->nodes.begin() + static_cast<std::ptrdiff_t>(i--));
    *changed = true;
  }
  return {};
}

}  // namespace octet::converter
