// SPDX-License-Identifier: Apache-2.0
//
// Packing for the float tile; see gemm_f32.h.
#include "kernels/portable/gemm_f32.h"

namespace octet::kernels {

void gemm_pack_f32(const float* weights, const float* bias, size_t outputs, size_t k, float* packed) {
  for (size_t first = 0; first < outputs; first += kGemmColumnsF32) {
    for (size_t j = 0; j < kGemmColumnsF32; ++j) {
      const size_t o = first + j;
      const bool real = o < outputs;
      packed[j] = real && bias ? bias[o] : 0.0f;
      for (size_t p = 0; p < k; ++p) packed[(p + 1) * kGemmColumnsF32 + j] = real ? weights[o * k + p] : 0.0f;
    }
    packed += gemm_block_floats_f32(k);
  }
}

}  // namespace octet::kernels
