// SPDX-License-Identifier: Apache-2.0
//
// Before   Conv | ConvTranspose | FullyConnected | Add | Sub | Mul -> Relu | Clip
// After    the same with activation_min, activation_max
// Applies  when nobody else reads the first node's output, it is f32, and a network with its own scales does not
//          round it (Conv -> Relu -> QuantizeLinear fuses, Conv -> QuantizeLinear -> ... -> Relu does not)
// Formula  min(max(y, low), high); behind bounds [a, b] already there: [clamp(a), clamp(b)]
#include <algorithm>
#include <limits>
#include <set>

#include "converter/passes/passes.h"
#include "converter/passes/per_channel.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

Status fuse_activation(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  static const std::set<std::string> carriers = {"Conv", "ConvTranspose", "FullyConnected", "Add", "Sub", "Mul"};
  const float infinity = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& activation = *graph->nodes[i];
    if (activation.op != "Relu" && activation.op != "Clip") continue;
    Node* carrier = graph->producer(activation.inputs[0]);
    if (carrier == nullptr || carriers.count(carrier->op) == 0) continue;
    if (only_reader(*graph, carrier->outputs[0]) != &activation) continue;
    if (graph->value(carrier->outputs[0]).type != schema::TensorType_F32) continue;
    if (graph->value(carrier->outputs[0]).quantization.quantized()) {
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
    absorb(graph, carrier, activation);
    --i;
    *changed = true;
  }
  return {};
}

}  // namespace octet::converter
