// SPDX-License-Identifier: Apache-2.0
//
// Gather, GatherElements, GatherND, ScatterND, ScatterElements: bytes by index.
#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

int32_t non_negative_axis(const Node& node, const ModelBuilder& model) {
  int64_t axis = node.integer("axis");
  if (axis < 0) axis += static_cast<int64_t>(model.value(node.inputs[0]).shape.size());
  return static_cast<int32_t>(axis);
}

// Data operands (all inputs but the indices at position 1) and the output share type and quantization.
Status check_data(const Node& node, const ModelBuilder& model) {
  const Value& output = model.value(node.outputs[0]);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i == 1) continue;
    const Value& input = model.value(node.inputs[i]);
    const bool same_scale = output.type != schema::TensorType_S8 ||
                            (input.quantization.scale == output.quantization.scale &&
                             input.quantization.zero_point == output.quantization.zero_point);
    if (input.type != output.type || !same_scale)
      return node_error(StatusCode::kInternal, node,
                        "value '" + input.name + "' and output must have one type and quantization");
  }
  return Status();
}

}  // namespace

Status lower_gather(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(check_data(node, *model));
  const schema::OperatorType type = node.op == "Gather"           ? schema::OperatorType_Gather
                                    : node.op == "GatherElements" ? schema::OperatorType_GatherElements
                                                                  : schema::OperatorType_GatherND;
  const OperatorParts parts = plain_parts(type, node, model);
  const int32_t axis = node.op == "GatherND" ? 0 : non_negative_axis(node, *model);
  model->add_operator(
      node, parts,
      schema::CreateGatherOptions(model->fbb(), axis, static_cast<int32_t>(node.integer("batch_dims"))));
  return Status();
}

Status lower_scatter(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(check_data(node, *model));
  const char* const kReductions[] = {"none", "add", "mul", "max", "min"};
  const std::string reduction = node.text("reduction", "none");
  uint8_t kind = 0;
  while (kind < 5 && reduction != kReductions[kind]) ++kind;
  if (kind == 5)
    return node_error(StatusCode::kUnsupported, node, "reduction '" + reduction + "' is not known");
  if (kind != 0 && model->value(node.outputs[0]).type == schema::TensorType_S8)
    return node_error(StatusCode::kInternal, node, "reduction '" + reduction + "' has no s8 form");
  const bool elements = node.op == "ScatterElements";
  const OperatorParts parts = plain_parts(
      elements ? schema::OperatorType_ScatterElements : schema::OperatorType_ScatterND, node, model);
  const int32_t axis = elements ? non_negative_axis(node, *model) : 0;
  model->add_operator(node, parts, schema::CreateScatterOptions(model->fbb(), axis, kind));
  return Status();
}

}  // namespace octet::converter
