// SPDX-License-Identifier: Apache-2.0
//
// Panels of 24 output channels on 512-bit vectors: two pixels share the vector of the last 8 channels, so
// that two pixels take three vectors and not four:
//
//   whole[i]  s32 of channels 0 to 15 of pixel i
//   tails[j]  s32 of channels 16 to 23 of pixel 2 j, then of pixel 2 j + 1
//
// Packed as conv_s8_gemm_512.h says, with the channels in order; the last 8 are brought into both halves of
// a vector on loading.
#pragma once

#include "kernels/x86/conv_s8_gemm_512.h"

namespace octet::kernels {
namespace {

constexpr size_t kPairedWidth = 24;

constexpr size_t pairs_of(size_t rows) { return (rows + 1) / 2; }

// 32 bytes in both halves.
inline __m512i load_twice(const uint8_t* from) {
  return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// The s8 results of all tails. Dword `4 (2 (i % 2) + h) + i / 2` has channels 16 + 4 h to 19 + 4 h of pixel
// i.
template <bool kDoubles, bool kClamps, size_t kPairs>
__attribute__((always_inline)) inline __m512i narrow_tails(const __m512i (&tails)[kPairs],
                                                           const uint8_t* shifts,
                                                           const Narrow512<kDoubles, kClamps>& narrow) {
  constexpr size_t kLast = kPairs - 1;
  const __m512i shift = load_twice(shifts);
  return narrow.to_s8(narrow.shifted(tails[0], tails[kLast < 1 ? kLast : 1], shift, shift),
                      narrow.shifted(tails[kLast < 2 ? kLast : 2], tails[kLast], shift, shift));
}

// Pixels [i, i + 4) of 24 channels: `whole` and the tails, in order.
template <size_t i>
inline void interleave_tails(__m512i whole, __m512i tails, int8_t* to) {
  constexpr int t = 16 + i / 2;
  const __m512i head = _mm512_setr_epi32(0, 1, 2, 3, t, t + 4, 4, 5, 6, 7, t + 8, t + 12, 8, 9, 10, 11);
  const __m512i rest = _mm512_setr_epi32(t + 1, t + 5, 12, 13, 14, 15, t + 9, t + 13, 0, 0, 0, 0, 0, 0, 0, 0);
  store(to, _mm512_permutex2var_epi32(whole, head, tails));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 64),
                      _mm512_castsi512_si256(_mm512_permutex2var_epi32(whole, rest, tails)));
}

// Stores pixels [i, i + 4) of the micro-tile, those that exist: at once where they are neighbours.
template <size_t i, size_t kRows, class Tile>
__attribute__((always_inline)) inline void store_four(const Tile& t, size_t first, __m512i whole,
                                                      __m512i tails) {
  constexpr size_t kPixels = kRows - i < 4 ? kRows - i : 4;
  const size_t* at = t.outputs + first + i;
  int8_t* output = static_cast<int8_t*>(t.output);
  if (kPixels == 4 && t.columns == kPairedWidth && at[1] - at[0] == 24 && at[kPixels - 1] - at[0] == 72)
    return interleave_tails<i>(whole, tails, output + at[0]);
  int8_t in_order[128];
  interleave_tails<i>(whole, tails, in_order);
  const __mmask32 mask = ~__mmask32{0} >> (32 - t.columns);
  for (size_t p = 0; p < kPixels; ++p)
    _mm256_mask_storeu_epi8(
        output + at[p], mask,
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in_order + kPairedWidth * p)));
}

template <bool kDoubles, bool kClamps, size_t kRows, class Tile>
__attribute__((always_inline)) inline void store_paired_s8(const Tile& t, size_t first,
                                                           const __m512i (&whole)[kRows][1],
                                                           const __m512i (&tails)[pairs_of(kRows)],
                                                           const Epilogue512& e) {
  const uint8_t* shifts = t.panel + 4 * kPairedWidth;
  const Narrow512<kDoubles, kClamps> narrow(t.panel, kPairedWidth, 0, e),
      narrow_last(t.panel, kPairedWidth, 1, e);
  const __m512i q = narrow_tails(tails, shifts + 64, narrow_last);
  store_four<0, kRows>(t, first, narrow_pixels(whole, 0, shifts, narrow), q);
  if constexpr (kRows > 4) store_four<4, kRows>(t, first, narrow_pixels(whole, 4, shifts, narrow), q);
}

// As store_f32.
template <size_t kRows, class Tile>
__attribute__((noinline)) void store_paired_f32(const Tile& t, size_t first, const __m512i (&whole)[kRows][1],
                                                const __m512i (&tails)[pairs_of(kRows)]) {
  const auto* scales = reinterpret_cast<const float*>(t.panel + 4 * kPairedWidth);
  for (size_t i = 0; i < kRows; ++i) {
    alignas(64) int32_t acc[16 + 16];
    store(acc, whole[i][0]);
    store(acc + 16, i % 2 == 0 ? tails[i / 2] : _mm512_shuffle_i64x2(tails[i / 2], tails[i / 2], 0xee));
    float* to = static_cast<float*>(t.output) + t.outputs[first + i];
    for (size_t o = 0; o < t.columns; ++o) to[o] = static_cast<float>(acc[o]) * scales[o];
  }
}

template <size_t kRows, class Tile>
__attribute__((always_inline)) inline void finish_paired_tile(const Tile& t, size_t first,
                                                              const __m512i (&whole)[kRows][1],
                                                              const __m512i (&tails)[pairs_of(kRows)],
                                                              const WayOut512& way, const Epilogue512& e) {
  if (__builtin_expect(way.f32, 0)) {
    constexpr size_t kPairs = pairs_of(kRows);
    __m512i whole_copy[kRows][1], tails_copy[kPairs];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) whole_copy[i][0] = whole[i][0];
#pragma GCC unroll 4
    for (size_t j = 0; j < kPairs; ++j) tails_copy[j] = tails[j];
    store_paired_f32(t, first, whole_copy, tails_copy);
  } else if (way.doublings > 0) {
    e.clamps ? store_paired_s8<true, true>(t, first, whole, tails, e)
             : store_paired_s8<true, false>(t, first, whole, tails, e);
  } else {
    e.clamps ? store_paired_s8<false, true>(t, first, whole, tails, e)
             : store_paired_s8<false, false>(t, first, whole, tails, e);
  }
}

}  // namespace
}  // namespace octet::kernels
