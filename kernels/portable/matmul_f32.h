// SPDX-License-Identifier: Apache-2.0
//
// Float matrix products.
//
//   fully_connected:  out[r][o] = clamp(bias[o] + sum over p of x[r][p] * w[o][p], low, high)
//   matmul:           out[b][i][j] = sum over p of A[b_a(b)][i][p] * B[b_b(b)][p][j]
//
// where the batch indices of A and B follow numpy broadcasting.
#pragma once

#include <cstddef>

namespace octet::kernels {

struct FullyConnectedF32 {
  size_t rows, inputs, outputs;
  float output_min, output_max;
};

// weights [outputs][inputs]; bias may be null.
size_t fully_connected_f32_packed_bytes(const FullyConnectedF32& fc);
void fully_connected_f32_pack(const FullyConnectedF32& fc, const float* weights, const float* bias,
                              void* packed);
// Work items are blocks of 8 outputs, for all rows.
size_t fully_connected_f32_items(const FullyConnectedF32& fc);
void fully_connected_f32(const FullyConnectedF32& fc, const void* packed, const float* input, float* output,
                         size_t first_item, size_t last_item);

struct MatMulF32 {
  static constexpr size_t kMaxBatchRank = 6;
  size_t rows, inner, columns;  // A is [rows][inner], B [inner][columns]
  size_t batch_rank;            // batch axes of the output
  size_t batch_dims[kMaxBatchRank];
  size_t stride_a[kMaxBatchRank];  // in matrices; 0 where A is broadcast
  size_t stride_b[kMaxBatchRank];
};

// Work items are tiles of 4 rows of one output matrix.
size_t matmul_f32_items(const MatMulF32& matmul);
void matmul_f32(const MatMulF32& matmul, const float* a, const float* b, float* output, size_t first_item,
                size_t last_item);

}  // namespace octet::kernels
