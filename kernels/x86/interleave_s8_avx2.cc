// SPDX-License-Identifier: Apache-2.0
//
// interleave_s8 on AVX2 for three channels, 16 pixels at a time: each of the three output vectors
// takes its bytes from each plane with one shuffle. Other channel counts go pixel by pixel.
#include <immintrin.h>

#include "kernels/interleave_s8.h"

namespace octet::kernels {
namespace {

// Output byte j is pixel j / 3 of plane j % 3. Vector v's shuffle of plane c: 0x80 (zero) where another plane
// has the byte.
struct Shuffles {
  alignas(16) uint8_t bytes[3][3][16];  // [v][c]
};

constexpr Shuffles make_shuffles() {
  Shuffles s = {};
  for (size_t v = 0; v < 3; ++v)
    for (size_t c = 0; c < 3; ++c)
      for (size_t i = 0; i < 16; ++i) {
        const size_t j = 16 * v + i;
        s.bytes[v][c][i] = static_cast<uint8_t>(j % 3 == c ? j / 3 : 0x80);
      }
  return s;
}

constexpr Shuffles kShuffles = make_shuffles();

inline __m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

inline __m128i gather(__m128i a, __m128i b, __m128i c, size_t vector) {
  const auto& shuffle = kShuffles.bytes[vector];
  return _mm_or_si128(
      _mm_or_si128(_mm_shuffle_epi8(a, load(shuffle[0])), _mm_shuffle_epi8(b, load(shuffle[1]))),
      _mm_shuffle_epi8(c, load(shuffle[2])));
}

}  // namespace

void interleave_s8_avx2(const int8_t* input, size_t plane, size_t channels, int8_t* output, size_t count) {
  size_t i = 0;
  for (; channels == 3 && i + 16 <= count; i += 16) {
    const __m128i a = load(input + i), b = load(input + plane + i), c = load(input + 2 * plane + i);
    auto* to = reinterpret_cast<__m128i*>(output + 3 * i);
    _mm_storeu_si128(to, gather(a, b, c, 0));
    _mm_storeu_si128(to + 1, gather(a, b, c, 1));
    _mm_storeu_si128(to + 2, gather(a, b, c, 2));
  }
  for (; i < count; ++i)
    for (size_t c = 0; c < channels; ++c) output[i * channels + c] = input[c * plane + i];
}

}  // namespace octet::kernels
