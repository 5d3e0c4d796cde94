// SPDX-License-Identifier: Apache-2.0
//
// Binary on s8: Add and Sub by kernels/add_s8.h, Mul by kernels/mul_s8.h. Broadcasting is reduced to
// the fewest axes; the last two are the kernel's rows and columns, the others are walked here.
#include "kernels/add_s8.h"
#include "kernels/mul_s8.h"
#include "kernels/portable/broadcast.h"
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::Dims dims_of(const Tensor& tensor) {
  return {static_cast<size_t>(tensor.shape.rank), tensor.shape.dims};
}

kernels::Broadcast broadcast_of(const OpView& view) {
  const kernels::Dims operands[] = {dims_of(*view.input(0)), dims_of(*view.input(1))};
  return kernels::make_broadcast(dims_of(*view.output(0)), operands, 2);
}

// Params is AddS8 or MulS8.
template <class Params>
class BinaryS8Op final : public Op {
 public:
  using Kernel = kernels::KernelRow<void(const Params&, const kernels::ElementwiseS8&)>;

  BinaryS8Op(const OpView& view, const Params& params, const Kernel& kernel)
      : a_(view.input(0)),
        b_(view.input(1)),
        output_(view.output(0)),
        params_(params),
        kernel_(kernel),
        broadcast_(broadcast_of(view)) {}

  void run(const RunContext& context) override {
    const size_t columns = broadcast_.row_elements();
    if (broadcast_.rank == 1) {
      parallel_for(context, columns, minimum_items(3),
                   [&](size_t first, size_t last, size_t) { run_columns(first, last); });
      return;
    }
    const size_t rows = columns == 0 ? 0 : broadcast_.elements() / columns;
    parallel_for(context, rows, minimum_items(3 * columns),
                 [&](size_t first, size_t last, size_t) { run_rows(first, last); });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  // Part of the only row.
  void run_columns(size_t first, size_t last) const {
    const size_t sa = broadcast_.row_stride(0), sb = broadcast_.row_stride(1);
    kernel_.run(params_, {a_->as<int8_t>() + first * sa, b_->as<int8_t>() + first * sb,
                          output_->as<int8_t>() + first, 1, last - first, 0, 0, sa, sb});
  }

  // Rows [first, last), as many at a time as lie on the same outer index.
  void run_rows(size_t first, size_t last) const {
    const size_t axis = broadcast_.rank - 2, length = broadcast_.dims[axis];
    const size_t columns = broadcast_.row_elements();
    for (size_t row = first; row < last;) {
      const size_t left = length - row % length;
      const size_t count = left < last - row ? left : last - row;
      kernel_.run(params_,
                  {a_->as<int8_t>() + row_offset(0, row), b_->as<int8_t>() + row_offset(1, row),
                   output_->as<int8_t>() + row * columns, count, columns, broadcast_.strides[0][axis],
                   broadcast_.strides[1][axis], broadcast_.row_stride(0), broadcast_.row_stride(1)});
      row += count;
    }
  }

  // Where `row` starts in an operand.
  size_t row_offset(size_t operand, size_t row) const {
    size_t offset = 0;
    for (size_t axis = broadcast_.rank - 1; axis-- > 0;) {
      offset += row % broadcast_.dims[axis] * broadcast_.strides[operand][axis];
      row /= broadcast_.dims[axis];
    }
    return offset;
  }

  const Tensor* a_;
  const Tensor* b_;
  Tensor* output_;
  const Params params_;
  const Kernel& kernel_;
  const kernels::Broadcast broadcast_;
};

}  // namespace

Status prepare_binary_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& options = *view.options<schema::BinaryOptions>();
  const int32_t za = view.input(0)->zero_point, zb = view.input(1)->zero_point;
  const int32_t zo = view.output(0)->zero_point;
  const OutputRange range = output_range(options.requantization());
  if (options.kind() == schema::BinaryKind_Mul) {
    const kernels::MulS8 mul = {za,
                                zb,
                                zo,
                                options.requantization()->multiplier()->Get(0),
                                options.requantization()->right_shift()->Get(0),
                                range.min,
                                range.max};
    op->reset(new BinaryS8Op<kernels::MulS8>(view, mul, kernels::mul_s8_kernels().best(context->cpu)));
    return Status();
  }
  const kernels::AddS8 add = {
      za,        zb,       zo, options.multiplier_a(), options.multiplier_b(), options.fractional_bits(),
      range.min, range.max};
  op->reset(new BinaryS8Op<kernels::AddS8>(view, add, kernels::add_s8_kernels().best(context->cpu)));
  return Status();
}

}  // namespace octet
