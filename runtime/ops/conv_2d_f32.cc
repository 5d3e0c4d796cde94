// SPDX-License-Identifier: Apache-2.0
//
// Conv2D and ConvTranspose2D in f32, on the portable kernels.
#include "kernels/portable/conv_f32.h"
#include "runtime/ops/conv_geometry.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// Multiply-accumulates that one thread should at least have.
constexpr size_t kMacsPerThread = 32768;

size_t items_per_thread_for(size_t item_macs) { return kMacsPerThread / (item_macs + 1) + 1; }

kernels::ConvF32 conv_geometry(const OpView& view) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  kernels::ConvF32 conv = {};
  set_conv_geometry(view, &conv);
  conv.output_min = o.activation_min();
  conv.output_max = o.activation_max();
  return conv;
}

// Allocates `bytes` of packed memory for the weights of `view`.
Status allocate_packed(const OpView& view, PrepareContext* context, size_t bytes, void** packed) {
  *packed = context->memory->allocate(bytes);
  if (*packed) return Status();
  return error(StatusCode::kOutOfMemory, "%s '%s': no memory for %zu bytes of packed weights",
               schema::EnumNameOperatorType(view.definition->type()), view.name(), bytes);
}

const float* bias_of(const OpView& view) {
  return view.input(2) ? static_cast<const float*>(view.input(2)->constant) : nullptr;
}

}  // namespace

Status prepare_conv_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op) {
  const kernels::ConvF32 conv = conv_geometry(view);
  void* packed;
  OCTET_RETURN_IF_ERROR(allocate_packed(view, context, kernels::conv_f32_packed_bytes(conv), &packed));
  kernels::conv_f32_pack(conv, static_cast<const float*>(view.input(1)->constant), bias_of(view), packed);
  const size_t pixels = conv.batch * conv.output_height * conv.output_width;
  const size_t minimum = items_per_thread_for(view.input(1)->shape.elements());
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  return make_op(
      conv.depthwise() ? "conv_f32_depthwise_portable" : "conv_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, pixels, minimum, [&](size_t first, size_t last, size_t) {
          kernels::conv_f32(conv, packed, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

Status prepare_conv_transpose_2d_f32(const OpView& view, PrepareContext* context, OpPointer* op) {
  const kernels::ConvF32 conv = conv_geometry(view);
  void* packed;
  OCTET_RETURN_IF_ERROR(
      allocate_packed(view, context, kernels::conv_transpose_f32_packed_bytes(conv), &packed));
  kernels::conv_transpose_f32_pack(conv, static_cast<const float*>(view.input(1)->constant), bias_of(view),
                                   packed);
  const size_t rows = conv.batch * conv.output_height;
  const size_t minimum = items_per_thread_for(view.input(1)->shape.elements() * conv.output_width);
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  return make_op(
      "conv_transpose_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, rows, minimum, [&](size_t first, size_t last, size_t) {
          kernels::conv_transpose_f32(conv, packed, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
