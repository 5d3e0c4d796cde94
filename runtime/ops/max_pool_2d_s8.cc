// SPDX-License-Identifier: Apache-2.0
//
// MaxPool2D on s8; kernels/max_pool_s8.h.
#include "kernels/max_pool_s8.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"
#include "runtime/ops/pool_s8_op.h"

namespace octet {

Status prepare_max_pool_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  const OutputRange range = output_range(view.options<schema::Pool2DOptions>()->requantization());
  const kernels::MaxPoolS8 pool = {pool_geometry(view), range.min, range.max};
  op->reset(new PoolS8Op(view, pool, kernels::max_pool_s8_kernels().best(context->cpu)));
  return Status();
}

}  // namespace octet
