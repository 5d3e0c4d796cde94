// SPDX-License-Identifier: Apache-2.0
//
// LayerNormalization, InstanceNormalization, GroupNormalization, LpNormalization and LRN: f32.
// The last three work on channels, so they are lowered in NHWC (LpNormalization along any axis).
#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

schema::OperatorType normalization_type(const std::string& op) {
  if (op == "LayerNormalization") return schema::OperatorType_LayerNormalization;
  if (op == "InstanceNormalization") return schema::OperatorType_InstanceNormalization;
  if (op == "GroupNormalization") return schema::OperatorType_GroupNormalization;
  return schema::OperatorType_LpNormalization;
}

}  // namespace

Status lower_normalization(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  const bool channels = node.op == "InstanceNormalization" || node.op == "GroupNormalization";
  if (channels) OCTET_RETURN_IF_ERROR(require_nhwc(node, *model));
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNoValue)
      return node_error(StatusCode::kUnsupported, node, "outputs Mean and InvStdDev are not supported");
  int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(model->value(node.inputs[0]).shape.size());
  OperatorParts parts = plain_parts(normalization_type(node.op), node, model);
  parts.outputs.resize(1);
  model->add_operator(node, parts,
                      schema::CreateNormalizationOptions(model->fbb(), static_cast<int32_t>(axis),
                                                         node.number("epsilon", 1e-5f),
                                                         static_cast<int32_t>(node.integer("num_groups", 1)),
                                                         static_cast<int32_t>(node.integer("p", 2))));
  return Status();
}

Status lower_local_response_normalization(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  OCTET_RETURN_IF_ERROR(require_nhwc(node, *model));
  const OperatorParts parts = plain_parts(schema::OperatorType_LocalResponseNormalization, node, model);
  model->add_operator(
      node, parts,
      schema::CreateLocalResponseNormalizationOptions(
          model->fbb(), static_cast<int32_t>(node.integer("size")), node.number("alpha", 1e-4f),
          node.number("beta", 0.75f), static_cast<float>(attribute_number(node, "bias", 1))));
  return Status();
}

}  // namespace octet::converter
