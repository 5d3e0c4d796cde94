// SPDX-License-Identifier: Apache-2.0
//
// Transpose: output axis i is input axis permutation[i]; any element type.
#include "runtime/ops/copy_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: one input, one output of the same type and quantization; TransposeOptions with a permutation
// of the axes; the output's shape.
Status validate_transpose(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, output));
  const auto* options = view.options<schema::TransposeOptions>();
  if (options == nullptr) return invalid(view, "no TransposeOptions");
  const int rank = input.shape.rank;
  if (vector_length(options->permutation()) != static_cast<size_t>(rank))
    return invalid(view, "permutation of %zu axes; must be %d", vector_length(options->permutation()), rank);
  bool used[kMaxRank] = {};
  Shape expected;
  expected.rank = rank;
  for (int i = 0; i < rank; ++i) {
    const int axis = options->permutation()->Get(static_cast<uint32_t>(i));
    OCTET_RETURN_IF_ERROR(check_axis(view, axis, rank));
    if (used[axis]) return invalid(view, "permutation holds axis %d twice", axis);
    used[axis] = true;
    expected.dims[i] = input.shape[axis];
  }
  return check_shape(view, output, "output", expected);
}

Status prepare_transpose(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& input = *view.input(0);
  Tensor* output = view.output(0);
  const auto* permutation =
      view.options<schema::TransposeOptions>()->permutation();  // may be absent for a scalar
  const Strides from = row_major_strides(input.shape), to = row_major_strides(output->shape);
  CopyOp::Piece piece{&input, element_copy(input)};
  for (int i = 0; i < output->shape.rank; ++i)
    add_dimension(&piece.copy, static_cast<size_t>(output->shape[i]),
                  from.of[permutation->Get(static_cast<uint32_t>(i))], to.of[i]);
  op->reset(new CopyOp(output, {piece}));
  return Status();
}

}  // namespace octet
