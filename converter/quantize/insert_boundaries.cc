// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <tuple>

#include "converter/quantize/s8_plan.h"
#include "converter/quantize/s8_rules.h"

namespace octet::converter {

std::vector<bool> choose_s8_values(const Graph& graph, const S8Nodes& s8) {
  const Uses uses(graph);
  std::vector<bool> result(graph.values.size(), false);
  for (const auto& node : graph.nodes)
    if (s8.count(node.get()) != 0 && !writes_f32(graph, uses, s8, *node))
      for (ValueId id : f32_outputs(graph, *node)) result[static_cast<size_t>(id)] = true;
  for (const GraphPort& port : graph.inputs) {
    if (!is_f32_activation(graph, port.value)) continue;
    bool all = !uses.readers(port.value).empty();
    for (const Node* reader : uses.readers(port.value)) all &= !reads_f32(graph, s8, *reader, port.value);
    const bool declared_quantized = port.type != schema::TensorType_F32;
    result[static_cast<size_t>(port.value)] = all || declared_quantized;
  }
  return result;
}

namespace {

class Boundaries {
 public:
  Boundaries(Graph* graph, const S8Plan& plan) : graph_(*graph), plan_(plan) {}

  void run() {
    std::vector<std::unique_ptr<Node>> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    // The f32 activations as they were, before types change.
    const size_t values = graph_.values.size();
    for (size_t id = 0; id < values; ++id)
      f32_.push_back(is_f32_activation(graph_, static_cast<ValueId>(id)));
    for (size_t id = 0; id < values; ++id) set_type(static_cast<ValueId>(id));
    for (auto& node : nodes) place(std::move(node));
  }

 private:
  void set_type(ValueId id) {
    Value& value = graph_.value(id);
    if (value.is_constant()) {  // what a quantized network pinned on weights has been used
      if (value.type == schema::TensorType_F32) value.quantization = Quantization();
      return;
    }
    value.quantization = plan_.is_s8(id) ? plan_.quantization(id) : Quantization();
    if (plan_.is_s8(id)) value.type = plan_.type(id);
  }

  void place(std::unique_ptr<Node> node) {
    const bool in_s8 = plan_.nodes.count(node.get()) != 0;
    if (in_s8 && node->op == "Requantize") {
      place_requantize(std::move(node));
      return;
    }
    const std::vector<ValueId> inputs = node->inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ValueId id = inputs[i];
      if (id == kNoValue || static_cast<size_t>(id) >= f32_.size() || !f32_[static_cast<size_t>(id)])
        continue;
      node->inputs[i] = in_s8 ? s8_input(*node, id) : f32_input(id);
    }
    graph_.nodes.push_back(std::move(node));
  }

  // A Requantize that came with the network: Quantize behind f32, nothing between equal scales.
  void place_requantize(std::unique_ptr<Node> node) {
    const ValueId from = resolve(node->inputs[0]), to = node->outputs[0];
    node->inputs[0] = from;
    if (!plan_.is_s8(from)) {
      node->op = "Quantize";
    } else if (plan_.type(from) == plan_.type(to) &&
               same_quantization(plan_.quantization(from), plan_.quantization(to))) {
      renamed_[to] = from;
      for (GraphPort& port : graph_.outputs)
        if (port.value == to) port.value = from;
      return;
    }
    graph_.nodes.push_back(std::move(node));
  }

  ValueId resolve(ValueId id) const {
    for (auto found = renamed_.find(id); found != renamed_.end(); found = renamed_.find(id))
      id = found->second;
    return id;
  }

  // How `node` wants its input `id`.
  struct Form {
    TensorType type;
    const Quantization& quantization;
  };
  Form wanted(const Node& node, ValueId id) const {
    const bool like_output = find_s8_rule(node)->same_scale && f32_[static_cast<size_t>(node.outputs[0])];
    const ValueId as = like_output ? node.outputs[0] : id;
    if (!like_output && plan_.type(id) == schema::TensorType_S16 && !takes_s16(graph_, node))
      return {schema::TensorType_S8, plan_.narrow[static_cast<size_t>(id)]};
    return {plan_.type(as), plan_.quantization(as)};
  }

  ValueId s8_input(const Node& node, ValueId original) {
    const ValueId id = resolve(original);
    const Form form = wanted(node, original);
    if (!plan_.is_s8(id)) return convert("Quantize", id, form.type, form.quantization);
    if (plan_.type(id) == form.type && same_quantization(plan_.quantization(id), form.quantization))
      return id;
    return convert("Requantize", id, form.type, form.quantization);
  }

  ValueId f32_input(ValueId original) {
    const ValueId id = resolve(original);
    return plan_.is_s8(id) ? convert("Dequantize", id, schema::TensorType_F32, Quantization()) : id;
  }

  ValueId convert(const char* op, ValueId from, TensorType type, const Quantization& quantization) {
    ValueId& made = made_[{from, op, type, quantization.scale, quantization.zero_point}];
    if (made > 0) return made;
    const std::string name =
        graph_.value(from).name + "/" + op + (made_.size() > 1 ? std::to_string(made_.size()) : "");
    made = graph_.add_value(name, type, graph_.value(from).shape);
    graph_.value(made).quantization = quantization;
    Node& node = graph_.insert_node(graph_.nodes.size(), op, name);
    node.inputs = {from};
    node.outputs = {made};
    return made;
  }

  Graph& graph_;
  const S8Plan& plan_;
  std::vector<bool> f32_;
  std::map<ValueId, ValueId> renamed_;
  std::map<std::tuple<ValueId, std::string, TensorType, float, int32_t>, ValueId> made_;
};

}  // namespace

void insert_boundaries(Graph* graph, const S8Plan& plan) { Boundaries(graph, plan).run(); }

}  // namespace octet::converter
