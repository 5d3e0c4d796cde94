// SPDX-License-Identifier: Apache-2.0
//
// How the conv_s8 kernels on 256-bit vectors hold inputs between reading and
// multiplying: as q + 128 in u8, four of which one dot product takes, or as q in
// s16, in pairs. An Isa struct derives from one of the two.
//
// fill() and convert() write whole vectors and may so run over `to + count` by less
// than one; what stands there is written later or never read. The end of a row goes
// back over what is done, or through registers: bytes written one by one and read as a vector wait.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

// u8: the sign bit flipped.
struct FlippedInputs {
  using Element = uint8_t;
  static constexpr size_t kStep = 4, kVectorElements = 32;

  static uint8_t pad_element(int32_t input_zero_point) {
    return static_cast<uint8_t>(input_zero_point + 128);
  }
  static void fill(uint8_t* to, size_t count, uint8_t value) {
    const __m256i v = _mm256_set1_epi8(static_cast<char>(value));
    for (size_t i = 0; i < count; i += 32) put(to + i, v);
  }
  static void convert(const int8_t* from, size_t count, uint8_t* to) {
    const __m256i flip = _mm256_set1_epi8(-128);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) put(to + i, _mm256_xor_si256(get(from + i), flip));
    if (i == count) return;
    if (i > 0) return put(to + count - 32, _mm256_xor_si256(get(from + count - 32), flip));
    put(to, _mm256_xor_si256(load_part_256(from, count), flip));
  }

 private:
  static __m256i get(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
  static void put(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
};

// s16.
struct WidenedInputs {
  using Element = int16_t;
  static constexpr size_t kStep = 2, kVectorElements = 16;

  static int16_t pad_element(int32_t input_zero_point) { return static_cast<int16_t>(input_zero_point); }
  static void fill(int16_t* to, size_t count, int16_t value) {
    const __m256i v = _mm256_set1_epi16(value);
    for (size_t i = 0; i < count; i += 16) put(to + i, v);
  }
  static void convert(const int8_t* from, size_t count, int16_t* to) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) put(to + i, get_widened(from + i));
    if (i == count) return;
    if (i > 0) return put(to + count - 16, get_widened(from + count - 16));
    put(to, _mm256_cvtepi8_epi16(load_part(from, count)));
  }

 private:
  static __m256i get_widened(const int8_t* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static void put(void* to, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(to), v); }
};

// The four bytes from `from` on in every s32 lane.
inline __m256i broadcast_four(const void* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm256_set1_epi32(four);
}

}  // namespace
}  // namespace octet::kernels
