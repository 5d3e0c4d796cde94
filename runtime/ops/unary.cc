// SPDX-License-Identifier: Apache-2.0
//
// Unary: elementwise functions of f32, and of s32, s64 and bool where they make sense.
#include "kernels/portable/unary_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

static_assert(static_cast<int>(kernels::UnaryKind::kShrink) == schema::UnaryKind_Shrink &&
              static_cast<int>(kernels::UnaryKind::kErf) == schema::UnaryKind_Erf);

kernels::UnaryKernel kernel_of(const OpView& view) {
  const auto kind = static_cast<kernels::UnaryKind>(view.options<schema::UnaryOptions>()->kind());
  return kernels::select_unary(kind, kernel_element(view.input(0)->type));
}

bool calls_exp(schema::UnaryKind kind) {
  return kind == schema::UnaryKind_Exp || kind == schema::UnaryKind_Sigmoid || kind == schema::UnaryKind_Silu;
}

}  // namespace

// Checks: one input and one output of one shape; options present; the kind exists for the input's type;
// the output has the input's type (bool for IsNaN and IsInf).
Status validate_unary(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {1, 1, 1, 1}));
  const auto* options = view.options<schema::UnaryOptions>();
  if (!options) return invalid_op(view, "no UnaryOptions");
  const Tensor &input = *view.input(0), &output = *view.output(0);
  const schema::UnaryKind kind = options->kind();
  if (!kernel_of(view))
    return invalid_op(view, "kind %d (%s) of %s is not defined", kind, schema::EnumNameUnaryKind(kind),
                      schema::EnumNameTensorType(input.type));
  const bool to_bool = kind == schema::UnaryKind_IsNaN || kind == schema::UnaryKind_IsInf;
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {to_bool ? schema::TensorType_BOOL : input.type}));
  return check_same_shape(view, output, "output", input);
}

Status prepare_unary(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::UnaryOptions>();
  const kernels::UnaryKernel kernel = kernel_of(view);
  const auto& exp = kernels::exp_f32_kernels().best(context->cpu);
  const kernels::Unary unary = {options.alpha(), options.beta(), exp.run};
  const Tensor* input = view.input(0);
  Tensor* output = view.output(0);
  const size_t elements = input->shape.elements();
  // An exponential takes about a nanosecond.
  const size_t minimum = calls_exp(options.kind()) ? kElementsPerThread / 8 : kElementsPerThread;
  const size_t in_bytes = element_bytes(input->type), out_bytes = element_bytes(output->type);
  return make_op(
      calls_exp(options.kind()) ? exp.name : "unary_portable",
      [=](const RunContext& run) {
        parallel_for(run, elements, minimum, [&](size_t first, size_t last, size_t) {
          kernel(unary, input->as<uint8_t>() + first * in_bytes, output->as<uint8_t>() + first * out_bytes,
                 last - first);
        });
      },
      op);
}

}  // namespace octet
