// SPDX-License-Identifier: Apache-2.0
//
// MaxPool2D on s8; kernels/max_pool_s8.h.
#include "kernels/max_pool_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class MaxPoolS8Op final : public Op {
 public:
  MaxPoolS8Op(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::max_pool_s8_kernels().best(context.cpu)) {
    const OutputRange range = output_range(view.options<schema::Pool2DOptions>()->requantization());
    pool_ = {pool_geometry(view), range.min, range.max};
  }

  void run(const RunContext& context) override {
    const kernels::Pool2D& g = pool_.geometry;
    const size_t row_bytes = g.x.output * g.channels * g.y.kernel * g.x.kernel;
    if (output_->bytes == 0) return;
    parallel_for(context, g.batch * g.y.output, minimum_items(row_bytes),
                 [&](size_t first, size_t last, size_t) {
                   kernel_.run(pool_, input_->as<int8_t>(), output_->as<int8_t>(), first, last);
                 });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::MaxPoolS8 pool_ = {};
  const kernels::KernelRow<kernels::MaxPoolS8Function>& kernel_;
};

}  // namespace

Status prepare_max_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new MaxPoolS8Op(view, *context));
  return Status();
}

}  // namespace octet
