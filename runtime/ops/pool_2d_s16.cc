// SPDX-License-Identifier: Apache-2.0
//
// AveragePool2D and MaxPool2D on s16; kernels/pool_s16.h.
#include "kernels/pool_s16.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/pool_checks.h"
#include "runtime/ops/pool_s8_op.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// Output rows that are worth a thread.
size_t minimum_rows(const kernels::Pool2D& g) {
  return minimum_items(2 * g.x.output * g.channels * g.y.kernel * g.x.kernel);
}

}  // namespace

Status prepare_average_pool_2d_s16(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const kernels::AveragePoolS16 pool = {average_pool_parameters(view), {input->is_s16(), output->is_s16()}};
  const kernels::Pool2D& g = pool.pool.geometry;
  const size_t rows = output->bytes > 0 ? g.batch * g.y.output : 0, minimum = minimum_rows(g);
  return make_op(
      "average_pool_s16",
      [=](const RunContext& context) {
        parallel_for(context, rows, minimum, [&](size_t first, size_t last, size_t) {
          kernels::average_pool_s16(pool, input->data, output->data, first, last);
        });
      },
      op);
}

Status prepare_max_pool_2d_s16(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const OutputRange range =
      output_range(view.options<schema::Pool2DOptions>()->requantization(), output->type);
  const kernels::MaxPoolS8 pool = {pool_geometry(view), range.min, range.max};
  const size_t rows = output->bytes > 0 ? pool.geometry.batch * pool.geometry.y.output : 0;
  const size_t minimum = minimum_rows(pool.geometry);
  return make_op(
      "max_pool_s16",
      [=](const RunContext& context) {
        parallel_for(context, rows, minimum, [&](size_t first, size_t last, size_t) {
          kernels::max_pool_s16(pool, input->as<int16_t>(), output->as<int16_t>(), first, last);
        });
      },
      op);
}

}  // namespace octet
