// SPDX-License-Identifier: Apache-2.0
//
// Softmax and log-softmax in f32, on the portable kernel.
#include "kernels/portable/softmax_f32.h"

#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

Status prepare_softmax_f32(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::SoftmaxOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const AxisSplit split = split_at_axis(input->shape, options.axis());
  const kernels::SoftmaxF32 softmax = {split.outer, split.size, split.inner, options.log(),
                                       kernels::exp_f32_kernels().best(context->cpu).run};
  const size_t vectors = split.outer * split.inner;
  const size_t minimum = items_per_thread(8 * split.size);
  return make_op(
      softmax.log ? "log_softmax_f32_portable" : "softmax_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, vectors, minimum, [&](size_t first, size_t last, size_t) {
          kernels::softmax_f32(softmax, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
