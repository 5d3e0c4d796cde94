// SPDX-License-Identifier: Apache-2.0
//
// From a validated operator with s16 activations to a running ConvS16 kernel.
#include "runtime/ops/conv_s16_op.h"

#include <algorithm>
#include <limits>
#include <new>

#include "runtime/model.h"
#include "runtime/ops/conv_s8_op.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class ConvS16Op final : public Op {
 public:
  ConvS16Op(const OpView& view, const kernels::ConvS16& conv, const kernels::ConvS16Kernel& kernel,
            const void* packed)
      : input_(view.input(0)),
        output_(view.output(0)),
        conv_(conv),
        kernel_(kernel),
        packed_(packed),
        items_(kernel.items(conv)) {
    constexpr size_t kMacsWorthAThread = 100000;  // some microseconds
    const size_t macs = output_->shape.elements() * conv.kernel_height * conv.kernel_width *
                        (conv.input_channels / conv.groups);
    minimum_items_ = kMacsWorthAThread / (macs / std::max<size_t>(items_, 1) + 1) + 1;
  }

  void run(const RunContext& context) override {
    parallel_for(context, items_, minimum_items_, [&](size_t first, size_t last, size_t thread) {
      uint8_t* scratch = context.scratch ? context.scratch + thread * context.scratch_stride : nullptr;
      kernel_.run(conv_, packed_, input_->data, output_->data, first, last, scratch);
    });
  }
  const char* kernel_name() const override { return kernel_.name; }
  size_t items() const override { return items_; }

 private:
  const Tensor* input_;
  Tensor* output_;
  const kernels::ConvS16 conv_;
  const kernels::ConvS16Kernel& kernel_;
  const void* packed_;
  const size_t items_;
  size_t minimum_items_;
};

Status out_of_memory(const OpView& view, size_t bytes) {
  return error(StatusCode::kOutOfMemory, "'%s': no memory for %zu bytes of packed weights", view.name(),
               bytes);
}

}  // namespace

Status make_conv_s16_op(const OpView& view, const ConvOutputOptions& options, kernels::ConvS16 conv,
                        PrepareContext* context, std::unique_ptr<Op>* op) {
  OCTET_RETURN_IF_ERROR(set_conv_s8_parameters(view, options, context->memory, &conv));
  conv.input_s16 = view.input(0)->is_s16();
  conv.output_s16 = view.output(0)->is_s16();
  OCTET_RETURN_IF_ERROR(check_conv_s8_fits(view, conv));
  const kernels::ConvS16Kernel& kernel = kernels::select_conv_s16(conv, context->cpu);
  const size_t bytes = kernel.packed_bytes(conv);
  const void* packed = nullptr;
  if (bytes > 0) {
    void* memory = context->memory->allocate(bytes);
    if (!memory) return out_of_memory(view, bytes);
    kernel.pack(conv, memory);
    packed = memory;
    context->model->release(conv.weights, view.input(1)->bytes);
  }
  context->scratch_bytes = std::max(context->scratch_bytes, kernel.scratch_bytes(conv));
  op->reset(new (std::nothrow) ConvS16Op(view, conv, kernel, packed));
  return *op ? Status() : out_of_memory(view, sizeof(ConvS16Op));
}

}  // namespace octet
