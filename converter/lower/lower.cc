// SPDX-License-Identifier: Apache-2.0
//
// The walk over the nodes, and what the lower functions of all operators share.
#include "converter/lower/lower.h"

#include <cmath>

#include "converter/quantize/tables.h"

namespace octet::converter {

Status lower(const Graph& graph, const LowerOptions& options, LoweredModel* model, Diagnostics* diagnostics) {
  return lower_with_extras(graph, options, ModelExtras(), model, diagnostics);
}

Status lower_with_extras(const Graph& graph, const LowerOptions& options, const ModelExtras& extras,
                         LoweredModel* model, Diagnostics* diagnostics) {
  ModelBuilder builder(graph);
  for (const GraphPort& port : graph.inputs) builder.tensor(port.value);
  for (const auto& node : graph.nodes) {
    const LowerRow* row = find_lower(node->op);
    if (row == nullptr)
      return node_error(StatusCode::kUnsupported, *node,
                        "operator " + (node->source.empty() ? node->op : node->source) + " is not supported");
    OCTET_RETURN_IF_ERROR(row->lower(*node, &builder));
  }
  for (const GraphPort& port : graph.outputs) builder.tensor(port.value);
  OCTET_RETURN_IF_ERROR(builder.finish(options, extras, model));
  if (!builder.tightest_node().empty() && diagnostics != nullptr)
    diagnostics->detail("lower", builder.tightest_node(),
                        "the tightest accumulator keeps " + std::to_string(builder.minimum_headroom_bits()) +
                            " bits of headroom in s32");
  return Status();
}

Form node_form(const Node& node, const ModelBuilder& model) {
  const auto integers = [&](ValueId id) { return id != kNoValue && is_quantized(model.value(id)); };
  const bool from = integers(node.input(0));
  const bool to = !node.outputs.empty() && integers(node.outputs[0]);
  if (from && to) return Form::kS8;
  if (!from && !to) return Form::kF32;
  return from && model.value(node.outputs[0]).type == schema::TensorType_F32 ? Form::kS8ToF32 : Form::kMixed;
}

Status node_error(StatusCode code, const Node& node, const std::string& rule) {
  return error(code, "%s '%s': %s", node.op.c_str(), node.name.c_str(), rule.c_str());
}

Status at_node(const Node& node, const Status& status) {
  return status.ok() ? status : node_error(status.code(), node, status.message());
}

Status require_nhwc(const Node& node, const ModelBuilder& model) {
  if (model.graph().layout == Layout::kNhwc) return Status();
  return node_error(StatusCode::kUnsupported, node, "is lowered in NHWC layout only");
}

bool is_quantized(const Value& value) {
  return value.type == schema::TensorType_S8 ||
         (value.type == schema::TensorType_S16 && value.quantization.scale != 0);
}

Status require_s8(const Node& node, const ModelBuilder& model, ValueId id) {
  OCTET_RETURN_IF_ERROR(require_quantized(node, model, id));
  if (model.value(id).type == schema::TensorType_S8) return Status();
  return node_error(StatusCode::kInternal, node, "value '" + model.value(id).name + "' must be s8, not s16");
}

Status require_quantized(const Node& node, const ModelBuilder& model, ValueId id) {
  const Value& value = model.value(id);
  if (is_quantized(value) && std::isfinite(value.quantization.scale) && value.quantization.scale > 0)
    return Status();
  return node_error(StatusCode::kInternal, node,
                    "value '" + value.name + "' must be s8 or s16 with a scale above 0");
}

Status require_float(const Node& node, const ModelBuilder& model) {
  for (const auto& ids : {node.inputs, node.outputs})
    for (ValueId id : ids)
      if (id != kNoValue && is_quantized(model.value(id)))
        return node_error(StatusCode::kInternal, node,
                          "has no s8 form, but value '" + model.value(id).name + "' is s8 or s16");
  return Status();
}

OperatorParts plain_parts(schema::OperatorType type, const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  parts.type = type;
  parts.inputs = model->tensors(node.inputs);
  parts.outputs = model->tensors(node.outputs);
  return parts;
}

bool Activation::bounded() const { return std::isfinite(min) || std::isfinite(max); }

Activation activation_of(const Node& node) {
  return {node.number("activation_min", -INFINITY), node.number("activation_max", INFINITY)};
}

void clamp_output(const Activation& activation, const Quantization& output, TensorType type,
                  RequantizationData* data) {
  const bool below = std::isfinite(activation.min), above = std::isfinite(activation.max);
  if (type == schema::TensorType_S16) {
    if (below) data->output_min_s16 = quantize_value_s16(activation.min, output);
    if (above) data->output_max_s16 = quantize_value_s16(activation.max, output);
    return;
  }
  data->output_min = below ? quantize_value(activation.min, output) : int8_t{-128};
  data->output_max = above ? quantize_value(activation.max, output) : int8_t{127};
}

}  // namespace octet::converter
