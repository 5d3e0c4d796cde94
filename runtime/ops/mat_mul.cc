// SPDX-License-Identifier: Apache-2.0
//
// MatMul: f32, numpy rules: a rank-1 operand is a row (left) or column (right) vector whose extra
// axis is dropped from the output; leading axes broadcast.
#include <algorithm>

#include "kernels/portable/matmul_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/kernel_types.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"
#include "runtime/parallel.h"

namespace octet {
namespace {

// The product as batches of matrices. `output` collects the shape that the rules give.
struct Product {
  kernels::MatMulF32 matmul = {};
  int32_t inner_b = 0;
  Shape output;
  bool batches_agree = true;
};

// Dimension i of the batch axes of `x`, of which the output has `batch_rank`; 1 where x has none.
int32_t batch_dim(const Shape& x, int batch_rank, int i) {
  const int axis = i - (batch_rank - std::max(x.rank - 2, 0));
  return axis >= 0 ? x[axis] : 1;
}

void describe_batches(const Shape& a, const Shape& b, int batch_rank, Product* p) {
  p->matmul.batch_rank = static_cast<size_t>(batch_rank);
  size_t step_a = 1, step_b = 1;
  for (int i = batch_rank - 1; i >= 0; --i) {
    const int32_t dim_a = batch_dim(a, batch_rank, i), dim_b = batch_dim(b, batch_rank, i);
    if (dim_a != dim_b && dim_a != 1 && dim_b != 1) p->batches_agree = false;
    const int32_t dim = dim_a == 1 ? dim_b : dim_a;
    p->output.dims[i] = dim;
    p->matmul.batch_dims[i] = static_cast<size_t>(dim);
    p->matmul.stride_a[i] = dim_a == 1 ? 0 : step_a;
    p->matmul.stride_b[i] = dim_b == 1 ? 0 : step_b;
    step_a *= static_cast<size_t>(dim_a);
    step_b *= static_cast<size_t>(dim_b);
  }
  p->output.rank = batch_rank;
}

// Ranks of a and b are in [1, kMaxRank].
Product describe(const Shape& a, const Shape& b) {
  Product p;
  describe_batches(a, b, std::max({a.rank, b.rank, 2}) - 2, &p);
  p.matmul.rows = a.rank == 1 ? 1 : static_cast<size_t>(a[a.rank - 2]);
  p.matmul.inner = static_cast<size_t>(a[a.rank - 1]);
  p.inner_b = b.rank == 1 ? b[0] : b[b.rank - 2];
  p.matmul.columns = b.rank == 1 ? 1 : static_cast<size_t>(b[b.rank - 1]);
  if (a.rank > 1) p.output.dims[p.output.rank++] = static_cast<int32_t>(p.matmul.rows);
  if (b.rank > 1) p.output.dims[p.output.rank++] = static_cast<int32_t>(p.matmul.columns);
  return p;
}

}  // namespace

// Checks: two inputs and one output, f32, of rank 1 to 8; inner dimensions agree; batch axes broadcast;
// the output has the product's shape.
Status validate_mat_mul(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {2, 2, 1, 1}));
  for (size_t i = 0; i < 2; ++i) {
    OCTET_RETURN_IF_ERROR(check_type(view, *view.input(i), "input", {schema::TensorType_F32}));
    OCTET_RETURN_IF_ERROR(check_rank(view, *view.input(i), "input", 1, kMaxRank));
  }
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", {schema::TensorType_F32}));
  const Product p = describe(view.input(0)->shape, view.input(1)->shape);
  if (static_cast<int64_t>(p.matmul.inner) != p.inner_b)
    return invalid_op(view, "inner dimensions %zu and %d differ", p.matmul.inner, p.inner_b);
  if (!p.batches_agree) return invalid_op(view, "batch dimensions do not broadcast");
  if (view.output(0)->shape != p.output) return invalid_op(view, "output shape is not that of the product");
  return Status();
}

Status prepare_mat_mul(const OpView& view, PrepareContext*, OpPointer* op) {
  const kernels::MatMulF32 matmul = describe(view.input(0)->shape, view.input(1)->shape).matmul;
  const size_t items = view.output(0)->bytes == 0 ? 0 : kernels::matmul_f32_items(matmul);
  const size_t minimum = 32768 / (4 * matmul.inner * matmul.columns + 1) + 1;
  const Tensor *a = view.input(0), *b = view.input(1);
  Tensor* output = view.output(0);
  return make_op(
      "matmul_f32_portable",
      [=](const RunContext& run) {
        parallel_for(run, items, minimum, [&](size_t first, size_t last, size_t) {
          kernels::matmul_f32(matmul, a->as<float>(), b->as<float>(), output->as<float>(), first, last);
        });
      },
      op);
}

}  // namespace octet
