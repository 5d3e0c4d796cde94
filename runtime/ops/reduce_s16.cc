// SPDX-License-Identifier: Apache-2.0
//
// Reduce on s16; kernels/pool_s16.h. The input lies as in reduce_s8.cc.
#include "kernels/pool_s16.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/reduce_layout.h"
#include "runtime/parallel.h"

namespace octet {

Status prepare_reduce_s16(const OpView& view, PrepareContext* context, OpPointer* op) {
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const ReduceLayout layout =
      reduce_layout(input->shape, view.options<schema::ReduceOptions>()->axes(), element_bytes(input->type));
  const kernels::ReduceS16 reduce = {reduce_parameters(view, layout), {input->is_s16(), output->is_s16()}};
  const kernels::CopyPlan plan = layout.copied ? kernels::plan_copy(layout.copy) : kernels::CopyPlan();
  const bool copied = layout.copied && plan.items > 0;
  if (copied) context->scratch_bytes = input->bytes;
  return make_op(
      "reduce_s16",
      [=](const RunContext& run) {
        const void* from = input->data;
        if (copied) {  // into the first thread's scratch, which all threads then read
          parallel_for(run, plan.items, minimum_items(2 * input->bytes / plan.items),
                       [&](size_t first, size_t last, size_t) {
                         kernels::copy_strided(plan, input->data, run.scratch, first, last);
                       });
          from = run.scratch;
        }
        parallel_for(run, output->shape.elements(), minimum_items(2 * reduce.reduce.reduced),
                     [&](size_t first, size_t last, size_t) {
                       kernels::reduce_s16(reduce, from, output->data, first, last);
                     });
      },
      op);
}

}  // namespace octet
