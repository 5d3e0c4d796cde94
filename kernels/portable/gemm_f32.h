// SPDX-License-Identifier: Apache-2.0
//
// The inner tile of every portable float product, used by convolution, fully
// connected and matrix multiplication:
//
//   acc[i][j] += sum over p < k of a[i][p] * b[p * b_stride + j]     i < 4, j < 8
//
// It uses the vector extension of GCC and Clang, which exists for every CPU
// they compile for; plain loops came out four times slower.
#pragma once

#include <cstddef>
#include <cstring>

namespace octet::kernels {

constexpr size_t kGemmRowsF32 = 4;
constexpr size_t kGemmColumnsF32 = 8;

using Vector4F32 = float __attribute__((vector_size(16)));

inline Vector4F32 load_4_f32(const float* x) {
  Vector4F32 v;
  std::memcpy(&v, x, sizeof v);
  return v;
}
inline void store_4_f32(float* x, Vector4F32 v) { std::memcpy(x, &v, sizeof v); }

// Accumulators of one tile.
struct GemmTileF32 {
  Vector4F32 acc[kGemmRowsF32][2];

  // Every row starts at the 8 values of `start`.
  explicit GemmTileF32(const float* start) {
    for (size_t i = 0; i < kGemmRowsF32; ++i) {
      acc[i][0] = load_4_f32(start);
      acc[i][1] = load_4_f32(start + 4);
    }
  }

  void accumulate(const float* const a[kGemmRowsF32], const float* b, size_t b_stride, size_t k) {
    const float *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
    for (size_t p = 0; p < k; ++p, b += b_stride) {
      const Vector4F32 low = load_4_f32(b), high = load_4_f32(b + 4);
      acc[0][0] += a0[p] * low;
      acc[0][1] += a0[p] * high;
      acc[1][0] += a1[p] * low;
      acc[1][1] += a1[p] * high;
      acc[2][0] += a2[p] * low;
      acc[2][1] += a2[p] * high;
      acc[3][0] += a3[p] * low;
      acc[3][1] += a3[p] * high;
    }
  }

  // Row i, clamped, to the first `columns` (at most 8) elements of `output`.
  void store_row(size_t i, size_t columns, float low, float high, float* output) const {
    float row[kGemmColumnsF32];
    store_4_f32(row, acc[i][0]);
    store_4_f32(row + 4, acc[i][1]);
    for (float& value : row) value = value < low ? low : value > high ? high : value;
    std::memcpy(output, row, columns * sizeof(float));
  }
};

// Packed weights of one group: ceil(outputs / 8) blocks, each [8 bias values][k][8 weights],
// zero beyond `outputs`. weights is [outputs][k]; bias may be null.
inline size_t gemm_block_floats_f32(size_t k) { return (k + 1) * kGemmColumnsF32; }
inline size_t gemm_blocks_f32(size_t outputs) { return (outputs + kGemmColumnsF32 - 1) / kGemmColumnsF32; }
inline size_t gemm_packed_floats_f32(size_t outputs, size_t k) {
  return gemm_blocks_f32(outputs) * gemm_block_floats_f32(k);
}
void gemm_pack_f32(const float* weights, const float* bias, size_t outputs, size_t k, float* packed);

}  // namespace octet::kernels
