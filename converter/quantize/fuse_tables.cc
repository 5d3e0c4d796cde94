// SPDX-License-Identifier: Apache-2.0
//
// fuse_tables. Before: Conv (s8) -> HardSwish (s8). After: Conv with the 256-entry table of HardSwish
// behind its requantization. Applies when nothing else reads the Conv's output and the Conv has no
// table yet. Formula: q_out = table[q_conv + 128], the same bytes as the two operators.
#include <algorithm>

#include "converter/quantize/s8_plan.h"
#include "converter/quantize/s8_rules.h"
#include "converter/quantize/tables.h"

namespace octet::converter {
namespace {

bool is_s8(const Graph& graph, ValueId id) { return graph.value(id).type == schema::TensorType_S8; }

bool takes_table(const Node* node) {
  return node != nullptr && find_s8_rule(*node) != nullptr && find_s8_rule(*node)->kind == S8Class::kHeavy &&
         !node->has("table");
}

void fuse(Graph* graph, const Node& function, Node* linear) {
  const Quantization before = graph->value(linear->outputs[0]).quantization;
  const Quantization after = graph->value(function.outputs[0]).quantization;
  auto table = std::make_shared<Constant>();
  table->type = schema::TensorType_U8;
  table->shape = {256};
  table->bytes = build_table([&](double x) { return evaluate_unary(function, x); }, before, after);
  linear->attributes["table"] = std::shared_ptr<const Constant>(std::move(table));
  linear->attributes["table_scale"] = before.scale;
  linear->attributes["table_zero_point"] = static_cast<int64_t>(before.zero_point);
  linear->attributes["table_function"] = function.op;  // with its parameters: what export_qdq writes
  for (const auto& [key, value] : function.attributes) linear->attributes.emplace(key, value);
  linear->outputs[0] = function.outputs[0];
}

}  // namespace

size_t fuse_tables(Graph* graph) {
  const Uses uses(*graph);
  std::vector<const Node*> gone;
  for (const auto& node : graph->nodes) {
    if (find_unary(node->op) == nullptr || node->inputs.size() != 1) continue;
    const ValueId input = node->inputs[0];
    if (!is_s8(*graph, input) || !is_s8(*graph, node->outputs[0])) continue;
    Node* linear = uses.writer(input);
    if (!takes_table(linear) || uses.readers(input).size() != 1 || uses.output(input)) continue;
    fuse(graph, *node, linear);
    gone.push_back(node.get());
  }
  const auto is_gone = [&](const std::unique_ptr<Node>& node) {
    return std::find(gone.begin(), gone.end(), node.get()) != gone.end();
  };
  graph->nodes.erase(std::remove_if(graph->nodes.begin(), graph->nodes.end(), is_gone), graph->nodes.end());
  return gone.size();
}

}  // namespace octet::converter
