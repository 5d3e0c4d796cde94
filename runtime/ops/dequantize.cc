// SPDX-License-Identifier: Apache-2.0
//
// Dequantize: s8 or s16 -> f32 of the same shape; kernels/dequantize_s8_f32.h, boundary_s16.h.
#include "kernels/boundary_s16.h"
#include "kernels/dequantize_s8_f32.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class DequantizeOp final : public Op {
 public:
  DequantizeOp(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        dequantize_{input_->scale, input_->zero_point},
        kernel_(kernels::dequantize_s8_f32_kernels().best(context.cpu)) {}

  void run(const RunContext& context) override {
    parallel_for(
        context, output_->shape.elements(), minimum_items(5), [&](size_t first, size_t last, size_t) {
          kernel_.run(dequantize_, input_->as<int8_t>() + first, output_->as<float>() + first, last - first);
        });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  const kernels::DequantizeS8F32 dequantize_;
  const kernels::KernelRow<kernels::DequantizeS8F32Function>& kernel_;
};

}  // namespace

// Checks: one s8 or s16 input with a scale, one f32 output, same shape.
Status validate_dequantize(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  if (!view.input(0)->is_s16())
    OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "input", schema::TensorType_S8));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", schema::TensorType_F32));
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", view.input(0)->shape));
  if (view.input(0)->scale == 0) return invalid(view, "the input has no scale");
  return Status();
}

Status prepare_dequantize(const OpView& view, PrepareContext* context, OpPointer* op) {
  if (!view.input(0)->is_s16()) {
    op->reset(new DequantizeOp(view, *context));
    return Status();
  }
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  return make_op(
      "dequantize_s16_f32",
      [=](const RunContext& run) {
        parallel_for(run, output->shape.elements(), minimum_items(6), [&](size_t first, size_t last, size_t) {
          kernels::dequantize_s16_f32(input->scale, input->as<int16_t>() + first, output->as<float>() + first,
                                      last - first);
        });
      },
      op);
}

}  // namespace octet
