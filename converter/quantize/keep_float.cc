// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/keep_float.h"

namespace octet::converter {

Node* find_named_node(const Graph& graph, const std::string& name) {
  for (const auto& node : graph.nodes)
    if (node->name == name) return node.get();
  for (const auto& node : graph.nodes)
    for (const ValueId id : node->outputs)
      if (id != kNoValue && graph.value(id).name == name) return node.get();
  return nullptr;
}

Status keep_in_float(const Graph& graph, const PrecisionOptions& options, S8Nodes* demoted) {
  for (const std::string& name : options.keep_float) {
    Node* node = find_named_node(graph, name);
    if (node == nullptr)
      return error(StatusCode::kInvalidArgument,
                   "keep '%s' in float: no operator has this name after fusing; octet inspect lists them",
                   name.c_str());
    node->float_reason = "asked for";
    demoted->insert(node);
  }
  return Status();
}

}  // namespace octet::converter
