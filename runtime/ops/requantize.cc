// SPDX-License-Identifier: Apache-2.0
//
// Requantize: s8 -> s16, s16 -> s8, s16 -> s16 of another scale; kernels/requantize_s16.h.
#include "kernels/requantize_s16.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::RequantizeS16 parameters(const OpView& view) {
  const Tensor &input = *view.input(0), &output = *view.output(0);
  const auto& r = *view.options<schema::RequantizeOptions>()->requantization();
  const OutputRange range = output_range(&r, output.type);
  return {input.is_s16(),         output.is_s16(),         input.zero_point, output.zero_point,
          r.multiplier()->Get(0), r.right_shift()->Get(0), range.min,        range.max};
}

class RequantizeOp final : public Op {
 public:
  RequantizeOp(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        parameters_(parameters(view)),
        kernel_(kernels::requantize_s16_kernels().best(context.cpu)) {}

  void run(const RunContext& context) override {
    const size_t from = element_bytes(input_->type), to = element_bytes(output_->type);
    parallel_for(context, output_->shape.elements(), minimum_items(from + to),
                 [&](size_t first, size_t last, size_t) {
                   kernel_.run(parameters_, input_->as<uint8_t>() + first * from,
                               output_->as<uint8_t>() + first * to, last - first);
                 });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  const kernels::RequantizeS16 parameters_;
  const kernels::KernelRow<kernels::RequantizeS16Function>& kernel_;
};

}  // namespace

// Checks: one input and one output of the same shape, s8 or s16 and not both s8; RequantizeOptions with a
// requantization of one entry.
Status validate_requantize(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  if (!input.is_quantized() || !output.is_quantized() || (input.is_s8() && output.is_s8()))
    return invalid(view, "%s -> %s; must be S8 -> S16, S16 -> S8 or S16 -> S16", type_text(input),
                   type_text(output));
  OCTET_RETURN_IF_ERROR(check_shape(view, output, "output", input.shape));
  const auto* options = view.options<schema::RequantizeOptions>();
  if (options == nullptr) return invalid(view, "no RequantizeOptions");
  return check_requantization_entries(view, options->requantization(), 1);
}

Status prepare_requantize(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new RequantizeOp(view, *context));
  return Status();
}

}  // namespace octet
