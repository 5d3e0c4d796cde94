// SPDX-License-Identifier: Apache-2.0
//
// resize_bilinear_s8 on AVX2: 16 channels at a time. pmaddwd mixes the left and the right pixel of a row,
// two 32-bit products mix the rows; all of it is exact.
#include "kernels/resize_bilinear_s8.h"

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// The four pixels behind one output pixel, and their weights.
struct Mixture {
  const int8_t *top_left, *top_right, *bottom_left, *bottom_right;
  __m256i x_weights;                  // s16 pairs (2048 - wx, wx)
  __m256i top_weight, bottom_weight;  // s32: 2048 - wy, wy
};

// Sixteen s16 from n in [1, 16] channels.
inline __m256i load_s16(const int8_t* from, size_t n) { return _mm256_cvtepi8_epi16(load_part(from, n)); }

// (top * top_weight + bottom * bottom_weight + 2^21) >> 22 of s16 pairs (left, right).
inline __m256i mix(__m256i top, __m256i bottom, const Mixture& m) {
  const __m256i upper = _mm256_mullo_epi32(_mm256_madd_epi16(top, m.x_weights), m.top_weight);
  const __m256i lower = _mm256_mullo_epi32(_mm256_madd_epi16(bottom, m.x_weights), m.bottom_weight);
  const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(upper, lower), _mm256_set1_epi32(1 << 21));
  return _mm256_srai_epi32(sum, 22);
}

inline __m128i mix_channels(const Mixture& m, size_t c, size_t n) {
  const __m256i tl = load_s16(m.top_left + c, n), tr = load_s16(m.top_right + c, n);
  const __m256i bl = load_s16(m.bottom_left + c, n), br = load_s16(m.bottom_right + c, n);
  const __m256i low = mix(_mm256_unpacklo_epi16(tl, tr), _mm256_unpacklo_epi16(bl, br), m);
  const __m256i high = mix(_mm256_unpackhi_epi16(tl, tr), _mm256_unpackhi_epi16(bl, br), m);
  const __m256i q = _mm256_packs_epi32(low, high);
  return _mm_packs_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
}

inline void mix_pixel(const Mixture& m, size_t channels, int8_t* output) {
  size_t c = 0;
  for (; c + 16 <= channels; c += 16) store_part(output + c, mix_channels(m, c, 16), 16);
  if (c < channels) store_part(output + c, mix_channels(m, c, channels - c), channels - c);
}

}  // namespace

void resize_bilinear_s8_avx2(const ResizeS8& resize, const int8_t* input, int8_t* output, size_t first,
                             size_t last) {
  const ResizeS8& z = resize;
  const size_t row_bytes = z.input_width * z.channels;
  Mixture m;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % z.output_height;
    const int8_t* image = input + row / z.output_height * z.input_height * row_bytes;
    const int8_t* row0 = image + static_cast<size_t>(z.y0[y]) * row_bytes;
    const int8_t* row1 = image + static_cast<size_t>(z.y1[y]) * row_bytes;
    m.top_weight = _mm256_set1_epi32(2048 - z.y_weight[y]);
    m.bottom_weight = _mm256_set1_epi32(z.y_weight[y]);
    for (size_t x = 0; x < z.output_width; ++x) {
      const size_t left = static_cast<size_t>(z.x0[x]) * z.channels,
                   right = static_cast<size_t>(z.x1[x]) * z.channels;
      m.top_left = row0 + left;
      m.top_right = row0 + right;
      m.bottom_left = row1 + left;
      m.bottom_right = row1 + right;
      m.x_weights = _mm256_set1_epi32((2048 - z.x_weight[x]) | z.x_weight[x] << 16);
      mix_pixel(m, z.channels, output + (row * z.output_width + x) * z.channels);
    }
  }
}

}  // namespace octet::kernels
