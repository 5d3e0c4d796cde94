// SPDX-License-Identifier: Apache-2.0
//
// Binary where an operand is s16: Add and Sub by kernels/add_s16.h, Mul by kernels/mul_s16.h.
#include "kernels/add_s16.h"
#include "kernels/mul_s16.h"
#include "kernels/portable/broadcast.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// Params is AddS16 or MulS16.
template <class Params>
Status make_binary_op(const OpView& view, const Params& params,
                      const kernels::KernelRow<void(const Params&, const kernels::ElementwiseS16&)>& kernel,
                      OpPointer* op) {
  const Tensor *a = view.input(0), *b = view.input(1);
  Tensor* output = view.output(0);
  const kernels::Dims dims[] = {kernel_dims(*a), kernel_dims(*b)};
  const kernels::Broadcast broadcast = kernels::make_broadcast(kernel_dims(*output), dims, 2);
  const auto at = [](const Tensor& tensor, size_t element) {
    return tensor.as<uint8_t>() + element * element_bytes(tensor.type);
  };
  return make_op(
      kernel.name,
      [=](const RunContext& context) {
        parallel_for(
            context, output->shape.elements(), minimum_items(6), [&](size_t first, size_t last, size_t) {
              kernels::for_each_run(
                  broadcast, first, last, [&](size_t to, const size_t* offsets, size_t count) {
                    kernel.run(params, {at(*a, offsets[0]), at(*b, offsets[1]),
                                        output->as<uint8_t>() + to * element_bytes(output->type), 1, count, 0,
                                        0, broadcast.row_stride(0), broadcast.row_stride(1)});
                  });
            });
      },
      op);
}

}  // namespace

Status prepare_binary_s16(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::BinaryOptions>();
  const Tensor &a = *view.input(0), &b = *view.input(1), &output = *view.output(0);
  const kernels::ElementwiseTypes types = {a.is_s16(), b.is_s16(), output.is_s16()};
  const OutputRange range = output_range(options.requantization(), output.type);
  if (options.kind() == schema::BinaryKind_Mul) {
    const schema::Requantization& r = *options.requantization();
    const kernels::MulS16 mul = {types,
                                 a.zero_point,
                                 b.zero_point,
                                 output.zero_point,
                                 r.multiplier()->Get(0),
                                 r.right_shift()->Get(0),
                                 range.min,
                                 range.max};
    return make_binary_op(view, mul, kernels::mul_s16_kernels().best(context->cpu), op);
  }
  const kernels::AddS16 add = {types,
                               a.zero_point,
                               b.zero_point,
                               output.zero_point,
                               options.multiplier_a(),
                               options.multiplier_b(),
                               options.fractional_bits(),
                               range.min,
                               range.max};
  return make_binary_op(view, add, kernels::add_s16_kernels().best(context->cpu), op);
}

}  // namespace octet
