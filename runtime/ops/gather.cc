// SPDX-License-Identifier: Apache-2.0
//
// Gather, GatherElements and GatherND: elements picked by run-time indices, which are wrapped and clamped;
// any element type; kernels/gather.h.
#include "kernels/gather.h"

#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

kernels::Indices indices_of(const Tensor& tensor) {
  return {tensor.data, tensor.type == schema::TensorType_S64};
}

// Params and kernel of one of the three; items is what the kernel counts.
template <class Params>
class GatherOp final : public Op {
 public:
  using Kernel = void(const Params&, const void*, kernels::Indices, void*, size_t, size_t);

  GatherOp(const OpView& view, const char* name, Kernel* kernel, const Params& params, size_t items)
      : data_(view.input(0)),
        indices_(view.input(1)),
        output_(view.output(0)),
        name_(name),
        kernel_(kernel),
        params_(params),
        items_(items) {}

  void run(const RunContext& context) override {
    if (output_->bytes == 0) return;
    parallel_for(context, items_, minimum_items(2 * output_->bytes / items_ + 8),
                 [&](size_t first, size_t last, size_t) {
                   kernel_(params_, data_->data, indices_of(*indices_), output_->data, first, last);
                 });
  }
  const char* kernel_name() const override { return name_; }

 private:
  const Tensor* data_;
  const Tensor* indices_;
  Tensor* output_;
  const char* name_;
  Kernel* kernel_;
  const Params params_;
  const size_t items_;
};

// Two inputs, data and indices; one output with the data's type and quantization.
Status check_gather(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 2, 2));
  OCTET_RETURN_IF_ERROR(check_index_type(view, *view.input(1)));
  return check_same_meaning(view, *view.input(0), *view.output(0));
}

// Appends dimensions [first, last) of `from`; false beyond kMaxRank.
bool append(const Shape& from, int first, int last, Shape* shape) {
  for (int i = first; i < last; ++i) {
    if (shape->rank == kMaxRank) return false;
    shape->dims[shape->rank++] = from[i];
  }
  return true;
}

int axis_of(const OpView& view) { return view.options<schema::GatherOptions>()->axis(); }

int batch_dims_of(const OpView& view) {
  const auto* options = view.options<schema::GatherOptions>();
  return options ? options->batch_dims() : 0;
}

}  // namespace

// Checks: data, indices (s32 or s64), one output of data's type and quantization; GatherOptions with an
// axis in range that has elements if the output has, batch_dims 0; the output's shape, data's with the
// axis replaced by the indices' shape.
Status validate_gather(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_gather(view));
  const Shape &data = view.input(0)->shape, &indices = view.input(1)->shape;
  const auto* options = view.options<schema::GatherOptions>();
  if (options == nullptr) return invalid(view, "no GatherOptions");
  if (options->batch_dims() != 0) return invalid(view, "batch_dims %d; must be 0", options->batch_dims());
  const int axis = options->axis();
  OCTET_RETURN_IF_ERROR(check_axis(view, axis, data.rank));
  Shape expected;
  if (!append(data, 0, axis, &expected) || !append(indices, 0, indices.rank, &expected) ||
      !append(data, axis + 1, data.rank, &expected))
    return invalid(view, "the output's rank exceeds %d", kMaxRank);
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", expected));
  if (data[axis] == 0 && view.output(0)->bytes > 0) return invalid(view, "axis %d has no elements", axis);
  return Status();
}

Status prepare_gather(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& data = *view.input(0);
  const int axis = axis_of(view);
  const kernels::Gather gather = {data.shape.elements(0, axis), static_cast<size_t>(data.shape[axis]),
                                  view.input(1)->shape.elements(),
                                  data.shape.elements(axis + 1, data.shape.rank) * element_bytes(data.type)};
  op->reset(
      new GatherOp<kernels::Gather>(view, "gather", kernels::gather, gather, gather.outer * gather.count));
  return Status();
}

