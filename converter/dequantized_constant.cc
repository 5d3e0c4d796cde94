// SPDX-License-Identifier: Apache-2.0
//
// Finds and rebuilds DequantizeLinear nodes over constants.
#include "converter/dequantized_constant.h"

namespace octet::converter {

bool find_dequantized_constant(const Graph& graph, ValueId value, DequantizedConstant* found) {
  const Node* node = graph.producer(value);
  if (node == nullptr || node->op != "DequantizeLinear") return false;
  for (ValueId input : node->inputs)
    if (input != kNoValue && !graph.value(input).is_constant()) return false;
  found->node = node;
  found->data = graph.value(node->inputs[0]).constant.get();
  found->scale = graph.value(node->inputs[1]).constant.get();
  found->zero_point = node->input(2) == kNoValue ? nullptr : graph.value(node->inputs[2]).constant.get();
  const int rank = static_cast<int>(found->data->shape.size());
  const int axis = static_cast<int>(node->integer("axis", 1));
  found->axis = found->scale->elements() == 1 ? -1 : axis < 0 ? axis + rank : axis;
  return true;
}

bool is_weight(const Graph& graph, ValueId value) {
  DequantizedConstant found;
  return value != kNoValue &&
         (graph.value(value).is_constant() || find_dequantized_constant(graph, value, &found));
}

ValueId replace_dequantized(Graph* graph, const DequantizedConstant& constant, Constant data, Constant scale,
                            const Constant* zero_point, int axis) {
  size_t index = 0;
  while (graph->nodes[index].get() != constant.node) ++index;
  const Node old = *constant.node;
  const std::string name = graph->value(old.outputs[0]).name;
  const std::string data_name = graph->value(old.inputs[0]).name;
  const Dims shape = data.shape;
  std::vector<ValueId> inputs = {graph->add_constant(data_name, std::move(data)),
                                 graph->add_constant(name + "/scale", std::move(scale))};
  if (zero_point != nullptr) inputs.push_back(graph->add_constant(name + "/zero_point", *zero_point));
  const ValueId output = graph->add_value(name, schema::TensorType_F32, shape);
  Node& node = graph->insert_node(index, "DequantizeLinear", old.name + "/moved" + std::to_string(output));
  node.source = old.source;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.attributes["axis"] = static_cast<int64_t>(axis < 0 ? 0 : axis);
  return output;
}

ValueId transpose_dequantized(Graph* graph, const DequantizedConstant& constant,
                              const Permutation& permutation) {
  int axis = -1;
  for (size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] == constant.axis) axis = static_cast<int>(i);
  return replace_dequantized(graph, constant, transpose(*constant.data, permutation), *constant.scale,
                             constant.zero_point, axis);
}

ValueId reshape_dequantized(Graph* graph, const DequantizedConstant& constant, const Dims& shape) {
  int axis = -1;
  if (constant.axis >= 0) {
    // The axis survives if some axis of the new shape has its length and as many elements before it.
    const size_t at = static_cast<size_t>(constant.axis);
    const Dims& from = constant.data->shape;
    const int64_t before = element_count(Dims(from.begin(), from.begin() + constant.axis));
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == from[at] &&
          element_count(Dims(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(i))) == before)
        axis = static_cast<int>(i);
    if (axis < 0) return kNoValue;
  }
  return replace_dequantized(graph, constant, reshape(*constant.data, shape), *constant.scale,
                             constant.zero_point, axis);
}

ValueId transpose_weight(Graph* graph, ValueId value, const Permutation& permutation) {
  if (is_identity(permutation)) return value;
  DequantizedConstant found;
  if (find_dequantized_constant(*graph, value, &found))
    return transpose_dequantized(graph, found, permutation);
  const Value old = graph->value(value);
  const ValueId moved = graph->add_constant(old.name, transpose(*old.constant, permutation));
  Quantization& pinned = graph->value(moved).quantization;  // by import_qdq
  pinned = old.quantization;
  if (pinned.channel_axis >= 0)
    pinned.channel_axis = inverse(permutation)[static_cast<size_t>(pinned.channel_axis)];
  return moved;
}

}  // namespace octet::converter
