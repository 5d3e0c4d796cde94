// SPDX-License-Identifier: Apache-2.0
//
// Where, Cast, OneHot, CumSum, TopK, NonMaxSuppression, Trilu: f32 and integer operators whose
// parameters may stand in constant inputs or in attributes.
#include <cmath>

#include "converter/lower/lower.h"
#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

// The number in constant input `index`, else the attribute `key`, else `fallback`. An error if the
// input is there but not constant.
Status read_number(const Node& node, const ModelBuilder& model, size_t index, const char* key,
                   double fallback, double* number) {
  *number = attribute_number(node, key, fallback);
  if (node.input(index) == kNoValue) return Status();
  const Value& value = model.value(node.input(index));
  if (!value.is_constant() || value.constant->elements() < 1)
    return node_error(StatusCode::kUnsupported, node,
                      std::string(key) + " '" + value.name + "' must be constant");
  switch (value.type) {
    case schema::TensorType_F32:
      *number = value.constant->as<float>()[0];
      return Status();
    case schema::TensorType_S64:
      *number = static_cast<double>(value.constant->as<int64_t>()[0]);
      return Status();
    case schema::TensorType_S32:
      *number = value.constant->as<int32_t>()[0];
      return Status();
    default:
      return node_error(StatusCode::kUnsupported, node, std::string(key) + " has an unsupported type");
  }
}

int32_t clamp_s32(double x) {
  return static_cast<int32_t>(std::fmin(2147483647.0, std::fmax(-2147483648.0, x)));
}

int32_t wrap_axis(double axis, size_t rank) {
  return static_cast<int32_t>(axis < 0 ? axis + static_cast<double>(rank) : axis);
}

}  // namespace

Status lower_where(const Node& node, ModelBuilder* model) {
  if (model->value(node.outputs[0]).type == schema::TensorType_S8) {
    const Quantization& out = model->value(node.outputs[0]).quantization;
    for (size_t i : {size_t{1}, size_t{2}}) {
      const Quantization& in = model->value(node.inputs[i]).quantization;
      if (in.scale != out.scale || in.zero_point != out.zero_point)
        return node_error(StatusCode::kInternal, node,
                          "both values and the output must have one quantization");
    }
  }
  model->add_operator(node, plain_parts(schema::OperatorType_Where, node, model));
  return Status();
}

Status lower_cast(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  model->add_operator(node, plain_parts(schema::OperatorType_Cast, node, model));
  return Status();
}

// Inputs indices, depth, values; the schema's operator takes indices and values.
Status lower_one_hot(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  const Dims& output = model->value(node.outputs[0]).shape;
  const int32_t axis = wrap_axis(static_cast<double>(node.integer("axis", -1)), output.size());
  if (axis < 0 || axis >= static_cast<int32_t>(output.size()))
    return node_error(StatusCode::kInvalidModel, node,
                      "axis " + std::to_string(axis) + " of output " + shape_text(output));
  OperatorParts parts = plain_parts(schema::OperatorType_OneHot, node, model);
  if (node.inputs.size() == 3) parts.inputs = model->tensors({node.inputs[0], node.inputs[2]});
  const int32_t depth = static_cast<int32_t>(output[static_cast<size_t>(axis)]);
  model->add_operator(node, parts, schema::CreateOneHotOptions(model->fbb(), axis, depth));
  return Status();
}

Status lower_cum_sum(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  double axis = 0;
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 1, "axis", 0, &axis));
  OperatorParts parts = plain_parts(schema::OperatorType_CumSum, node, model);
  parts.inputs.resize(1);
  model->add_operator(
      node, parts,
      schema::CreateCumSumOptions(model->fbb(), wrap_axis(axis, model->value(node.inputs[0]).shape.size()),
                                  node.integer("exclusive") != 0, node.integer("reverse") != 0));
  return Status();
}

Status lower_top_k(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  const size_t rank = model->value(node.inputs[0]).shape.size();
  double k = 0;
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 1, "k", 1, &k));
  OperatorParts parts = plain_parts(schema::OperatorType_TopK, node, model);
  parts.inputs.resize(1);
  model->add_operator(node, parts,
                      schema::CreateTopKOptions(
                          model->fbb(), wrap_axis(static_cast<double>(node.integer("axis", -1)), rank),
                          clamp_s32(k), node.integer("largest", 1) != 0, node.integer("sorted", 1) != 0));
  return Status();
}

Status lower_non_max_suppression(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  double boxes = 0, iou = 0, score = 0;
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 2, "max_output_boxes_per_class", 0, &boxes));
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 3, "iou_threshold", 0, &iou));
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 4, "score_threshold", 0, &score));
  const bool has_score = node.has("score_threshold") || node.input(4) != kNoValue;
  OperatorParts parts = plain_parts(schema::OperatorType_NonMaxSuppression, node, model);
  parts.inputs.resize(2);
  model->add_operator(node, parts,
                      schema::CreateNonMaxSuppressionOptions(
                          model->fbb(), node.integer("center_point_box") != 0, clamp_s32(boxes),
                          static_cast<float>(iou), static_cast<float>(score), has_score));
  return Status();
}

Status lower_trilu(const Node& node, ModelBuilder* model) {
  OCTET_RETURN_IF_ERROR(require_float(node, *model));
  double k = 0;
  OCTET_RETURN_IF_ERROR(read_number(node, *model, 1, "k", 0, &k));
  OperatorParts parts = plain_parts(schema::OperatorType_Trilu, node, model);
  parts.inputs.resize(1);
  model->add_operator(node, parts,
                      schema::CreateTriluOptions(model->fbb(), node.integer("upper", 1) != 0, clamp_s32(k)));
  return Status();
}

}  // namespace octet::converter