// Checks: as Gather; indices of the data's rank and the output's shape, no longer than data but along
// the axis.
Status validate_gather_elements(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_gather(view));
  const Tensor &data = *view.input(0), &indices = *view.input(1), &output = *view.output(0);
  if (view.options<schema::GatherOptions>() == nullptr) return invalid(view, "no GatherOptions");
  const int axis = axis_of(view);
  OCTET_RETURN_IF_ERROR(check_axis(view, axis, data.shape.rank));
  OCTET_RETURN_IF_ERROR(check_rank(view, indices, "indices", data.shape.rank));
  OCTET_RETURN_IF_ERROR(check_shape(view, output, "output", indices.shape));
  for (int i = 0; i < data.shape.rank; ++i)
    if (i == axis ? data.shape[i] == 0 && output.bytes > 0 : indices.shape[i] > data.shape[i])
      return invalid(view, "axis %d: %d indices into %d elements", i, indices.shape[i], data.shape[i]);
  return Status();
}

Status prepare_gather_elements(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor &data = *view.input(0), &indices = *view.input(1);
  kernels::GatherElements gather = {};
  gather.rank = data.shape.rank;
  gather.axis = axis_of(view);
  gather.element_bytes = element_bytes(data.type);
  for (int i = 0; i < data.shape.rank; ++i) {
    gather.dims[i] = static_cast<size_t>(indices.shape[i]);
    gather.data_dims[i] = static_cast<size_t>(data.shape[i]);
  }
  op->reset(new GatherOp<kernels::GatherElements>(view, "gather_elements", kernels::gather_elements, gather,
                                                  indices.shape.elements()));
  return Status();
}

// Checks: as Gather; batch_dims (GatherOptions, 0 without) below both ranks, batch lengths equal; the
// indices' last axis names 1 to (rank - batch_dims) axes, which have elements if the output has; the
// output's shape.
Status validate_gather_nd(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_gather(view));
  const Shape &data = view.input(0)->shape, &indices = view.input(1)->shape;
  const int batch = batch_dims_of(view);
  if (indices.rank == 0 || batch < 0 || batch >= indices.rank || batch >= data.rank)
    return invalid(view, "batch_dims %d with ranks %d and %d; must be below both", batch, data.rank,
                   indices.rank);
  const int depth = indices[indices.rank - 1];
  if (depth < 1 || depth > data.rank - batch)
    return invalid(view, "index tuples of %d; must be in [1, %d]", depth, data.rank - batch);
  for (int i = 0; i < batch; ++i)
    if (data[i] != indices[i]) return invalid(view, "batch axis %d: %d and %d", i, data[i], indices[i]);
  Shape expected;
  if (!append(indices, 0, indices.rank - 1, &expected) || !append(data, batch + depth, data.rank, &expected))
    return invalid(view, "the output's rank exceeds %d", kMaxRank);
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", expected));
  for (int i = batch; i < batch + depth; ++i)
    if (data[i] == 0 && view.output(0)->bytes > 0) return invalid(view, "axis %d has no elements", i);
  return Status();
}

Status prepare_gather_nd(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& data = *view.input(0);
  const Shape& indices = view.input(1)->shape;
  const int batch = batch_dims_of(view);
  kernels::GatherND gather = {};
  gather.batch = data.shape.elements(0, batch);
  gather.count = indices.elements(batch, indices.rank - 1);
  gather.depth = indices[indices.rank - 1];
  for (int k = 0; k < gather.depth; ++k) gather.lengths[k] = static_cast<size_t>(data.shape[batch + k]);
  gather.block_bytes = data.shape.elements(batch + gather.depth, data.shape.rank) * element_bytes(data.type);
  op->reset(new GatherOp<kernels::GatherND>(view, "gather_nd", kernels::gather_nd, gather,
                                            gather.batch * gather.count));
  return Status();
}

}  // namespace octet
