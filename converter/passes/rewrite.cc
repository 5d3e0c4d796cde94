// SPDX-License-Identifier: Apache-2.0
#include "converter/passes/rewrite.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "converter/constant_math.h"

namespace octet::converter {

bool has_activation(const Node& node) {
  return node.has("activation_min") || node.has("activation_max") || node.has("table_activation");
}

bool is_plain(const Node& node, const char* op) { return node.op == op && !has_activation(node); }

Node* plain_writer(const Graph& graph, ValueId value, const char* op) {
  Node* writer = graph.producer(value);
  return writer != nullptr && is_plain(*writer, op) ? writer : nullptr;
}

bool is_close(double a, double b) { return std::fabs(a - b) <= 1e-4 * std::max(std::fabs(a), std::fabs(b)); }

bool constant_number(const Graph& graph, ValueId value, double* number) {
  if (value == kNoValue || !graph.value(value).is_constant()) return false;
  const Constant& constant = *graph.value(value).constant;
  return constant.type == schema::TensorType_F32 && uniform_value(constant, number);
}

bool has_one_reader(const Graph& graph, ValueId value) {
  if (graph.is_graph_output(value)) return false;
  const std::vector<Node*> readers = graph.consumers(value);
  return readers.size() == 1 && std::count(readers[0]->inputs.begin(), readers[0]->inputs.end(), value) == 1;
}

bool same_pin(const Quantization& a, const Quantization& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.channel_scales == b.channel_scales &&
         a.channel_axis == b.channel_axis;
}

void note_pinned(const Graph& graph, ValueId value, const Node& node, const char* stage,
                 Diagnostics* diagnostics) {
  const std::string message =
      "left as it is: the network rounds value '" + graph.value(value).name + "' to 8 bits";
  for (const Diagnostic& item : diagnostics->items())
    if (item.stage == stage && item.node == node.name && item.message == message) return;
  diagnostics->note(stage, node.name, message);
}

ValueId pinned_between(const Graph& graph, ValueId from, const Node& node) {
  std::vector<ValueId> open(node.inputs.begin(), node.inputs.end());
  std::set<ValueId> seen = {from, kNoValue};
  while (!open.empty()) {
    const ValueId value = open.back();
    open.pop_back();
    if (!seen.insert(value).second || graph.value(value).is_constant()) continue;
    if (graph.value(value).quantization.quantized()) return value;
    const Node* writer = graph.producer(value);
    if (writer != nullptr) open.insert(open.end(), writer->inputs.begin(), writer->inputs.end());
  }
  return kNoValue;
}

bool replace_pattern(const Replacement& replacement, const char* stage, Graph* graph, Node* last,
                     Diagnostics* diagnostics) {
  const ValueId pinned = pinned_between(*graph, replacement.from, *last);
  if (pinned != kNoValue) {
    note_pinned(*graph, pinned, *last, stage, diagnostics);
    return false;
  }
  last->op = replacement.op;
  last->inputs = {replacement.from};
  last->attributes = replacement.attributes;
  diagnostics->detail(stage, last->name, "becomes " + replacement.op);
  return true;
}

void retire(Node* node) {
  node->inputs.clear();
  node->outputs.clear();
}

bool can_redirect(const Graph& graph, ValueId from, ValueId to) {
  const Value &old = graph.value(from), &kept = graph.value(to);
  if (old.type != kept.type || old.shape != kept.shape) return false;
  if (old.quantization.quantized() && !same_pin(old.quantization, kept.quantization)) return false;
  return !graph.is_graph_output(from) || (graph.producer(to) != nullptr && !graph.is_graph_output(to));
}

void redirect(Graph* graph, ValueId from, ValueId to) {
  if (graph->is_graph_output(from)) std::swap(graph->value(to).name, graph->value(from).name);
  graph->replace_uses(from, to);
}

}  // namespace octet::converter
