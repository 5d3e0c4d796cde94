// SPDX-License-Identifier: Apache-2.0
//
// Decides what is folded, and by whom.
#include "converter/fold_node.h"

#include <algorithm>

#include "converter/constant_math.h"
#include "converter/stages.h"

namespace octet::converter {

namespace {

constexpr int64_t kLargestGrowth = int64_t{1} << 22;  // elements that a fold may add over its inputs

}  // namespace

bool is_foldable(const Graph& graph, const Node& node) {
  if (node.op == "DequantizeLinear" || node.inputs.empty()) return false;
  int64_t taken = 0, given = 0;
  for (ValueId input : node.inputs) {
    if (input == kNoValue) continue;
    if (!graph.value(input).is_constant()) return false;
    taken += element_count(graph.value(input).shape);
  }
  for (ValueId output : node.outputs)
    if (output != kNoValue) given += element_count(graph.value(output).shape);
  return given <= taken + kLargestGrowth;
}

Status fold_node(const Graph& graph, const Node& node, std::vector<Constant>* outputs) {
  bool known = true;
  outputs->assign(1, {});
  OCTET_RETURN_IF_ERROR(folding::move_data(graph, node, &known, &(*outputs)[0]));
  if (known) return {};
  known = true;
  OCTET_RETURN_IF_ERROR(folding::compute(graph, node, &known, &(*outputs)[0]));
  if (known) return {};
  outputs->clear();
  return evaluate_node(graph, node, outputs);
}

FoldResult fold_last_node(Graph* graph) {
  FoldResult result;
  const Node& node = *graph->nodes.back();
  if (!is_foldable(*graph, node)) return result;
  std::vector<Constant> constants;
  result.status = fold_node(*graph, node, &constants);
  if (result.status.code() == StatusCode::kUnsupported)
    result.status = {};
  else
    result.folded = result.status.ok();
  if (!result.folded) return result;
  for (size_t i = 0; i < node.outputs.size() && i < constants.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    Value& value = graph->value(node.outputs[i]);
    value.type = constants[i].type;
    value.shape = constants[i].shape;
    value.constant = std::make_shared<const Constant>(std::move(constants[i]));
  }
  graph->nodes.pop_back();
  return result;
}

}  // namespace octet::converter
