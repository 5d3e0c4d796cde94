// SPDX-License-Identifier: Apache-2.0
//
// Concat: the inputs one after another along an axis; any element type.
#include "runtime/ops/copy_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// `input` has the output's shape but along `axis`.
Status check_part(const OpView& view, const Tensor& input, int axis) {
  Shape expected = view.output(0)->shape;
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, *view.output(0)));
  OCTET_RETURN_IF_ERROR(check_rank(view, input, "input", expected.rank));
  expected.dims[axis] = input.shape[axis];
  return check_shape(view, input, "input", expected);
}

}  // namespace

// Checks: at least one input, all present, one output; all of one type, rank and, for s8, quantization;
// ConcatOptions with an axis in range; equal lengths but along the axis, where they add up.
Status validate_concat(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_all_operands(view, 1, view.inputs.size()));
  const auto* options = view.options<schema::ConcatOptions>();
  if (options == nullptr) return invalid(view, "no ConcatOptions");
  const Shape& output = view.output(0)->shape;
  OCTET_RETURN_IF_ERROR(check_axis(view, options->axis(), output.rank));
  int64_t sum = 0;
  for (const Tensor* input : view.inputs) {
    OCTET_RETURN_IF_ERROR(check_part(view, *input, options->axis()));
    sum += input->shape[options->axis()];
  }
  if (sum != output[options->axis()])
    return invalid(view, "inputs add up to %lld along axis %d; the output has %d",
                   static_cast<long long>(sum), options->axis(), output[options->axis()]);
  return Status();
}

Status prepare_concat(const OpView& view, PrepareContext*, OpPointer* op) {
  Tensor* output = view.output(0);
  const int axis = view.options<schema::ConcatOptions>()->axis();
  const Strides to = row_major_strides(output->shape);
  std::vector<CopyOp::Piece> pieces;
  ptrdiff_t offset = 0;
  for (const Tensor* input : view.inputs) {
    CopyOp::Piece piece{input, element_copy(*input)};
    const Strides from = row_major_strides(input->shape);
    for (int i = 0; i < input->shape.rank; ++i)
      add_dimension(&piece.copy, static_cast<size_t>(input->shape[i]), from.of[i], to.of[i]);
    piece.output_offset = offset;
    offset += input->shape[axis] * to.of[axis];
    pieces.push_back(piece);
  }
  op->reset(new CopyOp(output, pieces));
  return Status();
}

}  // namespace octet
