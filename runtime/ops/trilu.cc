// SPDX-License-Identifier: Apache-2.0
//
// Trilu: the upper or lower triangle of the last two axes; any type but s8 (whose zero is not byte 0).
#include "kernels/portable/sequence_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: one input and one output of one shape and type, of rank at least 2, not s8; options present.
Status validate_trilu(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 1, 1}));
  if (!view.options<schema::TriluOptions>()) return invalid_op(view, "no TriluOptions");
  const Tensor &input = *view.input(0), &output = *view.output(0);
  if (input.is_s8()) return invalid_op(view, "Trilu of s8 is not defined");
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {input.type}));
  OCTET_RETURN_IF_ERROR(check_rank(view, input, "input", 2, kMaxRank));
  return check_same_shape(view, output, "output", input);
}

Status prepare_trilu(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::TriluOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const Shape& shape = input->shape;
  kernels::Trilu trilu = {};
  trilu.matrices = shape.elements(0, shape.rank - 2);
  trilu.rows = static_cast<size_t>(shape[shape.rank - 2]);
  trilu.columns = static_cast<size_t>(shape[shape.rank - 1]);
  trilu.k = options.k();
  trilu.upper = options.upper();
  trilu.element_bytes = element_bytes(input->type);
  return make_op(
      "trilu_portable", [=](const RunContext&) { kernels::trilu(trilu, input->data, output->data); }, op);
}

}  // namespace octet
