// SPDX-License-Identifier: Apache-2.0
//
// Where: output = condition ? x : y, any element type, numpy broadcasting.
#include "kernels/portable/elementwise_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

// Checks: three inputs and one output; a bool condition; x, y and output of one type, and where that is
// s8 of one scale and zero point; the output has the broadcast shape.
Status validate_where(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {3, 3, 1, 1}));
  const Tensor &x = *view.input(1), &y = *view.input(2), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "condition", {schema::TensorType_BOOL}));
  OCTET_RETURN_IF_ERROR(check_type(view, y, "y", {x.type}));
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {x.type}));
  for (const Tensor* side : {&x, &y})
    if (side->is_quantized() && (side->scale != output.scale || side->zero_point != output.zero_point))
      return invalid_op(view, "scale %g, zero point %d of '%s'; must be the output's %g, %d", side->scale,
                        side->zero_point, side->name, output.scale, output.zero_point);
  return check_broadcast(view, {view.input(0), &x, &y}, output);
}

Status prepare_where(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor *condition = view.input(0), *x = view.input(1), *y = view.input(2);
  Tensor* output = view.output(0);
  const kernels::Dims operands[] = {kernel_dims(*condition), kernel_dims(*x), kernel_dims(*y)};
  const kernels::Broadcast broadcast = kernels::make_broadcast(kernel_dims(*output), operands, 3);
  const size_t elements = output->shape.elements(), bytes = element_bytes(output->type);
  return make_op(
      "where_portable",
      [=](const RunContext& run) {
        const kernels::WhereOperands at = {condition->as<uint8_t>(), x->data, y->data, output->data};
        parallel_for(run, elements, kElementsPerThread, [&](size_t first, size_t last, size_t) {
          kernels::where(broadcast, bytes, at, first, last);
        });
      },
      op);
}

}  // namespace octet
