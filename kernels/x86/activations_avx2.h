// SPDX-License-Identifier: Apache-2.0
//
// Sixteen activations of s8 or s16 in a vector of s16, for the elementwise kernels of 16 bits on AVX2.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace octet::kernels {
namespace {

constexpr size_t kActivations = 16;

inline __m256i load_activations(const int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
inline __m256i load_activations(const int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// The clamp of an output of either type, and for s8 what is added before the last shift.
struct ActivationOutput {
  bool s16;
  __m256i min, max;  // s16
  __m256i constant;
  __m128i shift;

  ActivationOutput(bool is_s16, int32_t low, int32_t high, int32_t zero_point, int32_t fractional_bits)
      : s16(is_s16),
        min(_mm256_set1_epi16(static_cast<int16_t>(low))),
        max(_mm256_set1_epi16(static_cast<int16_t>(high))),
        constant(_mm256_set1_epi16(static_cast<int16_t>(
            zero_point * (1 << fractional_bits) + (fractional_bits > 0 ? 1 << (fractional_bits - 1) : 0)))),
        shift(_mm_cvtsi32_si128(fractional_bits)) {}

  // Outputs 16 of them; r with fractional bits if they are s8. What leaves s8 leaves [min, max] too.
  void store(__m256i r, void* output, size_t at) const {
    if (s16) {
      const __m256i q = _mm256_min_epi16(_mm256_max_epi16(r, min), max);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(static_cast<int16_t*>(output) + at), q);
      return;
    }
    const __m256i q = _mm256_sra_epi16(_mm256_adds_epi16(r, constant), shift);
    const __m256i clamped = _mm256_min_epi16(_mm256_max_epi16(q, min), max);
    const __m128i bytes =
        _mm_packs_epi16(_mm256_castsi256_si128(clamped), _mm256_extracti128_si256(clamped, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<int8_t*>(output) + at), bytes);
  }
};

}  // namespace
}  // namespace octet::kernels
