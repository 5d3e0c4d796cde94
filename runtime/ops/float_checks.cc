// SPDX-License-Identifier: Apache-2.0
//
// See op_checks.h.
#include "runtime/ops/float_checks.h"

#include <algorithm>
#include <cstdarg>
#include <string>

#include "runtime/ops/kernel_types.h"

namespace octet {
namespace {

const char* type_name(const OpView& view) { return schema::EnumNameOperatorType(view.definition->type()); }

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

bool count_in(size_t count, size_t low, size_t high) { return count >= low && count <= high; }

}  // namespace

Status invalid_op(const OpView& view, const char* format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return error(StatusCode::kInvalidModel, "%s '%s': %s", type_name(view), view.name(), message);
}

Status check_counts(const OpView& view, OpCounts c) {
  if (!count_in(view.inputs.size(), c.min_inputs, c.max_inputs))
    return invalid_op(view, "%zu inputs; must be %zu to %zu", view.inputs.size(), c.min_inputs, c.max_inputs);
  if (!count_in(view.outputs.size(), c.min_outputs, c.max_outputs))
    return invalid_op(view, "%zu outputs; must be %zu to %zu", view.outputs.size(), c.min_outputs,
                      c.max_outputs);
  for (size_t i = 0; i < c.min_inputs; ++i)
    if (!view.input(i)) return invalid_op(view, "input %zu is left out; it is required", i);
  for (size_t i = 0; i < c.min_outputs; ++i)
    if (!view.output(i)) return invalid_op(view, "output %zu is left out; it is required", i);
  return Status();
}

Status check_type(const OpView& view, const Tensor& tensor, const char* what,
                  std::initializer_list<TensorType> types) {
  if (std::find(types.begin(), types.end(), tensor.type) != types.end()) return Status();
  std::string allowed;
  for (const TensorType type : types)
    allowed += (allowed.empty() ? "" : ", ") + std::string(schema::EnumNameTensorType(type));
  return invalid_op(view, "%s is %s; must be %s", what, schema::EnumNameTensorType(tensor.type),
                    allowed.c_str());
}

Status check_rank(const OpView& view, const Tensor& tensor, const char* what, int min_rank, int max_rank) {
  if (tensor.shape.rank >= min_rank && tensor.shape.rank <= max_rank) return Status();
  return invalid_op(view, "%s has rank %d; must be %d to %d", what, tensor.shape.rank, min_rank, max_rank);
}

Status check_same_shape(const OpView& view, const Tensor& tensor, const char* what, const Tensor& other) {
  if (tensor.shape == other.shape) return Status();
  return invalid_op(view, "%s has shape %s; must be %s", what, shape_text(tensor.shape).c_str(),
                    shape_text(other.shape).c_str());
}

Status check_dims(const OpView& view, const Tensor& tensor, const char* what,
                  std::initializer_list<int64_t> dims) {
  bool same = tensor.shape.rank == static_cast<int>(dims.size());
  std::string expected = "[";
  int axis = 0;
  for (const int64_t dim : dims) {
    expected += (axis > 0 ? ", " : "") + std::to_string(dim);
    same = same && tensor.shape[axis] == dim;
    ++axis;
  }
  if (same) return Status();
  return invalid_op(view, "%s has shape %s; must be %s]", what, shape_text(tensor.shape).c_str(),
                    expected.c_str());
}

Status check_value(const OpView& view, const char* what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return Status();
  return invalid_op(view, "%s %lld; must be in [%lld, %lld]", what, static_cast<long long>(value),
                    static_cast<long long>(low), static_cast<long long>(high));
}

Status check_broadcast(const OpView& view, std::initializer_list<const Tensor*> inputs,
                       const Tensor& output) {
  for (const Tensor* input : inputs)
    if (!broadcasts_to(*input, output))
      return invalid_op(view, "input shape %s does not broadcast to the output's %s",
                        shape_text(input->shape).c_str(), shape_text(output.shape).c_str());
  for (int i = 0; i < output.shape.rank; ++i) {
    const int32_t dim = output.shape[output.shape.rank - 1 - i];
    bool found = false;
    for (const Tensor* input : inputs)
      found = found || (i < input->shape.rank && input->shape[input->shape.rank - 1 - i] == dim);
    if (!found)
      return invalid_op(view, "output shape %s is not the broadcast of the inputs",
                        shape_text(output.shape).c_str());
  }
  return Status();
}

}  // namespace octet
