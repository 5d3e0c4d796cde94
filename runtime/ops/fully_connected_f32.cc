// SPDX-License-Identifier: Apache-2.0
//
// FullyConnected in f32, on the portable kernel.
#include "kernels/portable/matmul_f32.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {

Status prepare_fully_connected_f32(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::FullyConnectedOptions>();
  const Shape& x = view.input(0)->shape;
  kernels::FullyConnectedF32 fc = {};
  fc.rows = x.elements(0, x.rank - 1);
  fc.inputs = static_cast<size_t>(x[x.rank - 1]);
  fc.outputs = static_cast<size_t>(view.input(1)->shape[0]);
  fc.output_min = options.activation_min();
  fc.output_max = options.activation_max();
  const size_t bytes = kernels::fully_connected_f32_packed_bytes(fc);
  void* packed = context->memory->allocate(bytes);
  if (!packed)
    return error(StatusCode::kOutOfMemory, "FullyConnected '%s': no memory for %zu bytes of packed weights",
                 view.name(), bytes);
  const Tensor* bias = view.input(2);
  kernels::fully_connected_f32_pack(fc, static_cast<const float*>(view.input(1)->constant),
                                    bias ? static_cast<const float*>(bias->constant) : nullptr, packed);
  const size_t items = kernels::fully_connected_f32_items(fc);
  const size_t minimum = 32768 / (8 * fc.rows * fc.inputs + 1) + 1;
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  return make_op(
      "fully_connected_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, items, minimum, [&](size_t first, size_t last, size_t) {
          kernels::fully_connected_f32(fc, packed, input->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
