// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/pin_scales.h"

#include <cmath>

#include "converter/quantize/s8_rules.h"
#include "converter/quantize/scales.h"
#include "converter/quantize/tables.h"
#include "converter/quantize/uses.h"

namespace octet::converter {
namespace {

bool pinned(const Graph& graph, ValueId id) { return graph.value(id).quantization.scale != 0; }

bool is_step(double real, const Quantization& quantization) {
  const double step = real / quantization.scale;
  return std::isinf(step) || std::fabs(step - std::nearbyint(step)) < 1e-4;
}

// The node only moves or selects the steps of `quantization`.
bool keeps_steps(const Graph& graph, const Node& node, const Quantization& quantization) {
  const S8Rule* rule = find_s8_rule(node);
  if (rule == nullptr || !refuse_s8(graph, node).empty()) return false;
  if (rule->same_scale || node.op == "Relu") return true;
  return node.op == "Clip" && is_step(attribute_number(node, "min", -INFINITY), quantization) &&
         is_step(attribute_number(node, "max", INFINITY), quantization);
}

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
      const std::vector<ValueId> inputs = f32_inputs(*graph, *node), outputs = f32_outputs(*graph, *node);
      if (inputs.empty() || outputs.size() != 1) continue;
      const ValueId known = pinned(*graph, outputs[0]) ? outputs[0] : inputs[0];
      if (!keeps_steps(*graph, *node, graph->value(known).quantization)) continue;
      changed |= spread_forward(graph, *node, inputs, outputs[0]);
      changed |= spread_backward(graph, uses, *node, inputs, outputs[0]);
    }
  }
}

}  // namespace octet::converter
