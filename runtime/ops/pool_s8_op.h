// SPDX-License-Identifier: Apache-2.0
//
// The s8 pooling operators at run time: AveragePool2D and MaxPool2D differ only
// in the parameters of their kernels.
#pragma once

#include "kernels/average_pool_s8.h"
#include "kernels/kernel_row.h"
#include "kernels/pool_2d.h"
#include "runtime/op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/parallel.h"

namespace octet {

// The kernel's parameters for a valid AveragePool2D of s8 or s16.
kernels::AveragePoolS8 average_pool_parameters(const OpView& view);

// Runs `row` on output rows split over threads. Pool has a field `geometry` and is the kernel's parameters.
template <class Pool, class Function>
class PoolS8Op final : public Op {
 public:
  PoolS8Op(const OpView& view, const Pool& pool, const kernels::KernelRow<Function>& row)
      : input_(view.input(0)), output_(view.output(0)), pool_(pool), row_(row) {}

  void run(const RunContext& context) override {
    const kernels::Pool2D& g = pool_.geometry;
    const size_t row_bytes = g.x.output * g.channels * g.y.kernel * g.x.kernel;
    if (output_->bytes == 0) return;
    parallel_for(context, g.batch * g.y.output, minimum_items(row_bytes),
                 [&](size_t first, size_t last, size_t) {
                   row_.run(pool_, input_->as<int8_t>(), output_->as<int8_t>(), first, last);
                 });
  }
  const char* kernel_name() const override { return row_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  Pool pool_;
  const kernels::KernelRow<Function>& row_;
};

}  // namespace octet
