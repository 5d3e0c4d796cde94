// SPDX-License-Identifier: Apache-2.0
//
// Expand: numpy broadcasting of one tensor to the output's shape; any element type.
#include "runtime/ops/copy_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: one input, one output of the same type and quantization; aligned at the last axis, each of the
// input's lengths is 1 or the output's.
Status validate_expand(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, *view.input(0), *view.output(0)));
  const Shape &from = view.input(0)->shape, &to = view.output(0)->shape;
  bool fits = from.rank <= to.rank;
  for (int i = 1; fits && i <= from.rank; ++i)
    fits = from[from.rank - i] == 1 || from[from.rank - i] == to[to.rank - i];
  if (fits) return Status();
  return invalid(view, "%s does not broadcast to %s", shape_text(from).c_str(), shape_text(to).c_str());
}

Status prepare_expand(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& input = *view.input(0);
  Tensor* output = view.output(0);
  const Strides from = row_major_strides(input.shape), to = row_major_strides(output->shape);
  CopyOp::Piece piece{&input, element_copy(input)};
  for (int i = 0; i < output->shape.rank; ++i) {
    const int k = i - (output->shape.rank - input.shape.rank);  // the input's axis
    const bool repeated = k < 0 || input.shape[k] == 1;
    add_dimension(&piece.copy, static_cast<size_t>(output->shape[i]), repeated ? 0 : from.of[k], to.of[i]);
  }
  op->reset(new CopyOp(output, {piece}));
  return Status();
}

}  // namespace octet
