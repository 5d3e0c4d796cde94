// SPDX-License-Identifier: Apache-2.0
//
// exp_f32 on AVX2: eight values at a time in double, rounded to f32 once:
//
//   x = k * ln 2 + r,  |r| <= ln(2) / 2:   exp(x) = 2^k * (1 + r + r^2 / 2! + ... + r^9 / 9!)
//
// The rest of the series is below r^10 / 10! < 2^-36.9 of exp(x) and everything else below 2^-48, so
// the double is within 2^-12 of a step (ulp) of the f32 result. A libm's expf errs by a little more than half
// a step, so it may round otherwise only where the exact result is almost halfway between two floats. Those
// values - nearer than kBand to halfway, one in 64 - are given to exp_f32_portable, as is everything outside
// [-87, 87]: denormal results, overflow, NaN. Hence the bits of any libm whose error is below
// 1/2 + 2^-7 - 2^-12 steps; the largest of glibc's is 0.502.
#include <immintrin.h>

#include <cstdint>

#include "kernels/exp_f32.h"

namespace octet::kernels {
namespace {

// The low 29 bits of a double are what f32 rounds away: halfway is 2^28, and 2^29 is one step.
constexpr int32_t kStep = 1 << 29, kHalfway = 1 << 28, kBand = 1 << 22;

// a + b * x in all lanes.
inline __m256d line(double a, double b, __m256d x) {
  return _mm256_fmadd_pd(_mm256_set1_pd(b), x, _mm256_set1_pd(a));
}

// exp of four values in [-87, 87].
inline __m256d exp_double(__m256d x) {
  // Added to it, k = round(x / ln 2) stands in the low bits of the double.
  const __m256d shift = _mm256_set1_pd(6755399441055744.0);  // 3 * 2^51
  const __m256d shifted = _mm256_fmadd_pd(x, _mm256_set1_pd(1.4426950408889634), shift);
  const __m256d k = _mm256_sub_pd(shifted, shift);
  const __m256d r = _mm256_fnmadd_pd(k, _mm256_set1_pd(0.69314718055994531), x), r2 = _mm256_mul_pd(r, r);
  __m256d p = line(1.0 / 40320, 1.0 / 362880, r);
  p = _mm256_fmadd_pd(p, r2, line(1.0 / 720, 1.0 / 5040, r));
  p = _mm256_fmadd_pd(p, r2, line(1.0 / 24, 1.0 / 120, r));
  p = _mm256_fmadd_pd(p, r2, line(1.0 / 2, 1.0 / 6, r));
  p = _mm256_fmadd_pd(p, r2, _mm256_add_pd(r, _mm256_set1_pd(1)));
  // p is in [0.7, 1.42]: its exponent has room for k.
  const __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(shifted), 52);
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(p), exponent));
}

// The low halves of eight doubles, in order.
inline __m256i low_halves(__m256d low, __m256d high) {
  const __m256 mixed = _mm256_shuffle_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xD8);
}

// exp(x) where bit i of the answer is 0; where it is 1, lane i of *result is anything.
inline int exp_8(__m256 x, __m256* result) {
  const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
  const __m256 outside = _mm256_cmp_ps(size, _mm256_set1_ps(87.0f), _CMP_NLE_UQ);
  const __m256d low = exp_double(_mm256_cvtps_pd(_mm256_castps256_ps128(x)));
  const __m256d high = exp_double(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)));
  *result = _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
  const __m256i from_band = _mm256_add_epi32(low_halves(low, high), _mm256_set1_epi32(kBand - kHalfway));
  const __m256i in_step = _mm256_and_si256(from_band, _mm256_set1_epi32(kStep - 1));
  const __m256i halfway = _mm256_cmpgt_epi32(_mm256_set1_epi32(2 * kBand), in_step);
  return _mm256_movemask_ps(_mm256_or_ps(outside, _mm256_castsi256_ps(halfway)));
}

// The lanes of `open`, one by one.
void exp_lanes(__m256 x, int open, float* output) {
  float input[8];
  _mm256_storeu_ps(input, x);
  for (int i = 0; i < 8; ++i)
    if (open >> i & 1) exp_f32_portable(input + i, output + i, 1);
}

}  // namespace

void exp_f32_avx2(const float* input, float* output, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256 x = _mm256_loadu_ps(input + i);
    __m256 result;
    const int open = exp_8(x, &result);
    _mm256_storeu_ps(output + i, result);
    if (open != 0) exp_lanes(x, open, output + i);
  }
  exp_f32_portable(input + i, output + i, count - i);
}

}  // namespace octet::kernels
