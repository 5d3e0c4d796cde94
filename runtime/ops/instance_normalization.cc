// SPDX-License-Identifier: Apache-2.0
//
// InstanceNormalization and GroupNormalization: x [N, ..., C], scale, bias; f32; channels last.
#include <cmath>

#include "kernels/portable/normalization_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// Checks: three inputs and one output, f32; rank at least 2; output of x's shape; options present;
// epsilon finite and not negative; no picture without pixels.
Status check_channel_norm(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {3, 3, 1, 1}));
  const auto* options = view.options<schema::NormalizationOptions>();
  if (!options) return invalid_op(view, "no NormalizationOptions");
  for (const Tensor* input : view.inputs)
    OCTET_RETURN_IF_ERROR(check_type(view, *input, "input", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_rank(view, *view.input(0), "input", 2, kMaxRank));
  OCTET_RETURN_IF_ERROR(check_same_shape(view, *view.output(0), "output", *view.input(0)));
  if (view.input(0)->bytes == 0) return invalid_op(view, "the input is empty");
  if (!std::isfinite(options->epsilon()) || options->epsilon() < 0)
    return invalid_op(view, "epsilon %g; must be at least 0", options->epsilon());
  return Status();
}

Status prepare_channel_norm(const OpView& view, size_t groups, const char* name, OpPointer* op) {
  const Shape& shape = view.input(0)->shape;
  kernels::GroupNormF32 norm = {};
  norm.batch = static_cast<size_t>(shape[0]);
  norm.pixels = shape.elements(1, shape.rank - 1);
  norm.channels = static_cast<size_t>(shape[shape.rank - 1]);
  norm.groups = groups;
  norm.epsilon = view.options<schema::NormalizationOptions>()->epsilon();
  norm.scale_per_group = view.input(1)->shape.elements() != norm.channels;
  const size_t items = kernels::group_norm_f32_items(norm);
  const size_t minimum = items_per_thread(4 * view.input(0)->shape.elements() / items);
  const Tensor *x = view.input(0), *scale = view.input(1), *bias = view.input(2);
  Tensor* output = view.output(0);
  return make_op(
      name,
      [=](const RunContext& run) {
        const kernels::LayerNormOperands at = {x->as<float>(), scale->as<float>(), bias->as<float>(),
                                               output->as<float>()};
        parallel_for(run, items, minimum, [&](size_t first, size_t last, size_t) {
          kernels::group_norm_f32(norm, at, first, last);
        });
      },
      op);
}

// scale and bias of one shape: [entries of channels] or, with groups, [groups].
Status check_scales(const OpView& view, int64_t channels, int64_t groups) {
  const int64_t entries = static_cast<int64_t>(view.input(1)->shape.elements());
  if (entries != channels && entries != groups)
    return invalid_op(view, "scale has %lld elements; must be %lld", static_cast<long long>(entries),
                      static_cast<long long>(channels));
  if (view.input(2)->shape.elements() != view.input(1)->shape.elements())
    return invalid_op(view, "bias has %zu elements; must be %lld", view.input(2)->shape.elements(),
                      static_cast<long long>(entries));
  return Status();
}

}  // namespace

// Checks: check_channel_norm; scale and bias with one entry per channel.
Status validate_instance_normalization(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_channel_norm(view));
  const Shape& shape = view.input(0)->shape;
  return check_scales(view, shape[shape.rank - 1], shape[shape.rank - 1]);
}

Status prepare_instance_normalization(const OpView& view, PrepareContext*, OpPointer* op) {
  const Shape& shape = view.input(0)->shape;
  return prepare_channel_norm(view, static_cast<size_t>(shape[shape.rank - 1]), "instance_norm_f32_portable",
                              op);
}

// Checks: check_channel_norm; groups divide the channels; scale and bias with one entry per channel, or
// one per group.
Status validate_group_normalization(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_channel_norm(view));
  const Shape& shape = view.input(0)->shape;
  const int32_t groups = view.options<schema::NormalizationOptions>()->groups();
  const int32_t channels = shape[shape.rank - 1];
  if (groups < 1 || channels % groups != 0)
    return invalid_op(view, "groups %d; must divide the %d channels", groups, channels);
  return check_scales(view, channels, groups);
}

Status prepare_group_normalization(const OpView& view, PrepareContext*, OpPointer* op) {
  const size_t groups = static_cast<size_t>(view.options<schema::NormalizationOptions>()->groups());
  return prepare_channel_norm(view, groups, "group_norm_f32_portable", op);
}

}  // namespace octet
