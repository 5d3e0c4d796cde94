// SPDX-License-Identifier: Apache-2.0
//
// Parts of a vector of bytes: loads and stores that touch exactly n bytes, and requantize
// (kernels/requantize.h) with one multiplier and shift for all lanes. Anonymous: each ISA file has
// its own copy.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace octet::kernels {
namespace {

inline __m256i load_s8x32(const int8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
inline __m128i load_s8x16(const int8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

inline uint64_t load_u64(const int8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline uint32_t load_u32(const int8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// n in [1, 16] bytes, the rest zero. Overlapping halves, shifted into place.
inline __m128i load_part(const int8_t* from, size_t n) {
  if (n == 16) return load_s8x16(from);
  uint64_t low = 0, high = 0;
  if (n >= 8) {
    low = load_u64(from);
    high = n == 8 ? 0 : load_u64(from + n - 8) >> (8 * (16 - n));
  } else if (n >= 4) {
    low = load_u32(from) | static_cast<uint64_t>(load_u32(from + n - 4)) << (8 * (n - 4));
  } else {
    const auto byte = [&](size_t i) {
      return static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
    };
    low = byte(0) | byte(n / 2) | byte(n - 1);
  }
  return _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
}

// The first n in [1, 16] bytes of v.
inline void store_part(int8_t* to, __m128i v, size_t n) {
  if (n == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
    return;
  }
  uint64_t half[2];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(half), v);
  if (n >= 8) {
    const uint64_t end = n == 8 ? half[0] : half[0] >> (8 * (n - 8)) | half[1] << (8 * (16 - n));
    std::memcpy(to, &half[0], 8);
    std::memcpy(to + n - 8, &end, 8);
  } else if (n >= 4) {
    const auto begin = static_cast<uint32_t>(half[0]), end = static_cast<uint32_t>(half[0] >> (8 * (n - 4)));
    std::memcpy(to, &begin, 4);
    std::memcpy(to + n - 4, &end, 4);
  } else {
    for (const size_t i : {size_t{0}, n / 2, n - 1}) to[i] = static_cast<int8_t>(half[0] >> (8 * i));
  }
}

// The same for n in [1, 32].
inline __m256i load_part_256(const int8_t* from, size_t n) {
  if (n == 32) return load_s8x32(from);
  if (n <= 16) return _mm256_zextsi128_si256(load_part(from, n));
  return _mm256_set_m128i(load_part(from + 16, n - 16), load_s8x16(from));
}

inline void store_part_256(int8_t* to, __m256i v, size_t n) {
  if (n == 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
  } else if (n <= 16) {
    store_part(to, _mm256_castsi256_si128(v), n);
  } else {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(v));
    store_part(to + 16, _mm256_extracti128_si256(v, 1), n - 16);
  }
}

// requantize with one multiplier m and shift p for all lanes.
struct Requantizer {
  __m256i rounding;     // s32: p > 0 ? 2^(p-1) : 0
  __m128i right, left;  // shift counts: p > 0 ? p : 0 and p < 0 ? -p : 0
  bool shifts_left;
  __m256i multiplier;  // s16
  __m256i zero_point;  // s16: 64 * zero_point + 32
};

inline Requantizer make_requantizer(int32_t multiplier, int32_t right_shift, int32_t zero_point) {
  const int32_t right = right_shift > 0 ? right_shift : 0, left = right_shift < 0 ? -right_shift : 0;
  return {_mm256_set1_epi32(right > 0 ? 1 << (right - 1) : 0),
          _mm_cvtsi32_si128(right),
          _mm_cvtsi32_si128(left),
          left > 0,
          _mm256_set1_epi16(static_cast<int16_t>(multiplier)),
          _mm256_set1_epi16(static_cast<int16_t>(64 * zero_point + 32))};
}

// acc * 2^-p, to be saturated to s16 by the caller. A left shift clamps to s16 first: what saturates there
// saturates after the shift too, and nothing overflows.
inline __m256i requantizer_shift(__m256i acc, const Requantizer& r) {
  if (r.shifts_left) {
    const __m256i low = _mm256_set1_epi32(-32768), high = _mm256_set1_epi32(32767);
    return _mm256_sll_epi32(_mm256_min_epi32(_mm256_max_epi32(acc, low), high), r.left);
  }
  return _mm256_sra_epi32(_mm256_add_epi32(acc, r.rounding), r.right);
}

// Sixteen s32 as unpacked from s16 lanes -> s16 q in the order before unpacking, not yet clamped to s8.
// |acc| + 2^30 must fit in s32.
inline __m256i requantize_16(__m256i acc_low, __m256i acc_high, const Requantizer& r) {
  const __m256i t = _mm256_packs_epi32(requantizer_shift(acc_low, r), requantizer_shift(acc_high, r));
  return _mm256_srai_epi16(_mm256_adds_epi16(_mm256_mulhrs_epi16(t, r.multiplier), r.zero_point), 6);
}

inline __m256i clamp_s8x32(__m256i v, __m256i low, __m256i high) {
  return _mm256_min_epi8(_mm256_max_epi8(v, low), high);
}

}  // namespace
}  // namespace octet::kernels
