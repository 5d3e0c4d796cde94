// SPDX-License-Identifier: Apache-2.0
//
// Reduce on s8; kernels/reduce_s8.h.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/reduce_layout.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::ReduceKindS8 kind_of(schema::ReduceKind kind) {
  if (kind == schema::ReduceKind_Max) return kernels::ReduceKindS8::kMax;
  if (kind == schema::ReduceKind_Min) return kernels::ReduceKindS8::kMin;
  return kernels::ReduceKindS8::kSum;
}

class ReduceS8Op final : public Op {
 public:
  ReduceS8Op(const OpView& view, PrepareContext* context)
      : input_(view.input(0)),
        output_(view.output(0)),
        kernel_(kernels::reduce_s8_kernels().best(context->cpu)) {
    const ReduceLayout layout =
        reduce_layout(input_->shape, view.options<schema::ReduceOptions>()->axes(), 1);
    reduce_ = reduce_parameters(view, layout);
    copied_ = layout.copied;
    if (!copied_) return;
    plan_ = kernels::plan_copy(layout.copy);
    context->scratch_bytes = input_->bytes;
  }

  void run(const RunContext& context) override {
    const int8_t* input = input_->as<int8_t>();
    if (copied_ && plan_.items > 0) {  // into the first thread's scratch, which all threads then read
      parallel_for(context, plan_.items, minimum_items(2 * input_->bytes / plan_.items),
                   [&](size_t first, size_t last, size_t) {
                     kernels::copy_strided(plan_, input, context.scratch, first, last);
                   });
      input = reinterpret_cast<const int8_t*>(context.scratch);
    }
    parallel_for(context, output_->bytes, minimum_items(reduce_.reduced),
                 [&](size_t first, size_t last, size_t) {
                   kernel_.run(reduce_, input, output_->as<int8_t>(), first, last);
                 });
  }
  const char* kernel_name() const override { return kernel_.name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  kernels::ReduceS8 reduce_ = {};
  const kernels::KernelRow<kernels::ReduceS8Function>& kernel_;
  bool copied_ = false;
  kernels::CopyPlan plan_;
};

}  // namespace

ReduceLayout reduce_layout(const Shape& shape, const flatbuffers::Vector<int32_t>* axes,
                           size_t element_bytes) {
  bool reduced[kMaxRank] = {};
  for (size_t i = 0; i < vector_length(axes); ++i) reduced[axes->Get(static_cast<uint32_t>(i))] = true;
  ReduceLayout layout;
  layout.copy.element_bytes = element_bytes;
  int groups = 0;  // of neighbouring reduced axes; axes of length 1 separate nothing
  bool inside = false;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape[i] == 1) continue;
    if (reduced[i] && !inside) ++groups;
    inside = reduced[i];
    layout.reduced *= reduced[i] ? static_cast<size_t>(shape[i]) : 1;
    layout.inner = reduced[i] ? 1 : layout.inner * static_cast<size_t>(shape[i]);
  }
  if (groups <= 1) return layout;
  layout.copied = true;
  layout.inner = 1;
  kernels::StridedCopy& copy = layout.copy;
  for (const bool wanted : {false, true}) {
    for (int i = 0; i < shape.rank; ++i) {
      if (reduced[i] != wanted) continue;
      copy.dims[copy.rank] = static_cast<size_t>(shape[i]);
      copy.input_strides[copy.rank++] = static_cast<ptrdiff_t>(shape.elements(i + 1, shape.rank));
    }
  }
  ptrdiff_t stride = 1;
  for (int d = copy.rank - 1; d >= 0; --d) {
    copy.output_strides[d] = stride;
    stride *= static_cast<ptrdiff_t>(copy.dims[d]);
  }
  return layout;
}

kernels::ReduceS8 reduce_parameters(const OpView& view, const ReduceLayout& layout) {
  const auto& options = *view.options<schema::ReduceOptions>();
  kernels::ReduceS8 reduce = {};
  reduce.kind = kind_of(options.kind());
  reduce.reduced = layout.reduced;
  reduce.inner = layout.inner;
  reduce.input_zero_point = view.input(0)->zero_point;
  reduce.output_zero_point = view.output(0)->zero_point;
  if (reduce.kind != kernels::ReduceKindS8::kSum) return reduce;
  const OutputRange range = output_range(options.requantization(), view.output(0)->type);
  reduce.multiplier = options.requantization()->multiplier()->Get(0);
  reduce.right_shift = options.requantization()->right_shift()->Get(0);
  reduce.output_min = range.min;
  reduce.output_max = range.max;
  return reduce;
}

Status prepare_reduce_s8(const OpView& view, PrepareContext* context, OpPointer* op) {
  op->reset(new ReduceS8Op(view, context));
  return Status();
}

}  // namespace octet
