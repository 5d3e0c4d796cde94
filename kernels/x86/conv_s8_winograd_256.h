// SPDX-License-Identifier: Apache-2.0
//
// What the 256-bit Winograd kernels share: all steps but the product, on vectors of sixteen s16 or eight s32.
// Isa derives from Winograd256 and WinogradPairs, and adds multiply_add() and the constants of its costs.
#pragma once

#include "kernels/x86/conv_s8_winograd_pairs.h"
#include "kernels/x86/partial_avx2.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

struct Winograd256 {
  using Vec = __m256i;
  static constexpr size_t kRows = 6, kPanel = 16;

  struct Epilogue {
    __m256i zero_point, min, max;  // 64 * output_zero_point + 32 in s16; s8
    __m256i multiplier;

    template <class Header>
    Epilogue(const ConvS8& c, const Header& h)
        : zero_point(_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32))),
          min(_mm256_set1_epi8(static_cast<char>(c.output_min))),
          max(_mm256_set1_epi8(static_cast<char>(c.output_max))),
          multiplier(Winograd256::load(h.multiplier)) {}
  };

  static size_t channel_at(size_t i) { return packs_channel_at<kPanel>(i); }
  static Vec load(const void* from) { return kernels::load(from); }
  static void store(void* to, Vec v) { kernels::store(to, v); }
  // The value, as the compiler cannot look into: gcc would otherwise reorder sums across the steps of a
  // transform and spill what it then keeps too long.
  static Vec pinned(Vec v) {
    asm("" : "+x"(v));
    return v;
  }
  static Vec zero() { return _mm256_setzero_si256(); }

  static Vec widen(const int8_t* from) { return _mm256_cvtepi8_epi16(load_s8x16(from)); }
  static Vec widen_part(const int8_t* from, size_t count) {
    return _mm256_cvtepi8_epi16(load_part(from, count));
  }
  static Vec add16(Vec a, Vec b) { return _mm256_add_epi16(a, b); }
  static Vec sub16(Vec a, Vec b) { return _mm256_sub_epi16(a, b); }
  static Vec shift16(Vec a, int bits) { return _mm256_slli_epi16(a, bits); }
  static Vec six16(Vec a) { return _mm256_mullo_epi16(a, _mm256_set1_epi16(6)); }

  static Vec broadcast_pair(const uint8_t* from) {
    int32_t pair;
    std::memcpy(&pair, from, sizeof(pair));
    return _mm256_set1_epi32(pair);
  }

  static Vec add32(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  static Vec sub32(Vec a, Vec b) { return _mm256_sub_epi32(a, b); }
  static Vec shift32(Vec a, int bits) { return _mm256_slli_epi32(a, bits); }
  static Vec multiply32(Vec a, int32_t b) { return _mm256_mullo_epi32(a, _mm256_set1_epi32(b)); }
  static Vec positive32(Vec a) { return _mm256_max_epi32(a, zero()); }
  static Vec shift_right32(Vec a, Vec bits) { return _mm256_srav_epi32(a, bits); }
  static Vec shift_left32(Vec a, Vec bits) { return shift_left(a, bits); }

  // The s8 of two pixels, one in each half.
  static Vec requantize_two(const Vec (&a)[2], const Vec (&b)[2], const Epilogue& e) {
    const Vec r =
        _mm256_packs_epi16(requantize_s16(_mm256_packs_epi32(a[0], a[1]), e.multiplier, e.zero_point),
                           requantize_s16(_mm256_packs_epi32(b[0], b[1]), e.multiplier, e.zero_point));
    return _mm256_permute4x64_epi64(_mm256_min_epi8(_mm256_max_epi8(r, e.min), e.max), 0xd8);
  }
  static void store_low(int8_t* to, Vec q) { store_low_part(to, q, 16); }
  static void store_high(int8_t* to, Vec q) { store_high_part(to, q, 16); }
  static void store_low_part(int8_t* to, Vec q, size_t count) {
    store_part(to, _mm256_castsi256_si128(q), count);
  }
  static void store_high_part(int8_t* to, Vec q, size_t count) {
    store_part(to, _mm256_extracti128_si256(q, 1), count);
  }
};

}  // namespace
}  // namespace octet::kernels
