// SPDX-License-Identifier: Apache-2.0
//
// AveragePool2D and MaxPool2D in f32, on the portable kernels.
#include "kernels/portable/pool_f32.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::PoolF32 pool_geometry(const OpView& view) {
  const auto& o = *view.options<schema::Pool2DOptions>();
  const Shape &x = view.input(0)->shape, &y = view.output(0)->shape;
  kernels::PoolF32 pool = {};
  pool.batch = static_cast<size_t>(x[0]);
  pool.input_height = static_cast<size_t>(x[1]);
  pool.input_width = static_cast<size_t>(x[2]);
  pool.channels = static_cast<size_t>(x[3]);
  pool.output_height = static_cast<size_t>(y[1]);
  pool.output_width = static_cast<size_t>(y[2]);
  pool.kernel_height = static_cast<size_t>(o.kernel_height());
  pool.kernel_width = static_cast<size_t>(o.kernel_width());
  pool.stride_height = static_cast<size_t>(o.stride_height());
  pool.stride_width = static_cast<size_t>(o.stride_width());
  pool.dilation_height = static_cast<size_t>(o.dilation_height());
  pool.dilation_width = static_cast<size_t>(o.dilation_width());
  pool.pad_top = static_cast<size_t>(o.pad_top());
  pool.pad_left = static_cast<size_t>(o.pad_left());
  pool.pad_bottom = static_cast<size_t>(o.pad_bottom());
  pool.pad_right = static_cast<size_t>(o.pad_right());
  pool.count_include_pad = o.count_include_pad();
  pool.output_min = o.activation_min();
  pool.output_max = o.activation_max();
  return pool;
}

using PoolKernel = void (*)(const kernels::PoolF32&, const float*, float*, size_t, size_t);

Status prepare_pool(const OpView& view, const char* name, PoolKernel kernel, OpPointer* op) {
  const kernels::PoolF32 pool = pool_geometry(view);
  const size_t pixels = pool.batch * pool.output_height * pool.output_width;
  const size_t minimum = items_per_thread(pool.kernel_height * pool.kernel_width * pool.channels);
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  return make_op(
      name,
      [=](const RunContext& run) {
        parallel_for(run, pixels, minimum, [&](size_t first, size_t last, size_t) {
          kernel(pool, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace

Status prepare_average_pool_2d_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  return prepare_pool(view, "average_pool_f32_portable", kernels::average_pool_f32, op);
}

Status prepare_max_pool_2d_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  return prepare_pool(view, "max_pool_f32_portable", kernels::max_pool_f32, op);
}

}  // namespace octet
