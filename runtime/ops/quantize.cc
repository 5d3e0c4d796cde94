// SPDX-License-Identifier: Apache-2.0
//
// Quantize: x f32 -> s8 or s16 of the same shape; kernels/quantize_f32_s8.h, boundary_s16.h.
#include <cmath>

#include "kernels/boundary_s16.h"
#include "kernels/quantize_f32_s8.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class QuantizeOp final : public Op {
 public:
  QuantizeOp(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        quantize_{view.options<schema::QuantizeOptions>()->inv_scale(), output_->zero_point},
        kernel_(kernels::quantize_f32_s8_kernels().best(context.cpu)) {}

  void run(const RunContext& context) override {
    parallel_for(
        context, output_->shape.elements(), minimum_items(5), [&](size_t first, size_t last, size_t) {
          kernel_.run(quantize_, input_->as<float>() + first, output_->as<int8_t>() + first, last - first);
        });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  const kernels::QuantizeF32S8 quantize_;
  const kernels::KernelRow<kernels::QuantizeF32S8Function>& kernel_;
};

}  // namespace

// Checks: one f32 input, one s8 or s16 output, same shape; QuantizeOptions with inv_scale finite and
// positive.
Status validate_quantize(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "input", schema::TensorType_F32));
  if (!view.output(0)->is_s16())
    OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", schema::TensorType_S8));
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", view.input(0)->shape));
  const auto* options = view.options<schema::QuantizeOptions>();
  if (options == nullptr) return invalid(view, "no QuantizeOptions");
  if (!std::isfinite(options->inv_scale()) || options->inv_scale() <= 0)
    return invalid(view, "inv_scale %g; must be finite and positive",
                   static_cast<double>(options->inv_scale()));
  return Status();
}

Status prepare_quantize(const OpView& view, PrepareContext* context, OpPointer* op) {
  if (!view.output(0)->is_s16()) {
    op->reset(new QuantizeOp(view, *context));
    return Status();
  }
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const float inv_scale = view.options<schema::QuantizeOptions>()->inv_scale();
  return make_op(
      "quantize_f32_s16",
      [=](const RunContext& run) {
        parallel_for(run, output->shape.elements(), minimum_items(6), [&](size_t first, size_t last, size_t) {
          kernels::quantize_f32_s16(inv_scale, input->as<float>() + first, output->as<int16_t>() + first,
                                    last - first);
        });
      },
      op);
}

}  // namespace octet
