// SPDX-License-Identifier: Apache-2.0
//
// Operators whose result is known at conversion: all shapes are static.
#include <algorithm>
#include <cmath>

#include "converter/onnx_import/handlers.h"
#include "converter/onnx_import/read_tensor.h"

namespace octet::converter {

void import_constant(OnnxOp& op) {
  const std::string& name = op.proto().output(0);
  if (const onnx::TensorProto* tensor = op.tensor("value")) {
    onnx::TensorProto named = *tensor;
    if (named.name().empty()) named.set_name(name);
    return op.output(0, op.emit_constant(read_tensor(named, "constant")));
  }
  const auto floats = op.numbers("value_floats");
  const auto ints = op.integers("value_ints");
  if (op.has("value_float")) return op.output(0, op.emit_scalar(op.number("value_float", 0)));
  if (op.has("value_int")) return op.output(0, op.emit_constant(make_s64({}, {op.integer("value_int", 0)})));
  if (op.has("value_floats"))
    return op.output(0, op.emit_constant(make_f32({static_cast<int64_t>(floats.size())}, floats)));
  if (op.has("value_ints"))
    return op.output(0, op.emit_constant(make_s64({static_cast<int64_t>(ints.size())}, ints)));
  op.unsupported("a constant that is a string or sparse");
}

namespace {

constexpr int64_t kLargest = int64_t{1} << 28;

void check_total(OnnxOp& op, const Dims& shape) {
  int64_t total = 1;
  for (int64_t dim : shape) {
    if (dim < 0) op.fail("negative dimension in " + shape_text(shape));
    if (dim > 0 && total > kLargest / dim) op.fail("shape " + shape_text(shape) + " is too large");
    total *= dim;
  }
}

}  // namespace

void import_constant_of_shape(OnnxOp& op) {
  const Dims shape = op.static_integers(0, "shape");
  check_total(op, shape);
  Constant element = make_f32({1}, {0});
  if (const onnx::TensorProto* tensor = op.tensor("value")) element = read_tensor(*tensor, "value");
  if (element.elements() != 1) op.fail("value must hold one element");
  op.output(0, op.emit_constant(broadcast_to(reshape(std::move(element), {}), shape)));
}

void import_shape(OnnxOp& op) {
  const Dims shape = op.shape(0);
  const int64_t rank = static_cast<int64_t>(shape.size());
  const auto clamp = [rank](int64_t i) { return std::max<int64_t>(0, std::min(rank, i < 0 ? i + rank : i)); };
  const int64_t start = clamp(op.integer("start", 0)), end = std::max(start, clamp(op.integer("end", rank)));
  op.output(0, op.emit_constant(make_s64({end - start}, Dims(shape.begin() + start, shape.begin() + end))));
}

void import_size(OnnxOp& op) { op.output(0, op.emit_constant(make_s64({}, {element_count(op.shape(0))}))); }

void import_range(OnnxOp& op) {
  const TensorType type = op.element_type(0);
  double bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    const auto values = to_doubles(op.constant(i, "start, limit and delta"));
    if (values.size() != 1) op.fail("start, limit and delta must be scalars");
    bounds[i] = values[0];
  }
  if (bounds[2] == 0) op.fail("delta is 0");
  const double steps = std::max(0.0, std::ceil((bounds[1] - bounds[0]) / bounds[2]));
  if (!(steps < static_cast<double>(kLargest))) op.fail("the range is too long");
  const int64_t count = static_cast<int64_t>(steps);
  check_total(op, {count});
  std::vector<double> data(static_cast<size_t>(count));
  for (size_t i = 0; i < data.size(); ++i) data[i] = bounds[0] + static_cast<double>(i) * bounds[2];
  op.output(0, op.emit_constant(from_doubles(type, {count}, data)));
}

void import_eye_like(OnnxOp& op) {
  const Dims shape = op.shape(0);
  if (shape.size() != 2) op.fail("input of rank " + std::to_string(shape.size()) + "; must be 2");
  check_total(op, shape);
  TensorType type = op.element_type(0);
  const int64_t onnx_type = op.integer("dtype", 0), k = op.integer("k", 0);
  if (onnx_type != 0 && !tensor_type(static_cast<int>(onnx_type), &type)) op.unsupported("this dtype");
  std::vector<int64_t> data(static_cast<size_t>(element_count(shape)), 0);
  for (int64_t row = 0; row < shape[0]; ++row)
    if (row + k >= 0 && row + k < shape[1]) data[static_cast<size_t>(row * shape[1] + row + k)] = 1;
  op.output(0, op.emit_constant(from_integers(type, shape, data)));
}

void import_non_zero(OnnxOp& op) {
  const Constant& input = op.constant(0, "input (its non-zero count decides a shape)");
  const std::vector<double> values = to_doubles(input);
  const Dims strides = row_major_strides(input.shape);
  std::vector<int64_t> found;
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] != 0) found.push_back(static_cast<int64_t>(i));
  std::vector<int64_t> data;
  for (size_t axis = 0; axis < strides.size(); ++axis)
    for (int64_t at : found) data.push_back(at / strides[axis] % input.shape[axis]);
  op.output(0, op.emit_constant(make_s64(
                   {static_cast<int64_t>(strides.size()), static_cast<int64_t>(found.size())}, data)));
}

// An If whose condition is known is the branch it takes.
void import_if(OnnxOp& op) {
  if (!op.is_constant(0)) op.unsupported("a condition that is computed from the network's input");
  const bool taken = op.static_integer(0, "condition") != 0;
  const onnx::GraphProto* branch = op.subgraph(taken ? "then_branch" : "else_branch");
  if (branch == nullptr) op.fail("a branch is missing");
  Scope inner;
  inner.outer = op.scope();
  inner.opsets = op.scope()->opsets;
  inner.attributes = op.scope()->attributes;
  op.importer().import_initializers(*branch, &inner);
  op.importer().import_nodes(branch->node(), &inner);
  for (int i = 0; i < branch->output_size(); ++i) {
    const ValueId value = inner.find(branch->output(i).name());
    if (value == kNoValue) op.fail("branch output '" + branch->output(i).name() + "' is written by no node");
    op.output(static_cast<size_t>(i), value);
  }
}

}  // namespace octet::converter
