// SPDX-License-Identifier: Apache-2.0
//
// Binary of f32, s32, s64 and bool, on the portable kernel.
#include "kernels/portable/binary_f32.h"

#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

static_assert(static_cast<int>(kernels::BinaryKind::kXor) == schema::BinaryKind_Xor &&
              static_cast<int>(kernels::BinaryKind::kMod) == schema::BinaryKind_Mod);

Status prepare_binary_f32(const OpView& view, PrepareContext*, OpPointer* op) {
  const auto& options = *view.options<schema::BinaryOptions>();
  const Tensor *a = view.input(0), *b = view.input(1);
  Tensor* output = view.output(0);
  const kernels::BinaryKernel kernel =
      kernels::select_binary(static_cast<kernels::BinaryKind>(options.kind()), kernel_element(a->type));
  if (!kernel)
    return error(StatusCode::kUnsupported, "Binary '%s': %s of %s is not defined", view.name(),
                 schema::EnumNameBinaryKind(options.kind()), schema::EnumNameTensorType(a->type));
  const kernels::Dims operands[] = {kernel_dims(*a), kernel_dims(*b)};
  kernels::Binary binary = {};
  binary.broadcast = kernels::make_broadcast(kernel_dims(*output), operands, 2);
  binary.output_min = options.activation_min();
  binary.output_max = options.activation_max();
  const size_t elements = output->shape.elements();
  return make_op(
      "binary_portable",
      [=](const RunContext& run) {
        parallel_for(run, elements, kElementsPerThread, [&](size_t first, size_t last, size_t) {
          kernel(binary, a->data, b->data, output->data, first, last);
        });
      },
      op);
}

}  // namespace octet
