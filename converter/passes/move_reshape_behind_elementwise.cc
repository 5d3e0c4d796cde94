// SPDX-License-Identifier: Apache-2.0
//
// Before   x -> Reshape -> f -> y              f: one input, the same function of every element
//          Reshape(a), Reshape(b) -> g -> y    g: Add, Sub, Mul, ... of two operands of equal shapes
// After    x -> f -> Reshape -> y;             a, b -> g -> Reshape -> y
// Applies  to the Reshape that a wrapped 1-D operator leaves behind (it adds or drops axes of size 1), so
// that
//          activations and residual sums meet the convolutions they belong to
// Formula  f(reshape(x)) = reshape(f(x))
#include <set>

#include "converter/constant_math.h"
#include "converter/passes/layout_state.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

Dims without_ones(const Dims& shape) {
  Dims rest;
  for (int64_t dim : shape)
    if (dim != 1) rest.push_back(dim);
  return rest;
}

// The Reshape [N, C, 1, L] -> [N, C, L] that writes `id` for one reader alone; null otherwise.
Node* unwrapping_reshape(const Graph& graph, ValueId id) {
  Node* reshape = graph.producer(id);
  if (reshape == nullptr || reshape->op != "Reshape" || !has_one_reader(graph, id)) return nullptr;
  const Dims& from = graph.value(reshape->inputs[0]).shape;
  const Dims& to = graph.value(id).shape;
  const Quantization &before = graph.value(reshape->inputs[0]).quantization,
                     &behind = graph.value(id).quantization;
  if (behind.quantized() && !same_pin(before, behind)) return nullptr;
  return from.size() == 4 && to.size() == 3 && without_ones(from) == without_ones(to) ? reshape : nullptr;
}

bool is_per_element(const Graph& graph, const Node& node) {
  if (node.op == "QuantizeLinear" || node.op == "DequantizeLinear")
    return graph.value(node.inputs[1]).is_constant() && graph.value(node.inputs[1]).constant->elements() == 1;
  return is_elementwise(node) && (node.inputs.size() == 1 || node.inputs.size() == 2);
}

// Every activation operand is unwrapped from the same shape, and constants are scalars.
bool operands_agree(const Graph& graph, const Node& node, Dims* shape) {
  const bool quantizer = node.op == "QuantizeLinear" || node.op == "DequantizeLinear";
  for (size_t i = 0; i < (quantizer ? 1 : node.inputs.size()); ++i) {
    const Value& operand = graph.value(node.inputs[i]);
    if (operand.is_constant() && operand.constant->elements() == 1 && operand.shape.size() <= 3) continue;
    const Node* reshape = unwrapping_reshape(graph, node.inputs[i]);
    if (reshape == nullptr) return false;
    const Dims& from = graph.value(reshape->inputs[0]).shape;
    if (!shape->empty() && *shape != from) return false;
    *shape = from;
  }
  return !shape->empty();
}

}  // namespace

Status move_reshape_behind_elementwise(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    Node* node = graph->nodes[i].get();
    Dims shape;
    if (node->outputs.size() != 1 || !is_per_element(*graph, *node) || !operands_agree(*graph, *node, &shape))
      continue;
    const std::string first =
        graph->producer(node->inputs[0]) ? graph->producer(node->inputs[0])->name : node->name;
    for (ValueId& input : node->inputs) {
      const Node* reshape = unwrapping_reshape(*graph, input);
      if (reshape != nullptr) input = reshape->inputs[0];
    }
    const ValueId y = node->outputs[0];
    const ValueId wrapped = graph->add_value(graph->value(y).name + "/image", graph->value(y).type, shape);
    graph->value(wrapped).quantization = graph->value(y).quantization;
    node->outputs[0] = wrapped;
    Node& reshape = graph->insert_node(i + 1, "Reshape", node->name + "/reshape");
    reshape.source = node->source;
    reshape.inputs = {wrapped};
    reshape.outputs = {y};
    diagnostics->detail("move_reshape_behind_elementwise", node->name,
                        "in front of the Reshape of '" + first + "'");
    *changed = true;
  }
  graph->remove_dead_nodes();
  return {};
}

}  // namespace octet::converter
