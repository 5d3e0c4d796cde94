// SPDX-License-Identifier: Apache-2.0
//
// Softmax of s8, written as s8 or f32; kernels/softmax_s8.h.
#include "kernels/softmax_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class SoftmaxS8Op final : public Op {
 public:
  SoftmaxS8Op(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::softmax_s8_kernels().best(context.cpu)) {
    const auto& options = *view.options<schema::SoftmaxOptions>();
    softmax_ = {static_cast<size_t>(input_->shape[input_->shape.rank - 1]), options.exp_table()->data(),
                options.output_multiplier(), output_->zero_point, output_->is_f32()};
  }

  void run(const RunContext& context) override {
    const size_t columns = softmax_.columns;
    const size_t rows = columns == 0 ? 0 : input_->bytes / columns;
    parallel_for(context, rows, minimum_items(8 * columns), [&](size_t first, size_t last, size_t) {
      kernel_.run(softmax_, input_->as<int8_t>() + first * columns,
                  output_->as<uint8_t>() + first * columns * element_bytes(output_->type), last - first);
    });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::SoftmaxS8 softmax_ = {};
  const kernels::KernelRow<kernels::SoftmaxS8Function>& kernel_;
};

}  // namespace

Status prepare_softmax_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new SoftmaxS8Op(view, *context));
  return Status();
}

}  // namespace octet
