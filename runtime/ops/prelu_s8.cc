// SPDX-License-Identifier: Apache-2.0
//
// PRelu on s8; kernels/prelu_s8.h.
#include "kernels/prelu_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class PReluS8Op final : public Op {
 public:
  PReluS8Op(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::prelu_s8_kernels().best(context.cpu)) {
    const auto& options = *view.options<schema::PReluOptions>();
    const Shape& shape = input_->shape;
    prelu_.input_zero_point = input_->zero_point;
    prelu_.output_zero_point = output_->zero_point;
    prelu_.multiplier_positive = options.multiplier_positive();
    prelu_.multiplier_negative = options.multiplier_negative()->data();
    prelu_.negative_stride = options.multiplier_negative()->size() > 1;
    prelu_.fractional_bits = options.fractional_bits();
    prelu_.channels = shape.rank > 0 ? static_cast<size_t>(shape[shape.rank - 1]) : 1;
  }

  void run(const RunContext& context) override {
    const size_t channels = prelu_.channels;
    const size_t rows = channels == 0 ? 0 : input_->bytes / channels;
    parallel_for(context, rows, minimum_items(2 * channels), [&](size_t first, size_t last, size_t) {
      kernel_.run(prelu_, input_->as<int8_t>() + first * channels, output_->as<int8_t>() + first * channels,
                  last - first);
    });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::PReluS8 prelu_ = {};
  const kernels::KernelRow<kernels::PReluS8Function>& kernel_;
};

}  // namespace

Status prepare_prelu_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new PReluS8Op(view, *context));
  return Status();
}

}  // namespace octet
