// SPDX-License-Identifier: Apache-2.0
//
// Resize2D on s8: kernels/resize_nearest.h and kernels/resize_bilinear_s8.h.
#include "kernels/resize_bilinear_s8.h"
#include "kernels/resize_nearest.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

size_t dimension(const Tensor& tensor, int axis) { return static_cast<size_t>(tensor.shape[axis]); }

template <class T>
const T* data_of(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->data() : nullptr;
}

class ResizeNearestOp final : public Op {
 public:
  explicit ResizeNearestOp(const OpView& view) : input_(view.input(0)), output_(view.output(0)) {
    const auto& o = *view.options<schema::Resize2DOptions>();
    resize_ = {dimension(*input_, 0),  dimension(*input_, 1), dimension(*input_, 2), dimension(*output_, 1),
               dimension(*output_, 2), dimension(*input_, 3), data_of(o.y0()),       data_of(o.x0())};
  }

  void run(const RunContext& context) override {
    if (output_->bytes == 0) return;
    parallel_for(context, resize_.batch * resize_.output_height,
                 minimum_items(2 * resize_.output_width * resize_.block_bytes),
                 [&](size_t first, size_t last, size_t) {
                   kernels::resize_nearest(resize_, input_->data, output_->data, first, last);
                 });
  }
  const char* kernel_name() const override { return "resize_nearest"; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::ResizeNearest resize_ = {};
};

class ResizeBilinearOp final : public Op {
 public:
  ResizeBilinearOp(const OpView& view, const PrepareContext& context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::resize_bilinear_s8_kernels().best(context.cpu)) {
    const auto& o = *view.options<schema::Resize2DOptions>();
    resize_ = {dimension(*input_, 0),  dimension(*input_, 1),  dimension(*input_, 2), dimension(*input_, 3),
               dimension(*output_, 1), dimension(*output_, 2), data_of(o.y0()),       data_of(o.y1()),
               data_of(o.y_weight()),  data_of(o.x0()),        data_of(o.x1()),       data_of(o.x_weight())};
  }

  void run(const RunContext& context) override {
    if (output_->bytes == 0) return;
    parallel_for(context, resize_.batch * resize_.output_height,
                 minimum_items(8 * resize_.output_width * resize_.channels),
                 [&](size_t first, size_t last, size_t) {
                   kernel_.run(resize_, input_->as<int8_t>(), output_->as<int8_t>(), first, last);
                 });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::ResizeS8 resize_ = {};
  const kernels::KernelRow<kernels::ResizeBilinearS8Function>& kernel_;
};

}  // namespace

Status prepare_resize_2d_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  if (view.options<schema::Resize2DOptions>()->mode() == schema::ResizeMode_Nearest)
    op->reset(new ResizeNearestOp(view));
  else op->reset(new ResizeBilinearOp(view, *context));
  return Status();
}

}  // namespace octet
