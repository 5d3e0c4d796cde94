// SPDX-License-Identifier: Apache-2.0
//
// Float fully connected layer and matrix product on the 4 x 8 tile; see matmul_f32.h.
#include "kernels/portable/matmul_f32.h"

#include <algorithm>
#include <limits>

#include "kernels/portable/gemm_f32.h"

namespace octet::kernels {
namespace {

size_t row_tiles(size_t rows) { return (rows + kGemmRowsF32 - 1) / kGemmRowsF32; }

// Pointers to rows first, first + 1, ...; rows past the last repeat it.
void row_pointers(const float* a, size_t first, size_t rows, size_t stride, const float* out[kGemmRowsF32]) {
  for (size_t i = 0; i < kGemmRowsF32; ++i) out[i] = a + std::min(first + i, rows - 1) * stride;
}

// One output row tile of one matrix: columns in eights, then the rest one by one.
void matmul_tile(const MatMulF32& m, const float* a, const float* b, float* output, size_t first) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  static const float kZeros[kGemmColumnsF32] = {};
  const size_t count = std::min(kGemmRowsF32, m.rows - first);
  const float* rows[kGemmRowsF32];
  row_pointers(a, first, m.rows, m.inner, rows);
  size_t j = 0;
  for (; j + kGemmColumnsF32 <= m.columns; j += kGemmColumnsF32) {
    GemmTileF32 tile(kZeros);
    tile.accumulate(rows, b + j, m.columns, m.inner);
    for (size_t i = 0; i < count; ++i)
      tile.store_row(i, kGemmColumnsF32, -kInfinity, kInfinity, output + (first + i) * m.columns + j);
  }
  for (; j < m.columns; ++j) {
    for (size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (size_t p = 0; p < m.inner; ++p) sum += rows[i][p] * b[p * m.columns + j];
      output[(first + i) * m.columns + j] = sum;
    }
  }
}

}  // namespace

size_t fully_connected_f32_packed_bytes(const FullyConnectedF32& fc) {
  return gemm_packed_floats_f32(fc.outputs, fc.inputs) * sizeof(float);
}

void fully_connected_f32_pack(const FullyConnectedF32& fc, const float* weights, const float* bias,
                              void* packed) {
  gemm_pack_f32(weights, bias, fc.outputs, fc.inputs, static_cast<float*>(packed));
}

size_t fully_connected_f32_items(const FullyConnectedF32& fc) { return gemm_blocks_f32(fc.outputs); }

void fully_connected_f32(const FullyConnectedF32& fc, const void* packed, const float* input, float* output,
                         size_t first_item, size_t last_item) {
  for (size_t item = first_item; item < last_item; ++item) {
    const float* block = static_cast<const float*>(packed) + item * gemm_block_floats_f32(fc.inputs);
    const size_t first_output = item * kGemmColumnsF32;
    const size_t columns = std::min(kGemmColumnsF32, fc.outputs - first_output);
    for (size_t row = 0; row < fc.rows; row += kGemmRowsF32) {
      const float* a[kGemmRowsF32];
      row_pointers(input, row, fc.rows, fc.inputs, a);
      GemmTileF32 tile(block);
      tile.accumulate(a, block + kGemmColumnsF32, kGemmColumnsF32, fc.inputs);
      for (size_t i = 0; i < std::min(kGemmRowsF32, fc.rows - row); ++i)
        tile.store_row(i, columns, fc.output_min, fc.output_max,
                       output + (row + i) * fc.outputs + first_output);
    }
  }
}

size_t matmul_f32_items(const MatMulF32& matmul) {
  size_t batch = 1;
  for (size_t i = 0; i < matmul.batch_rank; ++i) batch *= matmul.batch_dims[i];
  return batch * row_tiles(matmul.rows);
}

void matmul_f32(const MatMulF32& matmul, const float* a, const float* b, float* output, size_t first_item,
                size_t last_item) {
  const size_t tiles = row_tiles(matmul.rows);
  for (size_t item = first_item; item < last_item; ++item) {
    const size_t batch = item / tiles;
    size_t index_a = 0, index_b = 0, rest = batch;
    for (size_t i = matmul.batch_rank; i-- > 0;) {
      const size_t at = rest % matmul.batch_dims[i];
      rest /= matmul.batch_dims[i];
      index_a += at * matmul.stride_a[i];
      index_b += at * matmul.stride_b[i];
    }
    matmul_tile(matmul, a + index_a * matmul.rows * matmul.inner, b + index_b * matmul.inner * matmul.columns,
                output + batch * matmul.rows * matmul.columns, item % tiles * kGemmRowsF32);
  }
}

}  // namespace octet::kernels
