// SPDX-License-Identifier: Apache-2.0
//
// CopyOp: the operator behind Reshape, Transpose, Slice, Expand, Tile and Concat: one strided
// copy (kernels/copy_strided.h) for each input, into its place in the output.
#pragma once

#include <vector>

#include "kernels/copy_strided.h"
#include "runtime/op.h"
#include "runtime/tensor.h"

namespace octet {

// The row-major strides of `shape`, in elements.
struct Strides {
  ptrdiff_t of[kMaxRank] = {};
};
Strides row_major_strides(const Shape& shape);

// A copy between elements of `tensor`'s type; the caller adds the dimensions.
kernels::StridedCopy element_copy(const Tensor& tensor);
void add_dimension(kernels::StridedCopy* copy, size_t length, ptrdiff_t input_stride,
                   ptrdiff_t output_stride);

class CopyOp final : public Op {
 public:
  // Starts at element input_offset of `input` and output_offset of `output`.
  struct Piece {
    const Tensor* input;
    kernels::StridedCopy copy;
    ptrdiff_t input_offset = 0, output_offset = 0;
  };

  CopyOp(Tensor* output, const std::vector<Piece>& pieces);
  void run(const RunContext& context) override;
  const char* kernel_name() const override { return "copy_strided"; }

 private:
  struct Planned {
    const Tensor* input;
    kernels::CopyPlan plan;
    ptrdiff_t input_offset_bytes, output_offset_bytes;
    size_t minimum_items;
  };

  Tensor* output_;
  std::vector<Planned> pieces_;
};

}  // namespace octet
