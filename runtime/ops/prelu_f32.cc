// SPDX-License-Identifier: Apache-2.0
//
// PRelu in f32, on the portable kernel.
#include "kernels/portable/elementwise_f32.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

Status prepare_prelu_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor *x = view.input(0), *slope = view.input(1);
  Tensor* output = view.output(0);
  const kernels::Dims operands[] = {kernel_dims(*x), kernel_dims(*slope)};
  const kernels::Broadcast broadcast = kernels::make_broadcast(kernel_dims(*output), operands, 2);
  const size_t elements = output->shape.elements();
  return make_op(
      "prelu_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, elements, kElementsPerThread, [&](size_t first, size_t last, size_t) {
          kernels::prelu_f32(broadcast, x->as<float>(), slope->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
