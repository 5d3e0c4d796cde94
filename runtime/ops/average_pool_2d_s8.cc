// SPDX-License-Identifier: Apache-2.0
//
// AveragePool2D on s8; kernels/average_pool_s8.h.
#include "kernels/average_pool_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"
#include "runtime/ops/pool_s8_op.h"

namespace octet {

kernels::AveragePoolS8 average_pool_parameters(const OpView& view) {
  const auto& options = *view.options<schema::Pool2DOptions>();
  const OutputRange range = output_range(options.requantization(), view.output(0)->type);
  kernels::AveragePoolS8 pool = {};
  pool.geometry = pool_geometry(view);
  pool.count_include_pad = options.count_include_pad();
  pool.counts = options.counts()->data();
  pool.multiplier = options.requantization()->multiplier()->data();
  pool.right_shift = options.requantization()->right_shift()->data();
  pool.entries = options.counts()->size();
  pool.input_zero_point = view.input(0)->zero_point;
  pool.output_zero_point = view.output(0)->zero_point;
  pool.output_min = range.min;
  pool.output_max = range.max;
  return pool;
}

Status prepare_average_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new PoolS8Op(view, average_pool_parameters(view),
                         kernels::average_pool_s8_kernels().best(context->cpu)));
  return Status();
}

}  // namespace octet
