// SPDX-License-Identifier: Apache-2.0
//
// Before   Conv | ConvTranspose | FullyConnected | Add | Sub | Mul -> Relu | Clip
// After    the same with activation_min, activation_max
// Applies  when nobody else reads the first node's output, it is f32, and a network with its own scales does
// not
//          round it (Conv -> Relu -> QuantizeLinear fuses, Conv -> QuantizeLinear -> ... -> Relu does not)
// Formula  min(max(y, low), high); behind bounds [a, b] already there: [clamp(a), clamp(b)]
#include <algorithm>
#include <limits>
#include <set>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

Status fuse_activation(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  static const std::set<std::string> carriers = {"Conv", "ConvTranspose", "FullyConnected",
                                                 "Add",  "Sub",           "Mul"};
  const float infinity = std::numeric_limits<float>::infinity();
  bool any = false;
  for (const auto& node : graph->nodes) {
    Node& activation = *node;
    if (activation.op != "Relu" && activation.op != "Clip") continue;
    if (activation.inputs.empty()) continue;
    Node* carrier = graph->producer(activation.inputs[0]);
    if (carrier == nullptr || carriers.count(carrier->op) == 0) continue;
    const Value& between = graph->value(carrier->outputs[0]);
    if (!has_one_reader(*graph, carrier->outputs[0]) || between.type != schema::TensorType_F32) continue;
    if (between.quantization.quantized()) {
      note_pinned(*graph, carrier->outputs[0], activation, "fuse_activation", diagnostics);
      continue;
    }
    const bool relu = activation.op == "Relu";
    const float low = relu ? 0 : activation.number("min", -infinity);
    const float high = relu ? infinity : activation.number("max", infinity);
    const auto clamp = [low, high](float value) { return std::min(std::max(value, low), high); };
    carrier->attributes["activation_min"] = clamp(carrier->number("activation_min", -infinity));
    carrier->attributes["activation_max"] = clamp(carrier->number("activation_max", infinity));
    diagnostics->detail("fuse_activation", activation.name,
                        activation.op + " fused into " + carrier->op + " '" + carrier->name + "'");
    carrier->outputs = activation.outputs;
    retire(&activation);
    any = true;
  }
  if (!any) return {};
  graph->remove_dead_nodes();
  *changed = true;
  return {};
}

}  // namespace octet::converter
