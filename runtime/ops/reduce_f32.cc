// SPDX-License-Identifier: Apache-2.0
//
// Reduce of f32, s32 and s64, on the portable kernel.
#include "kernels/portable/reduce_f32.h"

#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

static_assert(static_cast<int>(kernels::ReduceKind::kSumSquare) == schema::ReduceKind_SumSquare);

Status prepare_reduce_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::ReduceOptions>();
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const kernels::ReduceKernel kernel =
      kernels::select_reduce(static_cast<kernels::ReduceKind>(options.kind()), kernel_element(input->type));
  if (!kernel)
    return error(StatusCode::kUnsupported, "Reduce '%s': %s of %s is not defined", view.name(),
                 schema::EnumNameReduceKind(options.kind()), schema::EnumNameTensorType(input->type));
  bool reduced[kMaxRank] = {};
  if (options.axes())
    for (const int32_t axis : *options.axes()) reduced[axis] = true;
  const kernels::Reduce reduce =
      kernels::make_reduce(static_cast<size_t>(input->shape.rank), input->shape.dims, reduced);
  const size_t outputs = reduce.outputs();
  const size_t minimum = items_per_thread(reduce.reduced_elements());
  return make_op(
      "reduce_portable",
      [=](const RunContext& run) {
        parallel_for(run, outputs, minimum, [&](size_t first, size_t last, size_t) {
          kernel(reduce, input->data, output->data, first, last);
        });
      },
      op);
}

}  // namespace octet
