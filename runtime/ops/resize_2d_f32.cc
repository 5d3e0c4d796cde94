// SPDX-License-Identifier: Apache-2.0
//
// Resize2D in f32, on the portable kernel. The tables are used where they lie in the file.
#include "kernels/portable/resize_f32.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

Status prepare_resize_2d_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& o = *view.options<schema::Resize2DOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const Shape &x = input->shape, &y = output->shape;
  kernels::ResizeF32 resize = {};
  resize.input_height = static_cast<size_t>(x[1]);
  resize.input_width = static_cast<size_t>(x[2]);
  resize.channels = static_cast<size_t>(x[3]);
  resize.output_height = static_cast<size_t>(y[1]);
  resize.output_width = static_cast<size_t>(y[2]);
  resize.bilinear = o.mode() == schema::ResizeMode_Bilinear;
  resize.y0 = o.y0()->data();
  resize.x0 = o.x0()->data();
  if (resize.bilinear) {
    resize.y1 = o.y1()->data();
    resize.x1 = o.x1()->data();
    resize.y_weight = o.y_weight_f32()->data();
    resize.x_weight = o.x_weight_f32()->data();
  }
  const size_t rows = static_cast<size_t>(x[0]) * resize.output_height;
  const size_t minimum = items_per_thread(4 * resize.output_width * resize.channels);
  return make_op(
      resize.bilinear ? "resize_bilinear_f32_portable" : "resize_nearest_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, rows, minimum, [&](size_t first, size_t last, size_t) {
          kernels::resize_f32(resize, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
