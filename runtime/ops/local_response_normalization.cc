// SPDX-License-Identifier: Apache-2.0
//
// LocalResponseNormalization over the last axis, and LpNormalization along any axis; f32.
#include "kernels/portable/normalization_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// Checks: one input and one output, f32, of one shape and rank at least 1.
Status check_one_to_one(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 1, 1}));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "input", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_rank(view, *view.input(0), "input", 1, kMaxRank));
  return check_same_shape(view, *view.output(0), "output", *view.input(0));
}

}  // namespace

// Checks: check_one_to_one; options present; size in [1, 65536].
Status validate_local_response_normalization(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_one_to_one(view));
  const auto* options = view.options<schema::LocalResponseNormalizationOptions>();
  if (!options) return invalid_op(view, "no LocalResponseNormalizationOptions");
  return check_value(view, "size", options->size(), 1, 65536);
}

Status prepare_local_response_normalization(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& o = *view.options<schema::LocalResponseNormalizationOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const Shape& shape = input->shape;
  const kernels::LocalResponseNormF32 norm = {static_cast<size_t>(shape[shape.rank - 1]),
                                              static_cast<size_t>(o.size()), o.alpha(), o.beta(), o.bias()};
  const size_t rows = norm.channels == 0 ? 0 : shape.elements(0, shape.rank - 1);
  const size_t minimum = items_per_thread(16 * norm.channels);
  return make_op(
      "local_response_norm_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, rows, minimum, [&](size_t first, size_t last, size_t) {
          kernels::local_response_norm_f32(norm, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

// Checks: check_one_to_one; options present; axis in range; p 1 or 2.
Status validate_lp_normalization(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_one_to_one(view));
  const auto* options = view.options<schema::NormalizationOptions>();
  if (!options) return invalid_op(view, "no NormalizationOptions");
  OCTET_RETURN_IF_ERROR(check_value(view, "axis", options->axis(), 0, view.input(0)->shape.rank - 1));
  return check_value(view, "p", options->p(), 1, 2);
}

Status prepare_lp_normalization(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& o = *view.options<schema::NormalizationOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const AxisSplit split = split_at_axis(input->shape, o.axis());
  const kernels::LpNormF32 norm = {split.outer, split.size, split.inner, o.p()};
  const size_t vectors = split.outer * split.inner;
  return make_op(
      "lp_norm_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, vectors, items_per_thread(norm.size), [&](size_t first, size_t last, size_t) {
          kernels::lp_norm_f32(norm, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
