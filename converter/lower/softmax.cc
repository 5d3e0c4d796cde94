// SPDX-License-Identifier: Apache-2.0
//
// Softmax and LogSoftmax. s8: exp_table[d] = round(65536 * exp(-input_scale * d)) for the distance d
// from the largest element, output_multiplier = round(256 / output_scale).
#include <cmath>

#include "converter/lower/lower.h"

namespace octet::converter {

namespace {

Status lower_s8_softmax(const Node& node, int64_t axis, bool to_s8, ModelBuilder* model) {
  const Value& input = model->value(node.inputs[0]);
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.inputs[0]));
  if (node.op != "Softmax" || axis != static_cast<int64_t>(input.shape.size()) - 1)
    return node_error(StatusCode::kInternal, node, "the s8 form is Softmax along the last axis");
  std::vector<uint32_t> exp_table(256);
  for (size_t d = 0; d < exp_table.size(); ++d)
    exp_table[d] = static_cast<uint32_t>(std::lround(
        65536.0 * std::exp(-static_cast<double>(input.quantization.scale) * static_cast<double>(d))));
  uint32_t output_multiplier = 0;
  if (to_s8) {
    OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.outputs[0]));
    const double multiplier = std::nearbyint(256.0 / model->value(node.outputs[0]).quantization.scale);
    if (!(multiplier >= 1 && multiplier <= 4294967295.0))
      return node_error(StatusCode::kUnsupported, node, "output scale must be in [2^-24, 256]");
    output_multiplier = static_cast<uint32_t>(multiplier);
  }
  const OperatorParts parts = plain_parts(schema::OperatorType_Softmax, node, model);
  model->add_operator(node, parts,
                      schema::CreateSoftmaxOptionsDirect(model->fbb(), static_cast<int32_t>(axis), false,
                                                         &exp_table, output_multiplier));
  return Status();
}

}  // namespace

Status lower_softmax(const Node& node, ModelBuilder* model) {
  const int64_t rank = static_cast<int64_t>(model->value(node.inputs[0]).shape.size());
  int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += rank;
  const Form form = node_form(node, *model);
  if (form == Form::kS8 || form == Form::kS8ToF32)
    return lower_s8_softmax(node, axis, form == Form::kS8, model);
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  const OperatorParts parts = plain_parts(schema::OperatorType_Softmax, node, model);
  model->add_operator(
      node, parts,
      schema::CreateSoftmaxOptions(model->fbb(), static_cast<int32_t>(axis), node.op == "LogSoftmax"));
  return Status();
}

}  // namespace octet::converter
