// SPDX-License-Identifier: Apache-2.0
//
// CopyOp: see copy_op.h.
#include "runtime/ops/copy_op.h"

#include "runtime/ops/op_checks.h"
#include "runtime/parallel.h"

namespace octet {

Strides row_major_strides(const Shape& shape) {
  Strides strides;
  for (int i = 0; i < shape.rank; ++i)
    strides.of[i] = static_cast<ptrdiff_t>(shape.elements(i + 1, shape.rank));
  return strides;
}

kernels::StridedCopy element_copy(const Tensor& tensor) {
  kernels::StridedCopy copy;
  copy.element_bytes = element_bytes(tensor.type);
  return copy;
}

void add_dimension(kernels::StridedCopy* copy, size_t length, ptrdiff_t input_stride,
                   ptrdiff_t output_stride) {
  copy->dims[copy->rank] = length;
  copy->input_strides[copy->rank] = input_stride;
  copy->output_strides[copy->rank] = output_stride;
  ++copy->rank;
}

CopyOp::CopyOp(Tensor* output, const std::vector<Piece>& pieces) : output_(output) {
  const ptrdiff_t bytes = static_cast<ptrdiff_t>(element_bytes(output->type));
  for (const Piece& piece : pieces) {
    const kernels::CopyPlan plan = kernels::plan_copy(piece.copy);
    if (plan.items == 0) continue;
    size_t elements = 1;
    for (int d = 0; d < piece.copy.rank; ++d) elements *= piece.copy.dims[d];
    pieces_.push_back({piece.input, plan, piece.input_offset * bytes, piece.output_offset * bytes,
                       octet::minimum_items(2 * elements * piece.copy.element_bytes / plan.items)});
  }
}

void CopyOp::run(const RunContext& context) {
  for (const Planned& piece : pieces_) {
    const uint8_t* from = piece.input->as<uint8_t>() + piece.input_offset_bytes;
    uint8_t* to = output_->as<uint8_t>() + piece.output_offset_bytes;
    parallel_for(context, piece.plan.items, piece.minimum_items, [&](size_t first, size_t last, size_t) {
      kernels::copy_strided(piece.plan, from, to, first, last);
    });
  }
}

}  // namespace octet
