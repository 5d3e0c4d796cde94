// SPDX-License-Identifier: Apache-2.0
//
// Checks of untrusted operators; the header lists them.
#include "runtime/ops/op_checks.h"

#include <cstdarg>
#include <cstdio>

#include "kernels/requantize.h"

namespace octet {

Status invalid(const OpView& view, const char* format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return error(StatusCode::kInvalidModel, "%s '%s': %s",
               schema::EnumNameOperatorType(view.definition->type()), view.name(), message);
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Status check_operands(const OpView& view, size_t least, size_t most) {
  if (view.inputs.size() > most)
    return invalid(view, "%zu inputs; must be at most %zu", view.inputs.size(), most);
  for (size_t i = 0; i < least; ++i)
    if (view.input(i) == nullptr) return invalid(view, "input %zu is missing", i);
  if (view.outputs.size() != 1 || view.output(0) == nullptr)
    return invalid(view, "%zu outputs; must be 1", view.outputs.size());
  return Status();
}

Status check_all_operands(const OpView& view, size_t least, size_t most) {
  OCTET_RETURN_IF_ERROR(check_operands(view, least, most));
  for (size_t i = 0; i < view.inputs.size(); ++i)
    if (view.input(i) == nullptr) return invalid(view, "input %zu is missing", i);
  return Status();
}

Status check_type(const OpView& view, const Tensor& tensor, const char* what, TensorType type) {
  if (tensor.type == type) return Status();
  return invalid(view, "%s is %s; must be %s", what, type_text(tensor), schema::EnumNameTensorType(type));
}

Status check_shape(const OpView& view, const Tensor& tensor, const char* what, const Shape& expected) {
  if (tensor.shape == expected) return Status();
  return invalid(view, "%s shape %s; must be %s", what, shape_text(tensor.shape).c_str(),
                 shape_text(expected).c_str());
}

Status check_rank(const OpView& view, const Tensor& tensor, const char* what, int rank) {
  if (tensor.shape.rank == rank) return Status();
  return invalid(view, "%s shape %s; must have rank %d", what, shape_text(tensor.shape).c_str(), rank);
}

Status check_axis(const OpView& view, int axis, int rank) {
  if (axis >= 0 && axis < rank) return Status();
  return invalid(view, "axis %d; must be in [0, %d)", axis, rank);
}

Status check_same_meaning(const OpView& view, const Tensor& from, const Tensor& to) {
  if (from.type != to.type)
    return invalid(view, "types %s -> %s; must be the same", type_text(from), type_text(to));
  if (from.is_quantized() && (from.scale != to.scale || from.zero_point != to.zero_point))
    return invalid(view, "'%s' has scale %g, zero point %d and '%s' %g, %d; must be the same", from.name,
                   static_cast<double>(from.scale), from.zero_point, to.name, static_cast<double>(to.scale),
                   to.zero_point);
  return Status();
}

Status check_index_type(const OpView& view, const Tensor& indices) {
  if (indices.type == schema::TensorType_S32 || indices.type == schema::TensorType_S64) return Status();
  return invalid(view, "indices are %s; must be S32 or S64", type_text(indices));
}

Status check_requantization_entries(const OpView& view, const schema::Requantization* requantization,
                                    size_t entries) {
  if (requantization == nullptr) return invalid(view, "no requantization; an s8 or s16 output needs one");
  const size_t multipliers = vector_length(requantization->multiplier());
  const size_t shifts = vector_length(requantization->right_shift());
  if (multipliers == entries && shifts == entries) return Status();
  return invalid(view, "requantization with %zu multipliers and %zu right shifts; must be %zu of each",
                 multipliers, shifts, entries);
}

OutputRange output_range(const schema::Requantization* requantization, TensorType output) {
  const bool s16 = output == schema::TensorType_S16;
  if (requantization == nullptr) return s16 ? OutputRange{kernels::kS16Min, kernels::kS16Max} : OutputRange();
  if (s16) return {requantization->output_min_s16(), requantization->output_max_s16()};
  return {requantization->output_min(), requantization->output_max()};
}

}  // namespace octet
