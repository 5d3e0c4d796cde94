// SPDX-License-Identifier: Apache-2.0
//
// CumSum of f32, s32 and s64 along one axis.
#include "kernels/portable/sequence_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

// Checks: one input and one output of one shape and type, which is f32, s32 or s64; options present;
// axis in range.
Status validate_cum_sum(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 1, 1}));
  const auto* options = view.options<schema::CumSumOptions>();
  if (!options) return invalid_op(view, "no CumSumOptions");
  const Tensor &input = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_type(view, input, "input",
                                   {schema::TensorType_F32, schema::TensorType_S32, schema::TensorType_S64}));
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {input.type}));
  OCTET_RETURN_IF_ERROR(check_same_shape(view, output, "output", input));
  return check_value(view, "axis", options->axis(), 0, input.shape.rank - 1);
}

Status prepare_cum_sum(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::CumSumOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const AxisSplit split = split_at_axis(input->shape, options.axis());
  const kernels::CumSum cum_sum = {split.outer, split.size, split.inner, options.exclusive(),
                                   options.reverse()};
  const kernels::CumSumKernel kernel = kernels::select_cum_sum(kernel_element(input->type));
  const size_t vectors = split.outer * split.inner;
  return make_op(
      "cum_sum_portable",
      [=](const RunContext& run) {
        parallel_for(run, vectors, items_per_thread(cum_sum.size), [&](size_t first, size_t last, size_t) {
          kernel(cum_sum, input->data, output->data, first, last);
        });
      },
      op);
}

}  // namespace octet
