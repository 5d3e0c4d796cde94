// SPDX-License-Identifier: Apache-2.0
//
// Reductions, ArgMax / ArgMin, Softmax.
#include <algorithm>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

void import_reduce(OnnxOp& op) {
  const int64_t rank = op.rank(0);
  const int input_since = op.type() == "ReduceSum" ? 13 : 18;  // when axes became an input
  const int64_t keep = op.integer("keepdims", 1);
  std::vector<int64_t> axes = op.integers("axes");
  if (op.opset() >= input_since)
    axes = op.has_input(1) ? op.static_integers(1, "axes") : std::vector<int64_t>{};
  if (axes.empty()) {
    if (op.integer("noop_with_empty_axes", 0) != 0) return op.output(0, op.input(0));
    for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  }
  for (int64_t& axis : axes) axis = op.axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  const std::string kind = op.type().substr(std::string("Reduce").size());
  op.output(0, op.emit("Reduce", {op.input(0)}, {{"kind", kind}, {"axes", axes}, {"keepdims", keep}}));
}

void import_arg_reduce(OnnxOp& op) {
  const int64_t axis = op.axis(op.integer("axis", 0), op.rank(0));
  op.output(0, op.emit(op.type(), {op.input(0)},
                       {{"axis", axis},
                        {"keepdims", op.integer("keepdims", 1)},
                        {"select_last_index", op.integer("select_last_index", 0)}}));
}

// Before opset 13 the input was flattened to 2-D at `axis` and the whole row was one distribution.
ValueId emit_softmax(OnnxOp& op, const std::string& type, ValueId x, int64_t axis, bool flattens) {
  const Dims shape = op.value(x).shape;
  const int64_t behind = element_count(Dims(shape.begin() + axis + 1, shape.end()));
  if (!flattens || behind == 1) return op.emit(type, {x}, {{"axis", axis}});
  const int64_t rows = element_count(Dims(shape.begin(), shape.begin() + axis));
  const ValueId flat = op.emit_reshape(x, {rows, behind * shape[static_cast<size_t>(axis)]});
  return op.emit_reshape(op.emit(type, {flat}, {{"axis", int64_t{1}}}), shape);
}

void import_softmax(OnnxOp& op) {
  const bool flattens = op.opset() < 13;
  const int64_t axis = op.axis(op.integer("axis", flattens ? 1 : -1), op.rank(0));
  op.output(0, emit_softmax(op, op.type(), op.input(0), axis, flattens));
}

}  // namespace octet::converter
