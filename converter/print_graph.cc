// SPDX-License-Identifier: Apache-2.0
//
// Prints a graph: its ports, then one line per node.
#include "converter/print_graph.h"

#include <cstdio>

#include "converter/constant_math.h"

namespace octet::converter {

namespace {

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", number);
  return text;
}

std::string type_text(TensorType type) {
  std::string name = schema::EnumNameTensorType(type);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::string value_text(const Graph& graph, ValueId id) {
  if (id == kNoValue) return "-";
  const Value& value = graph.value(id);
  std::string text = value.name + " " + type_text(value.type) + shape_text(value.shape);
  double uniform;
  if (value.is_constant() && uniform_value(*value.constant, &uniform))
    text += "=" + number_text(uniform);
  else if (value.is_constant())
    text += " const";
  if (value.quantization.quantized())
    text += " q(" + number_text(value.quantization.scale) + ", " +
            std::to_string(value.quantization.zero_point) + ")";
  return text;
}

template <class List>
std::string list_text(const List& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i)
    text += (i == 0 ? "" : ", ") + number_text(static_cast<double>(list[i]));
  return text + "]";
}

struct AttributeText {
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const { return number_text(static_cast<double>(value)); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<int64_t>& value) const { return list_text(value); }
  std::string operator()(const std::vector<float>& value) const { return list_text(value); }
  std::string operator()(const std::vector<std::string>& value) const {
    std::string text;
    for (const std::string& item : value) text += (text.empty() ? "" : ", ") + item;
    return "[" + text + "]";
  }
  std::string operator()(const std::shared_ptr<const Constant>& value) const {
    return "constant" + shape_text(value->shape);
  }
};

std::string port_text(const Graph& graph, const GraphPort& port) {
  std::string text = "'" + port.name + "' " + type_text(port.type) + shape_text(port.shape) + " = " +
                     value_text(graph, port.value);
  if (!port.permutation.empty()) text += " permuted " + list_text(port.permutation);
  return text;
}

}  // namespace

std::string print_node(const Graph& graph, const Node& node) {
  std::string text = node.op + " '" + node.name + "':";
  for (ValueId input : node.inputs) text += " " + value_text(graph, input) + ",";
  if (!node.inputs.empty()) text.pop_back();
  text += " ->";
  for (ValueId output : node.outputs) text += " " + value_text(graph, output);
  if (node.attributes.empty()) return text;
  text += "  {";
  bool first = true;
  for (const auto& [key, value] : node.attributes) {
    text += (first ? "" : ", ") + key + "=" + std::visit(AttributeText(), value);
    first = false;
  }
  return text + "}";
}

std::string print_graph(const Graph& graph) {
  std::string text;
  for (const GraphPort& port : graph.inputs) text += "input " + port_text(graph, port) + "\n";
  for (const auto& node : graph.nodes) text += print_node(graph, *node) + "\n";
  for (const GraphPort& port : graph.outputs) text += "output " + port_text(graph, port) + "\n";
  return text;
}

}  // namespace octet::converter
