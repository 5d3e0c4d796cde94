// SPDX-License-Identifier: Apache-2.0
#include "converter/measure/layers_alone.h"

namespace octet::converter {
namespace {

constexpr size_t kMostNodes = 4;  // of one layer

std::map<ValueId, const Node*> writers(const Graph& graph) {
  std::map<ValueId, const Node*> result;
  for (const auto& node : graph.nodes)
    for (const ValueId id : node->outputs)
      if (id != kNoValue) result[id] = node.get();
  return result;
}

}  // namespace

bool is_boundary(const Node& node) {
  return node.op == "Quantize" || node.op == "Requantize" || node.op == "Dequantize";
}

LayersAlone::LayersAlone(const Graph& reference, const Graph& quantized)
    : reference_(reference),
      quantized_(quantized),
      reference_writers_(writers(reference)),
      quantized_writers_(writers(quantized)) {
  graph_.layout = reference.layout;
  for (const auto& node : quantized.nodes) {
    if (is_boundary(*node))
      layers_.push_back({node->outputs[0], -1, node->inputs[0]});
    else if (!node->outputs.empty() && static_cast<size_t>(node->outputs[0]) < reference.values.size())
      add(*node);
  }
}

// The value of the float graph behind `id`.
ValueId LayersAlone::without_boundaries(ValueId id) const {
  for (auto found = quantized_writers_.find(id);
       found != quantized_writers_.end() && is_boundary(*found->second); found = quantized_writers_.find(id))
    id = found->second->inputs[0];
  return id;
}

ValueId LayersAlone::feed(ValueId quantized, ValueId real) {
  const auto [entry, fresh] = fed_.emplace(quantized, static_cast<ValueId>(graph_.values.size()));
  if (!fresh) return entry->second;
  const Value& value = reference_.value(real);
  const ValueId id = graph_.add_value(value.name, value.type, value.shape);
  GraphPort port;
  port.name = value.name + "#" + std::to_string(quantized);
  port.value = id;
  port.type = value.type;
  port.shape = value.shape;
  graph_.inputs.push_back(port);
  feeds_.push_back(quantized);
  return id;
}

ValueId LayersAlone::copy(ValueId id, const std::map<ValueId, ValueId>& given,
                          std::map<ValueId, ValueId>* copied) {
  if (id == kNoValue) return kNoValue;
  if (const auto found = given.find(id); found != given.end()) return found->second;
  if (const auto found = copied->find(id); found != copied->end()) return found->second;
  const Value& value = reference_.value(id);
  if (value.is_constant()) {
    graph_.values.push_back(value);
    return (*copied)[id] = static_cast<ValueId>(graph_.values.size() - 1);
  }
  const auto writer = reference_writers_.find(id);
  if (writer == reference_writers_.end() || copied->size() > kMostNodes * 4) return kNoValue;
  auto node = std::make_unique<Node>(*writer->second);
  for (ValueId& input : node->inputs) {
    if (input == kNoValue) continue;
    input = copy(input, given, copied);
    if (input == kNoValue) return kNoValue;
  }
  for (ValueId& output : node->outputs) {
    if (output == kNoValue) continue;
    const Value& written = reference_.value(output);
    (*copied)[output] = graph_.add_value(written.name, written.type, written.shape);
    output = (*copied)[output];
  }
  graph_.nodes.push_back(std::move(node));
  return copied->at(id);
}

void LayersAlone::add(const Node& node) {
  const ValueId output = node.outputs[0];
  if (reference_.value(output).type != schema::TensorType_F32) return;
  const size_t nodes = graph_.nodes.size(), values = graph_.values.size(), inputs = graph_.inputs.size();
  const std::map<ValueId, ValueId> fed_before = fed_;
  std::map<ValueId, ValueId> given, copied;
  bool known = true;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || quantized_.value(id).is_constant()) continue;
    const ValueId real = without_boundaries(id);
    known = known && static_cast<size_t>(real) < reference_.values.size();
    if (known && given.count(real) == 0) given[real] = feed(id, real);
  }
  const ValueId answer = known && !given.empty() ? copy(output, given, &copied) : kNoValue;
  if (answer != kNoValue && graph_.nodes.size() > nodes && graph_.nodes.size() <= nodes + kMostNodes) {
    GraphPort port;
    port.name = reference_.value(output).name;
    port.value = answer;
    port.shape = reference_.value(output).shape;
    graph_.outputs.push_back(port);
    layers_.push_back({output, static_cast<int>(graph_.outputs.size() - 1), kNoValue});
    return;
  }
  graph_.nodes.resize(nodes);  // as if it had not been tried
  graph_.values.resize(values);
  graph_.inputs.resize(inputs);
  feeds_.resize(inputs);
  fed_ = fed_before;
}

}  // namespace octet::converter
