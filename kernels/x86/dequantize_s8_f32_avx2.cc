// SPDX-License-Identifier: Apache-2.0
//
// dequantize_s8_f32 on AVX2: 16 values at a time.
#include "kernels/dequantize_s8_f32.h"

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// The low eight s8 of q.
inline __m256 dequantize_8(__m128i q, __m256i zero_point, __m256 scale) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepi8_epi32(q), zero_point)), scale);
}

}  // namespace

void dequantize_s8_f32_avx2(const DequantizeS8F32& dequantize, const int8_t* input, float* output,
                            size_t count) {
  const __m256i zero_point = _mm256_set1_epi32(dequantize.zero_point);
  const __m256 scale = _mm256_set1_ps(dequantize.scale);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i q = load_s8x16(input + i);
    _mm256_storeu_ps(output + i, dequantize_8(q, zero_point, scale));
    _mm256_storeu_ps(output + i + 8, dequantize_8(_mm_srli_si128(q, 8), zero_point, scale));
  }
  const size_t left = count - i;
  if (left == 0) return;
  const __m128i q = load_part(input + i, left);
  float rest[16];
  _mm256_storeu_ps(rest, dequantize_8(q, zero_point, scale));
  _mm256_storeu_ps(rest + 8, dequantize_8(_mm_srli_si128(q, 8), zero_point, scale));
  std::memcpy(output + i, rest, left * sizeof(float));
}

}  // namespace octet::kernels
