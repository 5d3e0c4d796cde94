// SPDX-License-Identifier: Apache-2.0
//
// ScatterElements and ScatterND: a copy of the data with updates written at run-time indices; updates outside
// are left out; kernels/scatter.h. On the calling thread, in index order.
#include "kernels/scatter.h"

#include <cstring>

#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

kernels::ScatterReduction reduction_of(const OpView& view) {
  const auto* options = view.options<schema::ScatterOptions>();
  return static_cast<kernels::ScatterReduction>(options ? options->reduction() : 0);
}

kernels::ScatterType scatter_type(TensorType type) {
  switch (type) {
    case schema::TensorType_S8: return kernels::ScatterType::kS8;
    case schema::TensorType_F32: return kernels::ScatterType::kF32;
    case schema::TensorType_S32: return kernels::ScatterType::kS32;
    case schema::TensorType_S64: return kernels::ScatterType::kS64;
    case schema::TensorType_S16: return kernels::ScatterType::k2Bytes;
    default: return kernels::ScatterType::k1Byte;
  }
}

// Params and kernel of one of the two.
template <class Params>
class ScatterOp final : public Op {
 public:
  using Kernel = void(const Params&, kernels::Indices, const void*, void*);

  ScatterOp(const OpView& view, const char* name, Kernel* kernel, const Params& params)
      : data_(view.input(0)),
        indices_(view.input(1)),
        updates_(view.input(2)),
        output_(view.output(0)),
        name_(name),
        kernel_(kernel),
        params_(params) {}

  void run(const RunContext&) override {
    if (output_->bytes == 0) return;
    if (output_->data != data_->data) std::memcpy(output_->data, data_->data, output_->bytes);
    kernel_(params_, {indices_->data, indices_->type == schema::TensorType_S64}, updates_->data,
            output_->data);
  }
  const char* kernel_name() const override { return name_; }

 private:
  const Tensor* data_;
  const Tensor* indices_;
  const Tensor* updates_;
  Tensor* output_;
  const char* name_;
  Kernel* kernel_;
  const Params params_;
};

// Data, indices (s32 or s64), updates; one output with the data's shape; data, updates and output of one
// type and quantization; a known reduction that the type has: all on f32, s32, s64, max and min on s8.
Status check_scatter(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 3, 3));
  const Tensor &data = *view.input(0), &updates = *view.input(2), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_index_type(view, *view.input(1)));
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, data, output));
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, updates, output));
  OCTET_RETURN_IF_ERROR(check_shape(view, output, "output", data.shape));
  const auto* options = view.options<schema::ScatterOptions>();
  const int reduction = options ? options->reduction() : 0;
  if (reduction > 4) return invalid(view, "reduction %d; must be at most 4", reduction);
  const bool number =
      data.is_f32() || data.type == schema::TensorType_S32 || data.type == schema::TensorType_S64;
  if (reduction == 0 || number || (data.is_s8() && reduction >= 3)) return Status();
  return invalid(view, "reduction %d of %s is not defined", reduction, type_text(data));
}

}  // namespace

// Checks: check_scatter; ScatterOptions with an axis in range; indices of the updates' shape and the data's
// rank, no longer than data but along the axis.
Status validate_scatter_elements(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_scatter(view));
  const Tensor &data = *view.input(0), &indices = *view.input(1), &updates = *view.input(2);
  const auto* options = view.options<schema::ScatterOptions>();
  if (options == nullptr) return invalid(view, "no ScatterOptions");
  OCTET_RETURN_IF_ERROR(check_axis(view, options->axis(), data.shape.rank));
  OCTET_RETURN_IF_ERROR(check_rank(view, indices, "indices", data.shape.rank));
  OCTET_RETURN_IF_ERROR(check_shape(view, updates, "updates", indices.shape));
  for (int i = 0; i < data.shape.rank; ++i)
    if (i != options->axis() && indices.shape[i] > data.shape[i])
      return invalid(view, "axis %d: %d indices into %d elements", i, indices.shape[i], data.shape[i]);
  return Status();
}

Status prepare_scatter_elements(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor &data = *view.input(0), &indices = *view.input(1);
  kernels::ScatterElements scatter = {};
  scatter.rank = data.shape.rank;
  scatter.axis = view.options<schema::ScatterOptions>()->axis();
  scatter.type = scatter_type(data.type);
  scatter.reduction = reduction_of(view);
  for (int i = 0; i < data.shape.rank; ++i) {
    scatter.dims[i] = static_cast<size_t>(indices.shape[i]);
    scatter.output_dims[i] = static_cast<size_t>(data.shape[i]);
  }
  op->reset(
      new ScatterOp<kernels::ScatterElements>(view, "scatter_elements", kernels::scatter_elements, scatter));
  return Status();
}

// Checks: check_scatter; the indices' last axis names 1 to rank axes of the data; updates shaped as the
// indices without it, then the axes of data that are not named.
Status validate_scatter_nd(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_scatter(view));
  const Shape &data = view.input(0)->shape, &indices = view.input(1)->shape;
  const int depth = indices.rank == 0 ? 0 : indices[indices.rank - 1];
  if (depth < 1 || depth > data.rank)
    return invalid(view, "index tuples of %d; must be in [1, %d]", depth, data.rank);
  if (indices.rank - 1 + data.rank - depth > kMaxRank)
    return invalid(view, "the updates' rank exceeds %d", kMaxRank);
  Shape expected;
  for (int i = 0; i + 1 < indices.rank; ++i) expected.dims[expected.rank++] = indices[i];
  for (int i = depth; i < data.rank; ++i) expected.dims[expected.rank++] = data[i];
  return check_shape(view, *view.input(2), "updates", expected);
}

Status prepare_scatter_nd(const OpView& view, PrepareContext*, OpPointer* op) {
  const Tensor& data = *view.input(0);
  const Shape& indices = view.input(1)->shape;
  kernels::ScatterND scatter = {};
  scatter.count = indices.elements(0, indices.rank - 1);
  scatter.depth = indices[indices.rank - 1];
  for (int k = 0; k < scatter.depth; ++k) scatter.lengths[k] = static_cast<size_t>(data.shape[k]);
  scatter.block_elements = data.shape.elements(scatter.depth, data.shape.rank);
  scatter.type = scatter_type(data.type);
  scatter.reduction = reduction_of(view);
  op->reset(new ScatterOp<kernels::ScatterND>(view, "scatter_nd", kernels::scatter_nd, scatter));
  return Status();
}

}  // namespace octet
