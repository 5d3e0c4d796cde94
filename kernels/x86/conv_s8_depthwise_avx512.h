// SPDX-License-Identifier: Apache-2.0
//
// What the depthwise conv_s8 kernels on AVX512-VNNI share. They work on blocks of
// 64, 32 or 16 channels in vectors V of as many bytes: four input pixels are
// interleaved into quads of bytes per channel, and vpdpbusd with a quad of
// weights adds four taps exactly.
//
// interleave() keeps to 128-bit lanes: quad vector j holds in lane l the channels
// 16 l + 4 j ... + 3. So do all s32 vectors, and packs brings the channels back in order.
//
// A packed block of W channels: s32 bias[W], right_shift[W], left_shift[W];
// s16 multiplier[W] (first those of quad vectors 0 and 1, then 2 and 3);
// s32 has_left_shift, padded to 64 bytes; then the kernel's weights, quads of s8.
// Inputs are q + 128, and the bias takes (input_zero_point + 128) * sum w back.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

#include "kernels/x86/conv_s8_depthwise.h"

namespace octet::kernels {
namespace {

// Blocks cover the channels from the first to the last; the last one is moved back where it would
// exceed them.
struct Block {
  size_t first, width, offset;  // offset: of the packed block
};

// Calls body(block) for each block of c, whose packed blocks take bytes(width) each. Returns their sum.
template <class Bytes, class Body>
inline size_t for_each_block(size_t channels, const Bytes& bytes, const Body& body) {
  size_t offset = 0;
  for (size_t done = 0; done < channels;) {
    const size_t rest = channels - done;
    const size_t width = rest > 48 && channels >= 64 ? 64 : rest > 16 && channels >= 32 ? 32 : 16;
    body(Block{done + width <= channels ? done : channels - width, width, offset});
    offset += bytes(width);
    done += width;
  }
  return offset;
}

constexpr size_t block_header_bytes(size_t width) { return 14 * width + 64; }

// The channel within its block at position i of the s32 vectors: 4 vectors of W / 4.
inline size_t channel_at(size_t width, size_t i) {
  const size_t elements = width / 4, j = i / elements, e = i % elements;
  return e / 4 * 16 + j * 4 + e % 4;
}

// The channel at position i of the s16 multipliers: 2 vectors of W / 2.
inline size_t multiplier_channel(size_t width, size_t i) {
  const size_t elements = width / 2, half = i / elements, e = i % elements;
  return e / 8 * 16 + half * 8 + e % 8;
}

// Weights times 2^-p for p < 0 where s8 holds them cannot be had here: left shifts are the accumulator's.
inline void pack_block_header(const ConvS8& c, const Block& block, uint8_t* to) {
  const size_t width = block.width, taps = c.kernel_height * c.kernel_width;
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(to) + width;
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* has_left = reinterpret_cast<int32_t*>(multiplier + width);
  std::memset(has_left, 0, 64);
  for (size_t i = 0; i < width; ++i) {
    const size_t o = block.first + channel_at(width, i);
    uint32_t sum = 0;
    for (size_t t = 0; t < taps; ++t) sum += static_cast<uint32_t>(c.weights[o * taps + t]);
    const int p = c.right_shift[o];
    bias[i] = (c.bias ? static_cast<uint32_t>(c.bias[o]) : 0) -
              static_cast<uint32_t>(c.input_zero_point + 128) * sum;
    if (p > 0) bias[i] += uint32_t{1} << (p - 1);
    right[i] = p > 0 ? p : 0;
    left[i] = p < 0 ? -p : 0;
    if (p < 0) *has_left = 1;
    multiplier[i] = c.multiplier[block.first + multiplier_channel(width, i)];
  }
}

inline bool has_left_shift(const uint8_t* block, size_t width) { return block[14 * width] != 0; }

// The same operations on 64, 32 and 16 bytes.
template <class V>
V load(const void* from);
template <>
inline __m512i load<__m512i>(const void* from) {
  return _mm512_loadu_si512(from);
}
template <>
inline __m256i load<__m256i>(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
template <>
inline __m128i load<__m128i>(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
inline void store(void* to, __m512i v) { _mm512_storeu_si512(to, v); }
inline void store(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
inline void store(void* to, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(to), v); }
template <class V>
V splat8(int v);
template <>
inline __m512i splat8<__m512i>(int v) {
  return _mm512_set1_epi8(static_cast<char>(v));
}
template <>
inline __m256i splat8<__m256i>(int v) {
  return _mm256_set1_epi8(static_cast<char>(v));
}
template <>
inline __m128i splat8<__m128i>(int v) {
  return _mm_set1_epi8(static_cast<char>(v));
}
template <class V>
V splat16(int v);
template <>
inline __m512i splat16<__m512i>(int v) {
  return _mm512_set1_epi16(static_cast<int16_t>(v));
}
template <>
inline __m256i splat16<__m256i>(int v) {
  return _mm256_set1_epi16(static_cast<int16_t>(v));
}
template <>
inline __m128i splat16<__m128i>(int v) {
  return _mm_set1_epi16(static_cast<int16_t>(v));
}
inline __m512i flip(__m512i v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
inline __m256i flip(__m256i v) { return _mm256_xor_si256(v, _mm256_set1_epi8(-128)); }
inline __m128i flip(__m128i v) { return _mm_xor_si128(v, _mm_set1_epi8(-128)); }
inline __m512i low8(__m512i a, __m512i b) { return _mm512_unpacklo_epi8(a, b); }
inline __m256i low8(__m256i a, __m256i b) { return _mm256_unpacklo_epi8(a, b); }
inline __m128i low8(__m128i a, __m128i b) { return _mm_unpacklo_epi8(a, b); }
inline __m512i high8(__m512i a, __m512i b) { return _mm512_unpackhi_epi8(a, b); }
inline __m256i high8(__m256i a, __m256i b) { return _mm256_unpackhi_epi8(a, b); }
inline __m128i high8(__m128i a, __m128i b) { return _mm_unpackhi_epi8(a, b); }
inline __m512i low16(__m512i a, __m512i b) { return _mm512_unpacklo_epi16(a, b); }
inline __m256i low16(__m256i a, __m256i b) { return _mm256_unpacklo_epi16(a, b); }
inline __m128i low16(__m128i a, __m128i b) { return _mm_unpacklo_epi16(a, b); }
inline __m512i high16(__m512i a, __m512i b) { return _mm512_unpackhi_epi16(a, b); }
inline __m256i high16(__m256i a, __m256i b) { return _mm256_unpackhi_epi16(a, b); }
inline __m128i high16(__m128i a, __m128i b) { return _mm_unpackhi_epi16(a, b); }
inline __m512i dot(__m512i acc, __m512i a, __m512i w) { return _mm512_dpbusd_epi32(acc, a, w); }
inline __m256i dot(__m256i acc, __m256i a, __m256i w) { return _mm256_dpbusd_epi32(acc, a, w); }
inline __m128i dot(__m128i acc, __m128i a, __m128i w) { return _mm_dpbusd_epi32(acc, a, w); }
inline __m512i shift_right(__m512i v, __m512i p) { return _mm512_srav_epi32(v, p); }
inline __m256i shift_right(__m256i v, __m256i p) { return _mm256_srav_epi32(v, p); }
inline __m128i shift_right(__m128i v, __m128i p) { return _mm_srav_epi32(v, p); }
inline __m512i pack32(__m512i a, __m512i b) { return _mm512_packs_epi32(a, b); }
inline __m256i pack32(__m256i a, __m256i b) { return _mm256_packs_epi32(a, b); }
inline __m128i pack32(__m128i a, __m128i b) { return _mm_packs_epi32(a, b); }
inline __m512i pack16(__m512i a, __m512i b) { return _mm512_packs_epi16(a, b); }
inline __m256i pack16(__m256i a, __m256i b) { return _mm256_packs_epi16(a, b); }
inline __m128i pack16(__m128i a, __m128i b) { return _mm_packs_epi16(a, b); }

// acc << left where left > 0 (p < 0). To s16 first: what saturates there saturates after the shift too.
inline __m512i shift_left(__m512i acc, __m512i left) {
  const __m512i narrow =
      _mm512_min_epi32(_mm512_max_epi32(acc, _mm512_set1_epi32(-32768)), _mm512_set1_epi32(32767));
  return _mm512_mask_sllv_epi32(acc, _mm512_test_epi32_mask(left, left), narrow, left);
}
inline __m256i shift_left(__m256i acc, __m256i left) {
  const __m256i narrow =
      _mm256_min_epi32(_mm256_max_epi32(acc, _mm256_set1_epi32(-32768)), _mm256_set1_epi32(32767));
  return _mm256_mask_sllv_epi32(acc, _mm256_test_epi32_mask(left, left), narrow, left);
}
inline __m128i shift_left(__m128i acc, __m128i left) {
  const __m128i narrow = _mm_min_epi32(_mm_max_epi32(acc, _mm_set1_epi32(-32768)), _mm_set1_epi32(32767));
  return _mm_mask_sllv_epi32(acc, _mm_test_epi32_mask(left, left), narrow, left);
}

// (((t * m + 2^14) >> 15) + zero_point) >> 6, saturating to s16 in between; zero_point = 64 * z + 32.
inline __m512i requantize_s16(__m512i t, __m512i m, __m512i zero_point) {
  return _mm512_srai_epi16(_mm512_adds_epi16(_mm512_mulhrs_epi16(t, m), zero_point), 6);
}
inline __m256i requantize_s16(__m256i t, __m256i m, __m256i zero_point) {
  return _mm256_srai_epi16(_mm256_adds_epi16(_mm256_mulhrs_epi16(t, m), zero_point), 6);
}
inline __m128i requantize_s16(__m128i t, __m128i m, __m128i zero_point) {
  return _mm_srai_epi16(_mm_adds_epi16(_mm_mulhrs_epi16(t, m), zero_point), 6);
}

// Between output_min and output_max.
inline __m512i clamp(__m512i q, __m512i low, __m512i high) {
  return _mm512_min_epi8(_mm512_max_epi8(q, low), high);
}
inline __m256i clamp(__m256i q, __m256i low, __m256i high) {
  return _mm256_min_epi8(_mm256_max_epi8(q, low), high);
}
inline __m128i clamp(__m128i q, __m128i low, __m128i high) {
  return _mm_min_epi8(_mm_max_epi8(q, low), high);
}

// Four pixels of one byte per channel -> four vectors of quads.
template <class V>
inline void interleave(V a, V b, V c, V d, V* quads) {
  const V low_ab = low8(a, b), high_ab = high8(a, b), low_cd = low8(c, d), high_cd = high8(c, d);
  quads[0] = low16(low_ab, low_cd);
  quads[1] = high16(low_ab, low_cd);
  quads[2] = low16(high_ab, high_cd);
  quads[3] = high16(high_ab, high_cd);
}

// What all blocks share.
template <class V>
struct Common {
  V zero_point, min, max;
  explicit Common(const ConvS8& c)
      : zero_point(splat16<V>(64 * c.output_zero_point + 32)),
        min(splat8<V>(c.output_min)),
        max(splat8<V>(c.output_max)) {}
};

// The s16 results of s32 vectors 2 h and 2 h + 1.
template <class V, bool kLeft>
inline V requantize_half(V a, V b, const uint8_t* block, size_t h, const Common<V>& common) {
  constexpr size_t kBytes = sizeof(V), kWidth = kBytes;
  if (kLeft) {
    const uint8_t* left = block + 8 * kWidth + 2 * h * kBytes;
    a = shift_left(a, load<V>(left));
    b = shift_left(b, load<V>(left + kBytes));
  }
  const uint8_t* right = block + 4 * kWidth + 2 * h * kBytes;
  const V t = pack32(shift_right(a, load<V>(right)), shift_right(b, load<V>(right + kBytes)));
  return requantize_s16(t, load<V>(block + 12 * kWidth + h * kBytes), common.zero_point);
}

}  // namespace
}  // namespace octet::kernels
