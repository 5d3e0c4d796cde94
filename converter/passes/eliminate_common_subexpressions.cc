// SPDX-License-Identifier: Apache-2.0
//
// eliminate_common_subexpressions
//   Before        two nodes of one operator with the same inputs and attributes
//   After         readers of the second read the first
//   Applies when  their outputs agree in type, shape and pinned scale; operands of commutative operators may
//   stand in
//                 either order; constants are the same if their bytes are. Two graph outputs stay two nodes.
//   Formula       f(x) = f(x)
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace octet::converter {

namespace {

bool commutes(const std::string& op) {
  static const std::set<std::string> ops = {"Add", "Mul", "Min", "Max", "And", "Or", "Xor", "Equal"};
  return ops.count(op) != 0;
}

// Attributes are equal; constants among them by their content.
bool same_attribute(const Attribute& a, const Attribute& b) {
  using Shared = std::shared_ptr<const Constant>;
  const Shared *left = std::get_if<Shared>(&a), *right = std::get_if<Shared>(&b);
  if (left == nullptr || right == nullptr || *left == nullptr || *right == nullptr) return a == b;
  return (*left)->type == (*right)->type && (*left)->shape == (*right)->shape &&
         (*left)->bytes == (*right)->bytes;
}

bool same_attributes(const Node& a, const Node& b) {
  return a.attributes.size() == b.attributes.size() &&
         std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && same_attribute(x.second, y.second);
                    });
}

// Numbers values so that equal constants have one number.
class ValueNumbers {
 public:
  explicit ValueNumbers(const Graph& graph) : graph_(graph) {}

  ValueId of(ValueId id) {
    if (id == kNoValue || !graph_.value(id).is_constant()) return id;
    const auto known = numbers_.find(id);
    if (known != numbers_.end()) return known->second;
    std::vector<ValueId>& alike = by_size_[graph_.value(id).constant->bytes.size()];
    for (ValueId other : alike)
      if (same_constant(graph_.value(id), graph_.value(other))) return numbers_[id] = other;
    alike.push_back(id);
    return numbers_[id] = id;
  }

 private:
  static bool same_constant(const Value& a, const Value& b) {
    if (a.type != b.type || a.shape != b.shape || !same_pin(a.quantization, b.quantization)) return false;
    return a.constant == b.constant || a.constant->bytes == b.constant->bytes;
  }

  const Graph& graph_;
  std::map<ValueId, ValueId> numbers_;
  std::map<size_t, std::vector<ValueId>> by_size_;
};

using Key = std::tuple<std::string, size_t, std::vector<ValueId>>;  // operator, outputs, inputs

Key key_of(const Node& node, ValueNumbers* numbers) {
  std::vector<ValueId> inputs;
  for (ValueId id : node.inputs) inputs.push_back(numbers->of(id));
  if (commutes(node.op)) std::sort(inputs.begin(), inputs.end());
  return {node.op, node.outputs.size(), inputs};
}

bool can_merge(const Graph& graph, const Node& node, const Node& first) {
  if (!same_attributes(node, first)) return false;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId from = node.outputs[i], to = first.outputs[i];
    if ((from == kNoValue) != (to == kNoValue)) return false;
    if (from == kNoValue) continue;
    if (!same_pin(graph.value(from).quantization, graph.value(to).quantization)) return false;
    if (!can_redirect(graph, from, to)) return false;
  }
  return true;
}

}  // namespace

Status eliminate_common_subexpressions(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  ValueNumbers numbers(*graph);
  std::map<Key, std::vector<const Node*>> seen;
  bool any = false;
  for (const auto& node : graph->nodes) {
    if (node->inputs.empty() || node->outputs.empty()) continue;
    std::vector<const Node*>& alike = seen[key_of(*node, &numbers)];
    const auto first = std::find_if(alike.begin(), alike.end(),
                                    [&](const Node* other) { return can_merge(*graph, *node, *other); });
    if (first == alike.end()) {
      alike.push_back(node.get());
      continue;
    }
    for (size_t i = 0; i < node->outputs.size(); ++i)
      if (node->outputs[i] != kNoValue) redirect(graph, node->outputs[i], (*first)->outputs[i]);
    diagnostics->detail("eliminate_common_subexpressions", node->name,
                        "computes what '" + (*first)->name + "' does");
    retire(node.get());
    any = true;
  }
  if (!any) return Status();
  graph->remove_dead_nodes();
  *changed = true;
  return Status();
}

}  // namespace octet::converter
