// SPDX-License-Identifier: Apache-2.0
//
// Data movement of any element type: Reshape, Transpose, Concat, Slice, Pad, Expand, Tile. In s8 all
// inputs and outputs have one quantization: bytes move, values stay.
#include <cmath>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

Status require_one_quantization(const Node& node, const ModelBuilder& model) {
  const Value& output = model.value(node.outputs[0]);
  for (ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    const Value& input = model.value(id);
    if (input.type != output.type)
      return node_error(StatusCode::kInternal, node, "value '" + input.name + "' and output differ in type");
    if (is_quantized(output) && (input.quantization.scale != output.quantization.scale ||
                                 input.quantization.zero_point != output.quantization.zero_point))
      return node_error(StatusCode::kInternal, node,
                        "value '" + input.name + "' and output must have the same quantization");
  }
  return Status();
}

// Only the data input becomes an operand; shapes and the like are in attributes.
Status data_parts(schema::OperatorType type, const Node& node, ModelBuilder* model, OperatorParts* parts) {
  Node data_only = node;
  data_only.inputs.resize(1);
  OCTET_RETURN_IF_ERROR(require_one_quantization(data_only, *model));
  *parts = plain_parts(type, data_only, model);
  return Status();
}

}  // namespace

Status lower_reshape(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Reshape, node, model, &parts));
  model->add_operator(node, parts);
  return Status();
}

Status lower_transpose(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Transpose, node, model, &parts));
  std::vector<int64_t> perm = node.integers("perm");
  if (perm.empty())
    for (size_t i = model->value(node.inputs[0]).shape.size(); i-- > 0;)
      perm.push_back(static_cast<int64_t>(i));
  const auto vector = model->fbb().CreateVector(to_s32(perm));
  model->add_operator(node, parts, schema::CreateTransposeOptions(model->fbb(), vector));
  return Status();
}

Status lower_concat(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_one_quantization(node, *model));
  int64_t axis = node.integer("axis");
  if (axis < 0) axis += static_cast<int64_t>(model->value(node.outputs[0]).shape.size());
  const OperatorParts parts = plain_parts(schema::OperatorType_Concat, node, model);
  model->add_operator(node, parts, schema::CreateConcatOptions(model->fbb(), static_cast<int32_t>(axis)));
  return Status();
}

Status lower_slice(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Slice, node, model, &parts));
  const size_t rank = model->value(node.inputs[0]).shape.size();
  const std::vector<int32_t> starts = to_s32(node.integers("starts"));
  std::vector<int32_t> steps = to_s32(node.integers("steps"));
  if (steps.empty()) steps.assign(rank, 1);
  if (starts.size() != rank || steps.size() != rank)
    return node_error(StatusCode::kInternal, node, "starts and steps must be given for every axis");
  model->add_operator(node, parts, schema::CreateSliceOptionsDirect(model->fbb(), &starts, &steps));
  return Status();
}

Status lower_pad(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Pad, node, model, &parts));
  const std::string mode = node.text("mode", "constant");
  const std::vector<int32_t> pads = to_s32(node.integers("pads"));
  const size_t rank = model->value(node.inputs[0]).shape.size();
  if (pads.size() != 2 * rank)
    return node_error(StatusCode::kInternal, node, "pads must have two entries per axis");
  const std::vector<int32_t> begin(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  const std::vector<int32_t> end(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  schema::PadMode kind = schema::PadMode_Constant;
  if (mode == "reflect")
    kind = schema::PadMode_Reflect;
  else if (mode == "edge")
    kind = schema::PadMode_Edge;
  else if (mode == "wrap")
    kind = schema::PadMode_Wrap;
  else if (mode != "constant")
    return node_error(StatusCode::kUnsupported, node, "mode '" + mode + "' is not known");
  const double value = attribute_number(node, "value", 0);
  const Value& output = model->value(node.outputs[0]);
  const bool s8 = output.type == schema::TensorType_S8 && output.quantization.scale != 0;
  const bool floating = output.type == schema::TensorType_F32;
  const int8_t value_s8 = s8 ? quantize_value(value, output.quantization) : int8_t{0};
  const bool s16 = output.type == schema::TensorType_S16 && output.quantization.scale != 0;
  const int64_t value_int = s16              ? quantize_value_s16(value, output.quantization)
                            : s8 || floating ? 0
                                             : static_cast<int64_t>(value);
  model->add_operator(node, parts,
                      schema::CreatePadOptionsDirect(model->fbb(), kind, &begin, &end,
                                                     static_cast<float>(value), value_s8, value_int));
  return Status();
}

Status lower_expand(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Expand, node, model, &parts));
  model->add_operator(node, parts);
  return Status();
}

Status lower_tile(const Node& node, ModelBuilder* model) {
  OperatorParts parts;
  OCTET_RETURN_IF_ERROR(data_parts(schema::OperatorType_Tile, node, model, &parts));
  const std::vector<int32_t> repeats = to_s32(node.integers("repeats"));
  model->add_operator(node, parts, schema::CreateTileOptionsDirect(model->fbb(), &repeats));
  return Status();
}

}  // namespace octet::converter
