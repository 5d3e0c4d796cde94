// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/pin_scales.h"

#include "converter/quantize/s8_rules.h"
#include "converter/quantize/scales.h"
#include "converter/quantize/uses.h"

namespace octet::converter {
namespace {

bool pinned(const Graph& graph, ValueId id) { return graph.value(id).quantization.scale != 0; }

bool spread_forward(Graph* graph, const Node& node, const std::vector<ValueId>& inputs, ValueId output) {
  if (pinned(*graph, output)) return false;
  for (ValueId id : inputs)
    if (!pinned(*graph, id) ||
        !same_quantization(graph->value(id).quantization, graph->value(inputs[0]).quantization))
      return false;
  if (node.op == "Pad" && node.number("value", 0) != 0) return false;
  graph->value(output).quantization = graph->value(inputs[0]).quantization;
  return true;
}

bool spread_backward(Graph* graph, const Uses& uses, const Node& node, const std::vector<ValueId>& inputs,
                     ValueId output) {
  if (!pinned(*graph, output) || node.op == "Resize" || node.op == "Pad") return false;
  bool changed = false;
  for (ValueId id : inputs) {
    if (pinned(*graph, id) || uses.readers(id).size() != 1 || uses.output(id)) continue;
    graph->value(id).quantization = graph->value(output).quantization;
    changed = true;
  }
  return changed;
}

}  // namespace

void spread_pinned_scales(Graph* graph) {
  const Uses uses(*graph);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& node : graph->nodes) {
      const S8Rule* rule = find_s8_rule(*node);
      const std::vector<ValueId> inputs = f32_inputs(*graph, *node), outputs = f32_outputs(*graph, *node);
      if (rule == nullptr || !rule->same_scale || !refuse_s8(*graph, *node).empty()) continue;
      if (inputs.empty() || outputs.size() != 1) continue;
      changed |= spread_forward(graph, *node, inputs, outputs[0]);
      changed |= spread_backward(graph, uses, *node, inputs, outputs[0]);
    }
  }
}

}  // namespace octet::converter
