// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/uses.h"

#include <algorithm>

namespace octet::converter {

Uses::Uses(const Graph& graph)
    : producer(graph.values.size(), nullptr),
      consumers(graph.values.size()),
      is_output(graph.values.size(), false),
      is_input(graph.values.size(), false) {
  for (const auto& node : graph.nodes) {
    for (ValueId id : node->outputs)
      if (id != kNoValue) producer[static_cast<size_t>(id)] = node.get();
    for (ValueId id : node->inputs) {
      if (id == kNoValue) continue;
      std::vector<Node*>& readers = consumers[static_cast<size_t>(id)];
      if (readers.empty() || readers.back() != node.get()) readers.push_back(node.get());
    }
  }
  for (const GraphPort& port : graph.outputs) is_output[static_cast<size_t>(port.value)] = true;
  for (const GraphPort& port : graph.inputs) is_input[static_cast<size_t>(port.value)] = true;
}

bool is_f32_activation(const Graph& graph, ValueId id) {
  if (id == kNoValue) return false;
  const Value& value = graph.value(id);
  return !value.is_constant() && value.type == schema::TensorType_F32;
}

namespace {

std::vector<ValueId> f32_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<ValueId> found;
  for (ValueId id : ids)
    if (is_f32_activation(graph, id) && std::find(found.begin(), found.end(), id) == found.end())
      found.push_back(id);
  return found;
}

}  // namespace

std::vector<ValueId> f32_inputs(const Graph& graph, const Node& node) { return f32_of(graph, node.inputs); }
std::vector<ValueId> f32_outputs(const Graph& graph, const Node& node) { return f32_of(graph, node.outputs); }

std::string describe(const Node& node) { return node.op + " '" + node.name + "'"; }

}  // namespace octet::converter
