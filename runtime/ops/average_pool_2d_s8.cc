// SPDX-License-Identifier: Apache-2.0
//
// AveragePool2D on s8; kernels/average_pool_s8.h.
#include "kernels/average_pool_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class AveragePoolS8Op final : public Op {
 public:
  AveragePoolS8Op(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::average_pool_s8_kernels().best(context.cpu)) {
    const auto& options = *view.options<schema::Pool2DOptions>();
    pool_.geometry = pool_geometry(view);
    pool_.count_include_pad = options.count_include_pad();
    pool_.counts = options.counts()->data();
    pool_.multiplier = options.requantization()->multiplier()->data();
    pool_.right_shift = options.requantization()->right_shift()->data();
    pool_.entries = options.counts()->size();
    pool_.input_zero_point = input_->zero_point;
    pool_.output_zero_point = output_->zero_point;
    pool_.output_min = options.requantization()->output_min();
    pool_.output_max = options.requantization()->output_max();
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
  kernels::AveragePoolS8 pool_ = {};
  const kernels::KernelRow<kernels::AveragePoolS8Function>& kernel_;
};

}  // namespace

Status prepare_average_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new AveragePoolS8Op(view, *context));
  return Status();
}

}  // namespace octet
