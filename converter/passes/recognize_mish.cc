// SPDX-License-Identifier: Apache-2.0
//
// recognize_mish
//   Before        x -> Softplus -> Tanh -> Mul with x, in any operand order (ONNX has Mish from opset 18 on)
//   After         x -> Mish
//   Applies when  no value in between is pinned
//   Formula       mish(x) = x * tanh(softplus(x)), softplus(x) = ln(1 + e^x)
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

bool is_gate_of(const Graph& graph, ValueId gate, ValueId x) {
  const Node* tanh = plain_writer(graph, gate, "Tanh");
  const Node* softplus = tanh == nullptr ? nullptr : plain_writer(graph, tanh->inputs[0], "Softplus");
  return softplus != nullptr && softplus->inputs[0] == x;
}

}  // namespace

Status recognize_mish(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  bool any = false;
  for (const auto& node : graph->nodes)
    for (size_t i = 0; i < 2 && is_plain(*node, "Mul"); ++i)
      if (is_gate_of(*graph, node->inputs[1 - i], node->inputs[i]))
        any |=
            replace_pattern({"Mish", node->inputs[i], {}}, "recognize_mish", graph, node.get(), diagnostics);
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
