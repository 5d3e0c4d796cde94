// SPDX-License-Identifier: Apache-2.0
//
// Functions of one variable: f32 (and integers, bool) by kind, s8 by a table. Identity moves bytes.
// Quantize, Dequantize and Requantize: s8 and s16.
#include <cmath>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

Status lower_table(const Node& node, const std::function<double(double)>& function, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.inputs[0]));
  OCTET_RETURN_IF_ERROR(require_s8(node, *model, node.outputs[0]));
  const std::vector<uint8_t> table = build_table(function, model->value(node.inputs[0]).quantization,
                                                 model->value(node.outputs[0]).quantization);
  const OperatorParts parts = plain_parts(schema::OperatorType_Table, node, model);
  model->add_operator(node, parts, schema::CreateTableOptionsDirect(model->fbb(), &table));
  return Status();
}

bool same_quantization(const Quantization& a, const Quantization& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point;
}

// IsInf with one sign only is not in the schema.
Status check_attributes(const Node& node) {
  if (node.op == "IsInf" &&
      (node.integer("detect_negative", 1) == 0 || node.integer("detect_positive", 1) == 0))
    return node_error(StatusCode::kUnsupported, node,
                      "detect_negative or detect_positive of 0 is not supported");
  return Status();
}

}  // namespace

Status lower_unary(const Node& node, ModelBuilder* model) {
  if (node.inputs.empty() || node.inputs[0] == kNoValue)
    return node_error(StatusCode::kInternal, node, "has no input");
  OCTET_RETURN_IF_ERROR(check_attributes(node));
  const Value& input = model->value(node.inputs[0]);
  const Value& output = model->value(node.outputs[0]);
  const UnaryFunction* row = find_unary(node.op);
  if (node.op == "Identity" && input.type == output.type &&
      same_quantization(input.quantization, output.quantization))
    return lower_reshape(node, model);
  if (node_form(node, *model) == Form::kS8 && row->evaluate != nullptr)
    return lower_table(
        node, [&](double x) { return evaluate_unary(node, x); }, model);
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  OperatorParts parts = plain_parts(schema::OperatorType_Unary, node, model);
  parts.inputs.resize(1);  // Clip's bounds are attributes
  model->add_operator(
      node, parts,
      schema::CreateUnaryOptions(model->fbb(), row->kind, static_cast<float>(row->alpha(node)),
                                 static_cast<float>(row->beta(node))));
  return Status();
}

Status lower_requantize(const Node& node, ModelBuilder* model) {
  const Value &input = model->value(node.inputs[0]), &output = model->value(node.outputs[0]);
  if (input.type == schema::TensorType_S16 || output.type == schema::TensorType_S16) {
    OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.inputs[0]));
    OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.outputs[0]));
    FixedPoint pair;
    const double k = static_cast<double>(input.quantization.scale) / output.quantization.scale;
    OCTET_RETURN_IF_ERROR(at_node(node, encode_fixed_point(k, output.type, &pair)));
    RequantizationData data;
    data.add(pair);
    const auto requantization = model->create(data);
    model->add_operator(node, plain_parts(schema::OperatorType_Requantize, node, model),
                        schema::CreateRequantizeOptions(model->fbb(), requantization));
    return Status();
  }
  return lower_table(
      node, [](double x) { return x; }, model);
}

Status lower_quantize(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.outputs[0]));
  OperatorParts parts = plain_parts(schema::OperatorType_Quantize, node, model);
  parts.inputs.resize(1);
  const float inv_scale = 1.0f / model->value(node.outputs[0]).quantization.scale;
  if (!std::isfinite(inv_scale))
    return node_error(StatusCode::kUnsupported, node, "scale so small that its inverse is infinite");
  model->add_operator(node, parts, schema::CreateQuantizeOptions(model->fbb(), inv_scale));
  return Status();
}

Status lower_dequantize(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.inputs[0]));
  OperatorParts parts = plain_parts(schema::OperatorType_Dequantize, node, model);
  parts.inputs.resize(1);
  model->add_operator(node, parts);
  return Status();
}

}  // namespace octet::converter
