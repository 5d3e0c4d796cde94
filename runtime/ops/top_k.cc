// SPDX-License-Identifier: Apache-2.0
//
// TopK: input -> values (of the input's type), positions s64. s8 keeps its quantization.
#include "kernels/portable/sequence_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

// Checks: one input of rank at least 1 and a type that has an order; two outputs, values of the input's
// type, scale and zero point, and s64 positions; options present, axis in range, k at most the axis; both
// outputs have the input's shape with k on the axis.
Status validate_top_k(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 2, 2}));
  const auto* options = view.options<schema::TopKOptions>();
  if (!options) return invalid_op(view, "no TopKOptions");
  const Tensor &input = *view.input(0), &values = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_rank(view, input, "input", 1, kMaxRank));
  if (!kernels::select_top_k(kernel_element(input.type)))
    return invalid_op(view, "TopK of %s is not defined", schema::EnumNameTensorType(input.type));
  OCTET_RETURN_IF_ERROR(check_type(view, values, "values", {input.type}));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(1), "positions", {schema::TensorType_S64}));
  if (input.is_s8() && (values.scale != input.scale || values.zero_point != input.zero_point))
    return invalid_op(view, "values' scale %g, zero point %d; must be the input's %g, %d", values.scale,
                      values.zero_point, input.scale, input.zero_point);
  OCTET_RETURN_IF_ERROR(check_value(view, "axis", options->axis(), 0, input.shape.rank - 1));
  OCTET_RETURN_IF_ERROR(check_value(view, "k", options->k(), 0, input.shape[options->axis()]));
  Tensor expected = input;
  expected.shape.dims[options->axis()] = options->k();
  OCTET_RETURN_IF_ERROR(check_same_shape(view, values, "values", expected));
  return check_same_shape(view, *view.output(1), "positions", expected);
}

Status prepare_top_k(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::TopKOptions>();
  const Tensor* input = view.input(0);
  Tensor *values = view.output(0), *positions = view.output(1);
  const AxisSplit split = split_at_axis(input->shape, options.axis());
  const kernels::TopK top_k = {split.outer, split.size, split.inner, static_cast<size_t>(options.k()),
                               options.largest()};
  const kernels::TopKKernel kernel = kernels::select_top_k(kernel_element(input->type));
  context->scratch_bytes = kernels::top_k_scratch_bytes(top_k);
  const size_t vectors = split.outer * split.inner;
  return make_op(
      "top_k_portable",
      [=](const RunContext& run) {
        parallel_for(run, vectors, items_per_thread(8 * top_k.size),
                     [&](size_t first, size_t last, size_t thread) {
                       kernel(top_k, input->data, values->data, positions->as<int64_t>(), first, last,
                              run.scratch + thread * run.scratch_stride);
                     });
      },
      op);
}

}  // namespace octet
