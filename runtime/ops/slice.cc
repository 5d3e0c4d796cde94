// SPDX-License-Identifier: Apache-2.0
//
// Slice: output[i...] = input[starts + i * steps]; any element type, steps of either sign.
#include "runtime/ops/copy_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: one input, one output of the same type, quantization and rank; SliceOptions with one start and
// one step (not 0) per axis, whose first and last element lie inside the input.
Status validate_slice(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, output));
  OCTET_RETURN_IF_ERROR(check_rank(view, output, "output", input.shape.rank));
  const auto* options = view.options<schema::SliceOptions>();
  if (options == nullptr) return invalid(view, "no SliceOptions");
  const size_t rank = static_cast<size_t>(input.shape.rank);
  if (vector_length(options->starts()) != rank || vector_length(options->steps()) != rank)
    return invalid(view, "%zu starts and %zu steps; must be %zu of each", vector_length(options->starts()),
                   vector_length(options->steps()), rank);
  for (uint32_t i = 0; i < rank; ++i) {
    const int64_t start = options->starts()->Get(i), step = options->steps()->Get(i);
    const int64_t length = input.shape[static_cast<int>(i)], count = output.shape[static_cast<int>(i)];
    const int64_t last = start + (count - 1) * step;
    if (step == 0) return invalid(view, "step 0 along axis %u", i);
    if (count > 0 && (start < 0 || start >= length || last < 0 || last >= length))
      return invalid(view, "axis %u: elements %lld to %lld; the input has %lld", i,
                     static_cast<long long>(start), static_cast<long long>(last),
                     static_cast<long long>(length));
  }
  return Status();
}

Status prepare_slice(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& input = *view.input(0);
  Tensor* output = view.output(0);
  const auto& options = *view.options<schema::SliceOptions>();
  const Strides from = row_major_strides(input.shape), to = row_major_strides(output->shape);
  CopyOp::Piece piece{&input, element_copy(input)};
  for (int i = 0; i < output->shape.rank; ++i) {
    const uint32_t axis = static_cast<uint32_t>(i);
    const ptrdiff_t step =
        output->shape[i] > 1 ? options.steps()->Get(axis) : 0;  // unused where 0 or 1 remain
    add_dimension(&piece.copy, static_cast<size_t>(output->shape[i]), from.of[i] * step, to.of[i]);
    if (output->bytes > 0) piece.input_offset += from.of[i] * options.starts()->Get(axis);
  }
  op->reset(new CopyOp(output, {piece}));
  return Status();
}

}  // namespace octet
