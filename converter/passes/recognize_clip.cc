// SPDX-License-Identifier: Apache-2.0
//
// Before   Max(x, c) | Min(x, c), c a scalar constant; Clip(0, inf)
// After    Clip(c, inf) | Clip(-inf, c); Relu. Clip behind Clip or Relu becomes one
// Applies  to f32; for two in a row: when nobody else reads the first's output
// Formula  min(max(min(max(x, a), b), c), d) = min(max(x, a'), b'), a' = clamp(a, c, d), b' = clamp(b, c, d)
#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/constant_math.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Max and Min with a scalar.
bool becomes_clip(const Graph& graph, Node* node) {
  if (node->op != "Max" && node->op != "Min") return false;
  if (graph.value(node->outputs[0]).type != schema::TensorType_F32) return false;
  for (size_t side = 0; side < 2; ++side) {
    const Value& bound = graph.value(node->inputs[side]);
    if (!bound.is_constant() || bound.constant->elements() != 1) continue;
    if (graph.value(node->inputs[1 - side]).shape != graph.value(node->outputs[0]).shape) continue;
    const float value = to_floats(*bound.constant)[0];
    if (std::isnan(value)) continue;
    const bool low = node->op == "Max";
    node->attributes = {{"min", low ? value : -kInfinity}, {"max", low ? kInfinity : value}};
    node->inputs = {node->inputs[1 - side]};
    node->op = "Clip";
    return true;
  }
  return false;
}

bool is_clip(const Node& node) { return node.op == "Clip" || node.op == "Relu"; }
float low_of(const Node& node) { return node.op == "Relu" ? 0 : node.number("min", -kInfinity); }
float high_of(const Node& node) { return node.op == "Relu" ? kInfinity : node.number("max", kInfinity); }

}  // namespace

Status recognize_clip(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  for (const auto& owned : graph->nodes) {
    Node* node = owned.get();
    if (becomes_clip(*graph, node)) {
      diagnostics->detail("recognize_clip", node->name, "Clip");
      *changed = true;
    }
    if (node->op == "Clip" && low_of(*node) == 0 && high_of(*node) == kInfinity) {
      node->op = "Relu";
      node->attributes.clear();
      *changed = true;
    }
    if (!is_clip(*node) || node->inputs.empty()) continue;
    Node* first = graph->producer(node->inputs[0]);
    if (first == nullptr || !is_clip(*first) || !has_one_reader(*graph, first->outputs[0])) continue;
    if (graph->value(first->outputs[0]).quantization.quantized()) continue;  // rounded in between
    const float low = low_of(*node), high = high_of(*node);
    const auto clamp = [low, high](float value) { return std::min(std::max(value, low), high); };
    first->attributes = {{"min", clamp(low_of(*first))}, {"max", clamp(high_of(*first))}};
    first->op = "Clip";
    diagnostics->detail("recognize_clip", node->name, "joined with '" + first->name + "'");
    first->outputs = node->outputs;
    retire(node);
    *changed = true;
  }
  graph->remove_dead_nodes();
  return {};
}

}  // namespace octet::converter
