// SPDX-License-Identifier: Apache-2.0
//
// Tile: the input repeated repeats[i] times along axis i; any element type.
#include "runtime/ops/copy_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: one input, one output of the same type, quantization and rank; TileOptions with one repeat
// (>= 0) per axis; the output's lengths are the input's times the repeats.
Status validate_tile(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, input, output));
  OCTET_RETURN_IF_ERROR(check_rank(view, output, "output", input.shape.rank));
  const auto* options = view.options<schema::TileOptions>();
  if (options == nullptr) return invalid(view, "no TileOptions");
  const int rank = input.shape.rank;
  if (vector_length(options->repeats()) != static_cast<size_t>(rank))
    return invalid(view, "%zu repeats; must be %d", vector_length(options->repeats()), rank);
  for (int i = 0; i < rank; ++i) {
    const int64_t repeats = options->repeats()->Get(static_cast<uint32_t>(i));
    if (repeats < 0 || repeats * input.shape[i] != output.shape[i])
      return invalid(view, "axis %d: %d repeated %lld times; the output has %d", i, input.shape[i],
                     static_cast<long long>(repeats), output.shape[i]);
  }
  return Status();
}

// Each axis is two dimensions of the copy: the repeat, which does not move in the input, and the element.
Status prepare_tile(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& input = *view.input(0);
  Tensor* output = view.output(0);
  const auto* repeats = view.options<schema::TileOptions>()->repeats();  // may be absent for a scalar
  const Strides from = row_major_strides(input.shape), to = row_major_strides(output->shape);
  CopyOp::Piece piece{&input, element_copy(input)};
  for (int i = 0; i < input.shape.rank; ++i) {
    add_dimension(&piece.copy, static_cast<size_t>(repeats->Get(static_cast<uint32_t>(i))), 0,
                  to.of[i] * input.shape[i]);
    add_dimension(&piece.copy, static_cast<size_t>(input.shape[i]), from.of[i], to.of[i]);
  }
  op->reset(new CopyOp(output, {piece}));
  return Status();
}

}  // namespace octet
