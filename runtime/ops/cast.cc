// SPDX-License-Identifier: Apache-2.0
//
// Cast between element types; the values, not scales, are converted (see elementwise_f32.h).
#include "kernels/portable/elementwise_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

// Checks: one input and one output of one shape. Every pair of types is defined.
Status validate_cast(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 1, 1}));
  return check_same_shape(view, *view.output(0), "output", *view.input(0));
}

Status prepare_cast(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const kernels::CastKernel kernel =
      kernels::select_cast(kernel_element(input->type), kernel_element(output->type));
  const size_t elements = input->shape.elements();
  const size_t in_bytes = element_bytes(input->type), out_bytes = element_bytes(output->type);
  return make_op(
      "cast_portable",
      [=](const RunContext& run) {
        parallel_for(run, elements, kElementsPerThread, [&](size_t first, size_t last, size_t) {
          kernel(input->as<uint8_t>() + first * in_bytes, output->as<uint8_t>() + first * out_bytes,
                 last - first);
        });
      },
      op);
}

}  // namespace octet
