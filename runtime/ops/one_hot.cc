// SPDX-License-Identifier: Apache-2.0
//
// OneHot: indices, values [off, on] -> the indices' shape with `depth` inserted at `axis`.
#include "kernels/portable/sequence_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: two inputs, indices s32, s64 or f32 of rank below 8 and two values; one output of the values'
// type; options present; axis and depth in range; the output's shape. Any index is allowed: outside
// [-depth, depth) it gives only off values.
Status validate_one_hot(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {2, 2, 1, 1}));
  const auto* options = view.options<schema::OneHotOptions>();
  if (!options) return invalid_op(view, "no OneHotOptions");
  const Tensor &indices = *view.input(0), &values = *view.input(1), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_type(view, indices, "indices",
                                   {schema::TensorType_F32, schema::TensorType_S32, schema::TensorType_S64}));
  OCTET_RETURN_IF_ERROR(check_rank(view, indices, "indices", 0, kMaxRank - 1));
  if (values.shape.elements() != 2)
    return invalid_op(view, "values has %zu elements; must be 2", values.shape.elements());
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {values.type}));
  OCTET_RETURN_IF_ERROR(check_value(view, "axis", options->axis(), 0, indices.shape.rank));
  OCTET_RETURN_IF_ERROR(check_value(view, "depth", options->depth(), 0, 1 << 30));
  Tensor expected = indices;
  expected.shape.rank = indices.shape.rank + 1;
  expected.shape.dims[options->axis()] = options->depth();
  for (int i = options->axis(); i < indices.shape.rank; ++i) expected.shape.dims[i + 1] = indices.shape[i];
  return check_same_shape(view, output, "output", expected);
}

Status prepare_one_hot(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::OneHotOptions>();
  const Tensor *indices = view.input(0), *values = view.input(1);
  Tensor* output = view.output(0);
  const AxisSplit split = split_at_axis(output->shape, options.axis());
  const kernels::OneHot one_hot = {split.outer, split.size, split.inner, element_bytes(output->type)};
  const kernels::Element type = kernel_element(indices->type);
  return make_op(
      "one_hot_portable",
      [=](const RunContext&) { kernels::one_hot(one_hot, type, indices->data, values->data, output->data); },
      op);
}

}  // namespace octet
