// SPDX-License-Identifier: Apache-2.0
//
// ArgReduce (ArgMax, ArgMin): where along an axis the extreme element stands; kernels/arg_reduce.h.
#include "kernels/arg_reduce.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

class ArgReduceOp final : public Op {
 public:
  explicit ArgReduceOp(const OpView& view) : input_(view.input(0)), output_(view.output(0)) {
    const auto& options = *view.options<schema::ArgReduceOptions>();
    const Shape& shape = input_->shape;
    reduce_ = {static_cast<size_t>(shape[options.axis()]), shape.elements(options.axis() + 1, shape.rank),
               options.minimum(), options.select_last()};
  }

  void run(const RunContext& context) override {
    parallel_for(context, output_->shape.elements(),
                 minimum_items(reduce_.reduced * element_bytes(input_->type)),
                 [&](size_t first, size_t last, size_t) { run_part(first, last); });
  }
  const char* kernel_name() const override { return "arg_reduce"; }

 private:
  void run_part(size_t first, size_t last) const {
    int64_t* output = output_->as<int64_t>();
    switch (input_->type) {
      case schema::TensorType_S8:
        return kernels::arg_reduce_s8(reduce_, input_->as<int8_t>(), output, first, last);
      case schema::TensorType_S32:
        return kernels::arg_reduce_s32(reduce_, input_->as<int32_t>(), output, first, last);
      case schema::TensorType_S64:
        return kernels::arg_reduce_s64(reduce_, input_->as<int64_t>(), output, first, last);
      default: return kernels::arg_reduce_f32(reduce_, input_->as<float>(), output, first, last);
    }
  }

  const Tensor* input_;
  Tensor* output_;
  kernels::ArgReduce reduce_ = {};
};

}  // namespace

// Checks: one input of type S8, F32, S32 or S64, one s64 output; ArgReduceOptions with an axis in range
// that has elements; the output's shape.
Status validate_arg_reduce(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  if (!input.is_s8() && !input.is_f32() && input.type != schema::TensorType_S32 &&
      input.type != schema::TensorType_S64)
    return invalid(view, "input is %s; must be S8, F32, S32 or S64", type_text(input));
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", schema::TensorType_S64));
  const auto* options = view.options<schema::ArgReduceOptions>();
  if (options == nullptr) return invalid(view, "no ArgReduceOptions");
  OCTET_RETURN_IF_ERROR(check_axis(view, options->axis(), input.shape.rank));
  if (input.shape[options->axis()] == 0) return invalid(view, "axis %d has no elements", options->axis());
  Shape expected;
  for (int i = 0; i < input.shape.rank; ++i) {
    if (i != options->axis()) expected.dims[expected.rank++] = input.shape[i];
    else if (options->keep_dims()) expected.dims[expected.rank++] = 1;
  }
  return check_shape(view, output, "output", expected);
}

Status prepare_arg_reduce(const OpView& view, PrepareContext*, OpPointer* op) {
  op->reset(new ArgReduceOp(view));
  return Status();
}

}  // namespace octet
