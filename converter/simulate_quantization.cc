// SPDX-License-Identifier: Apache-2.0
//
// fp32 form of a network that is quantized already: every activation with a pinned scale
// (quantize/import_qdq.cc) is rounded and clamped where it is made, as the original does.
//
// Before: Conv -> y (f32, pinned scale).  After: Conv -> y -> Quantize -> Dequantize -> readers of y.
// Applies when y is an f32 activation with a scale per tensor.
// Formula: y' = scale * (clamp(round_half_even(y / scale) + zero_point) - zero_point)
#include "converter/simulate_quantization.h"

#include <algorithm>

#include "converter/quantize/wide_pin.h"

namespace octet::converter {

namespace {

// Position behind the node that writes `value`; 0 for graph inputs.
size_t position_behind(const Graph& graph, ValueId value) {
  const Node* producer = graph.producer(value);
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (graph.nodes[i].get() == producer) return i + 1;
  return 0;
}

bool is_quantized_port(const GraphPort& port) {
  return port.type == schema::TensorType_U8 || port.type == schema::TensorType_S8;
}

void simulate(Graph* graph, ValueId real) {
  const Value value = graph->value(real);
  const ValueId quantized = graph->add_value(value.name + "/quantized", schema::TensorType_S8, value.shape);
  const ValueId rounded = graph->add_value(value.name + "/rounded", schema::TensorType_F32, value.shape);
  graph->value(quantized).quantization = value.quantization;
  graph->replace_uses(real, rounded);
  for (GraphPort& port : graph->outputs)  // declared u8 or s8: the bytes themselves
    if (port.value == rounded && is_quantized_port(port)) port.value = quantized;
  const size_t at = position_behind(*graph, real);
  Node& dequantize = graph->insert_node(at, "Dequantize", value.name + "/Dequantize");
  dequantize.inputs = {quantized};
  dequantize.outputs = {rounded};
  for (const GraphPort& port : graph->inputs) {
    if (port.value != real || !is_quantized_port(port)) continue;
    graph->value(real).type = schema::TensorType_S8;  // comes quantized
    dequantize.inputs = {real};
    return;
  }
  Node& quantize = graph->insert_node(at, "Quantize", value.name + "/Quantize");
  quantize.inputs = {real};
  quantize.outputs = {quantized};
}

}  // namespace

size_t simulate_pinned_scales(Graph* graph) {
  for (Value& value : graph->values)  // 16 bits: next to nothing is rounded
    if (is_wide_pin(value.quantization)) value.quantization = Quantization();
  std::vector<ValueId> pinned;
  const auto take = [&](ValueId id) {
    if (id == kNoValue || std::find(pinned.begin(), pinned.end(), id) != pinned.end()) return;
    const Value& value = graph->value(id);
    if (!value.is_constant() && value.type == schema::TensorType_F32 && value.quantization.scale != 0)
      pinned.push_back(id);
  };
  for (const GraphPort& port : graph->inputs) take(port.value);
  for (const auto& node : graph->nodes)
    for (ValueId id : node->outputs) take(id);
  for (ValueId id : pinned) simulate(graph, id);
  for (const auto& node : graph->nodes)  // from one scale to another: the rounding stands behind it now
    if (node->op == "Requantize") node->op = "Identity";
  return pinned.size();
}

}  // namespace octet::converter
