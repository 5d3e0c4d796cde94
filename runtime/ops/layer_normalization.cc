// SPDX-License-Identifier: Apache-2.0
//
// LayerNormalization: x, scale, bias (optional); f32; over the axes from `axis` to the last.
#include <cmath>

#include "kernels/portable/normalization_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

// Checks: two or three inputs and one output, f32; axis in range; output of x's shape; scale and bias
// have as many elements as the normalized axes; epsilon finite and not negative.
Status validate_layer_normalization(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {2, 3, 1, 1}));
  const auto* options = view.options<schema::NormalizationOptions>();
  if (!options) return invalid_op(view, "no NormalizationOptions");
  const Tensor &x = *view.input(0), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_type(view, x, "input", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_same_shape(view, output, "output", x));
  OCTET_RETURN_IF_ERROR(check_value(view, "axis", options->axis(), 0, x.shape.rank - 1));
  const size_t size = x.shape.elements(options->axis(), x.shape.rank);
  for (size_t i = 1; i < 3; ++i) {
    if (!view.input(i)) continue;
    const char* what = i == 1 ? "scale" : "bias";
    OCTET_RETURN_IF_ERROR(check_type(view, *view.input(i), what, {schema::TensorType_F32}));
    if (view.input(i)->shape.elements() != size)
      return invalid_op(view, "%s has %zu elements; must be %zu", what, view.input(i)->shape.elements(),
                        size);
  }
  if (!std::isfinite(options->epsilon()) || options->epsilon() < 0)
    return invalid_op(view, "epsilon %g; must be at least 0", options->epsilon());
  return Status();
}

Status prepare_layer_normalization(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::NormalizationOptions>();
  const Shape& shape = view.input(0)->shape;
  const kernels::LayerNormF32 norm = {shape.elements(options.axis(), shape.rank), options.epsilon()};
  const size_t rows = shape.elements(0, options.axis());
  const Tensor *x = view.input(0), *scale = view.input(1), *bias = view.input(2);
  Tensor* output = view.output(0);
  return make_op(
      "layer_norm_f32_portable",
      [=](const RunContext& run) {
        const kernels::LayerNormOperands at = {x->as<float>(), scale->as<float>(),
                                               bias ? bias->as<float>() : nullptr, output->as<float>()};
        parallel_for(run, rows, items_per_thread(4 * norm.size), [&](size_t first, size_t last, size_t) {
          kernels::layer_norm_f32(norm, at, first, last);
        });
      },
      op);
}

}  // namespace octet
