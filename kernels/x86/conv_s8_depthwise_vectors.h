// SPDX-License-Identifier: Apache-2.0
//
// The same operations on 64, 32 and 16 bytes, for the depthwise conv_s8 kernels on
// x86: 32 and 16 in AVX2's instructions, 64 where AVX512BW is there.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace octet::kernels {
namespace {

template <class V>
V load(const void* from);
template <>
inline __m256i load<__m256i>(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
template <>
inline __m128i load<__m128i>(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
inline void store(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
inline void store(void* to, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(to), v); }
template <class V>
V splat8(int v);
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
inline __m256i splat16<__m256i>(int v) {
  return _mm256_set1_epi16(static_cast<int16_t>(v));
}
template <>
inline __m128i splat16<__m128i>(int v) {
  return _mm_set1_epi16(static_cast<int16_t>(v));
}
inline __m256i flip(__m256i v) { return _mm256_xor_si256(v, _mm256_set1_epi8(-128)); }
inline __m128i flip(__m128i v) { return _mm_xor_si128(v, _mm_set1_epi8(-128)); }

// Interleave the low or high halves of each 128-bit lane.
inline __m256i low8(__m256i a, __m256i b) { return _mm256_unpacklo_epi8(a, b); }
inline __m128i low8(__m128i a, __m128i b) { return _mm_unpacklo_epi8(a, b); }
inline __m256i high8(__m256i a, __m256i b) { return _mm256_unpackhi_epi8(a, b); }
inline __m128i high8(__m128i a, __m128i b) { return _mm_unpackhi_epi8(a, b); }
inline __m256i low16(__m256i a, __m256i b) { return _mm256_unpacklo_epi16(a, b); }
inline __m128i low16(__m128i a, __m128i b) { return _mm_unpacklo_epi16(a, b); }
inline __m256i high16(__m256i a, __m256i b) { return _mm256_unpackhi_epi16(a, b); }
inline __m128i high16(__m128i a, __m128i b) { return _mm_unpackhi_epi16(a, b); }
inline __m256i low32(__m256i a, __m256i b) { return _mm256_unpacklo_epi32(a, b); }
inline __m128i low32(__m128i a, __m128i b) { return _mm_unpacklo_epi32(a, b); }
inline __m256i high32(__m256i a, __m256i b) { return _mm256_unpackhi_epi32(a, b); }
inline __m128i high32(__m128i a, __m128i b) { return _mm_unpackhi_epi32(a, b); }
inline __m256i low64(__m256i a, __m256i b) { return _mm256_unpacklo_epi64(a, b); }
inline __m128i low64(__m128i a, __m128i b) { return _mm_unpacklo_epi64(a, b); }
inline __m256i high64(__m256i a, __m256i b) { return _mm256_unpackhi_epi64(a, b); }
inline __m128i high64(__m128i a, __m128i b) { return _mm_unpackhi_epi64(a, b); }

// acc + the sums of two products of s16. The empty assembly keeps the order of additions: gcc would make a
// tree of them, which needs more registers than there are.
inline __m256i add_products(__m256i acc, __m256i a, __m256i b) {
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
  asm("" : "+x"(acc));
  return acc;
}
inline __m128i add_products(__m128i acc, __m128i a, __m128i b) {
  acc = _mm_add_epi32(acc, _mm_madd_epi16(a, b));
  asm("" : "+x"(acc));
  return acc;
}
inline __m256i shift_left_each(__m256i v, __m256i p) { return _mm256_sllv_epi32(v, p); }
inline __m128i shift_left_each(__m128i v, __m128i p) { return _mm_sllv_epi32(v, p); }
inline __m256i shift_right_each(__m256i v, __m256i p) { return _mm256_srav_epi32(v, p); }
inline __m128i shift_right_each(__m128i v, __m128i p) { return _mm_srav_epi32(v, p); }
// v << p where p > 0. To s16 first: what saturates there saturates after the shift too.
inline __m256i shift_left_saturating(__m256i v, __m256i p) {
  const __m256i narrow =
      _mm256_min_epi32(_mm256_max_epi32(v, _mm256_set1_epi32(-32768)), _mm256_set1_epi32(32767));
  return _mm256_blendv_epi8(_mm256_sllv_epi32(narrow, p), v, _mm256_cmpeq_epi32(p, _mm256_setzero_si256()));
}
inline __m128i shift_left_saturating(__m128i v, __m128i p) {
  const __m128i narrow = _mm_min_epi32(_mm_max_epi32(v, _mm_set1_epi32(-32768)), _mm_set1_epi32(32767));
  return _mm_blendv_epi8(_mm_sllv_epi32(narrow, p), v, _mm_cmpeq_epi32(p, _mm_setzero_si128()));
}
inline __m256i pack32(__m256i a, __m256i b) { return _mm256_packs_epi32(a, b); }
inline __m128i pack32(__m128i a, __m128i b) { return _mm_packs_epi32(a, b); }
inline __m256i pack16(__m256i a, __m256i b) { return _mm256_packs_epi16(a, b); }
// (((t * m + 2^14) >> 15), at least low, + zero_point) >> 6, where that stays in s16.
inline __m256i requantize_low(__m256i t, __m256i m, __m256i low, __m256i zero_point) {
  return _mm256_srai_epi16(_mm256_add_epi16(_mm256_max_epi16(_mm256_mulhrs_epi16(t, m), low), zero_point), 6);
}
inline __m128i pack16(__m128i a, __m128i b) { return _mm_packs_epi16(a, b); }
inline __m128i requantize_low(__m128i t, __m128i m, __m128i low, __m128i zero_point) {
  return _mm_srai_epi16(_mm_add_epi16(_mm_max_epi16(_mm_mulhrs_epi16(t, m), low), zero_point), 6);
}

// (((t * m + 2^14) >> 15) + zero_point) >> 6, saturating to s16 in between; zero_point = 64 * z + 32.
inline __m256i requantize_s16(__m256i t, __m256i m, __m256i zero_point) {
  return _mm256_srai_epi16(_mm256_adds_epi16(_mm256_mulhrs_epi16(t, m), zero_point), 6);
}
inline __m128i requantize_s16(__m128i t, __m128i m, __m128i zero_point) {
  return _mm_srai_epi16(_mm_adds_epi16(_mm_mulhrs_epi16(t, m), zero_point), 6);
}

// Between min and max, in s8.
inline __m256i clamp(__m256i q, __m256i min, __m256i max) {
  return _mm256_min_epi8(_mm256_max_epi8(q, min), max);
}
inline __m128i clamp(__m128i q, __m128i min, __m128i max) { return _mm_min_epi8(_mm_max_epi8(q, min), max); }

// Stores the first `count` bytes of v, less than all.
inline void store_first(int8_t* to, __m128i v, size_t count) {
  if (count & 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), v);
    v = _mm_unpackhi_epi64(v, v);
    to += 8;
  }
  if ((count & 7) == 0) return;
  int8_t rest[16];
  store(rest, v);
  for (size_t i = 0; i < (count & 7); ++i) to[i] = rest[i];
}
inline void store_first(int8_t* to, __m256i v, size_t count) {
  if (count < 16) return store_first(to, _mm256_castsi256_si128(v), count);
  store(to, _mm256_castsi256_si128(v));
  store_first(to + 16, _mm256_extracti128_si256(v, 1), count - 16);
}

#ifdef __AVX512BW__
template <>
inline __m512i load<__m512i>(const void* from) {
  return _mm512_loadu_si512(from);
}
inline void store(void* to, __m512i v) { _mm512_storeu_si512(to, v); }
template <>
inline __m512i splat8<__m512i>(int v) {
  return _mm512_set1_epi8(static_cast<char>(v));
}
template <>
inline __m512i splat16<__m512i>(int v) {
  return _mm512_set1_epi16(static_cast<int16_t>(v));
}
inline __m512i flip(__m512i v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
inline __m512i low8(__m512i a, __m512i b) { return _mm512_unpacklo_epi8(a, b); }
inline __m512i high8(__m512i a, __m512i b) { return _mm512_unpackhi_epi8(a, b); }
inline __m512i low16(__m512i a, __m512i b) { return _mm512_unpacklo_epi16(a, b); }
inline __m512i high16(__m512i a, __m512i b) { return _mm512_unpackhi_epi16(a, b); }
inline __m512i low32(__m512i a, __m512i b) { return _mm512_unpacklo_epi32(a, b); }
inline __m512i high32(__m512i a, __m512i b) { return _mm512_unpackhi_epi32(a, b); }
inline __m512i low64(__m512i a, __m512i b) { return _mm512_unpacklo_epi64(a, b); }
inline __m512i high64(__m512i a, __m512i b) { return _mm512_unpackhi_epi64(a, b); }
inline __m512i shift_left_each(__m512i v, __m512i p) { return _mm512_sllv_epi32(v, p); }
inline __m512i shift_right_each(__m512i v, __m512i p) { return _mm512_srav_epi32(v, p); }
inline __m512i shift_left_saturating(__m512i v, __m512i p) {
  const __m512i narrow =
      _mm512_min_epi32(_mm512_max_epi32(v, _mm512_set1_epi32(-32768)), _mm512_set1_epi32(32767));
  return _mm512_mask_sllv_epi32(v, _mm512_test_epi32_mask(p, p), narrow, p);
}
inline __m512i pack32(__m512i a, __m512i b) { return _mm512_packs_epi32(a, b); }
inline __m512i pack16(__m512i a, __m512i b) { return _mm512_packs_epi16(a, b); }
inline __m512i requantize_low(__m512i t, __m512i m, __m512i low, __m512i zero_point) {
  return _mm512_srai_epi16(_mm512_add_epi16(_mm512_max_epi16(_mm512_mulhrs_epi16(t, m), low), zero_point), 6);
}
inline __m512i requantize_s16(__m512i t, __m512i m, __m512i zero_point) {
  return _mm512_srai_epi16(_mm512_adds_epi16(_mm512_mulhrs_epi16(t, m), zero_point), 6);
}
inline __m512i clamp(__m512i q, __m512i min, __m512i max) {
  return _mm512_min_epi8(_mm512_max_epi8(q, min), max);
}
inline void store_first(int8_t* to, __m512i v, size_t count) {
  _mm512_mask_storeu_epi8(to, (__mmask64{1} << count) - 1, v);
}
#endif

// Keeps a and b where they are computed: compilers would otherwise move work to where its result is known to
// be stored, and everything it needs to the stack.
inline void pin(__m256i& a, __m256i& b) { asm volatile("" : "+x"(a), "+x"(b)); }
inline void pin(__m128i& a, __m128i& b) { asm volatile("" : "+x"(a), "+x"(b)); }
#ifdef __AVX512BW__
inline void pin(__m512i& a, __m512i& b) { asm volatile("" : "+v"(a), "+v"(b)); }
#endif

// A register, where gcc would load again for every use, and there are 32.
template <class V>
inline V load_once(const void* from) {
  V v = load<V>(from);
#ifdef __AVX512BW__
  if constexpr (sizeof(V) == 64) asm("" : "+v"(v));
#endif
  return v;
}

}  // namespace
}  // namespace octet::kernels
