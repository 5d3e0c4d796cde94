// SPDX-License-Identifier: Apache-2.0
//
// Panels of 24 output channels on 512-bit vectors. The last 8 channels of a pixel take half a vector, and
// half the time; on the way to the output, two pixels share one:
//
//   whole[i]  s32 of channels 0 to 15 of pixel i
//   tails[i]  s32 of its channels 16 to 23
//   pairs[j]  tails of pixel 2 j, then of pixel 2 j + 1
//
// Packed as conv_s8_gemm_512.h says, with the channels in order.
#pragma once

#include "kernels/x86/conv_s8_gemm_512.h"

namespace octet::kernels {
namespace {

constexpr size_t kPairedWidth = 24;

constexpr size_t pairs_of(size_t rows) { return (rows + 1) / 2; }

inline __m256i load_half(const uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

template <size_t kRows>
__attribute__((always_inline)) inline void start_paired(__m512i bias, __m256i last_bias,
                                                        __m512i (&whole)[kRows][1], __m256i (&tails)[kRows]) {
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    whole[i][0] = bias;
    tails[i] = last_bias;
  }
}

// The last of an odd number is its own partner.
template <size_t kRows>
__attribute__((always_inline)) inline void join_tails(const __m256i (&tails)[kRows],
                                                      __m512i (&pairs)[pairs_of(kRows)]) {
#pragma GCC unroll 4
  for (size_t j = 0; j < kRows; j += 2)
    pairs[j / 2] = _mm512_inserti64x4(_mm512_castsi256_si512(tails[j]), tails[j + 1 < kRows ? j + 1 : j], 1);
}

// The s8 results of all tails. Dword `4 (2 (i % 2) + h) + i / 2` has channels 16 + 4 h to 19 + 4 h of pixel
// i.
template <Way kWay, size_t kPairs>
__attribute__((always_inline)) inline __m512i narrow_tails(const __m512i (&pairs)[kPairs],
                                                           const Narrow512<kWay, kPairedWidth>& narrow) {
  constexpr size_t kLast = kPairs - 1;
  return _mm512_packs_epi16(narrow(pairs[0], 1, pairs[kLast < 1 ? kLast : 1], 1, 1),
                            narrow(pairs[kLast < 2 ? kLast : 2], 1, pairs[kLast], 1, 1));
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

template <Way kWay, size_t kRows, class Tile>
__attribute__((always_inline)) inline void store_paired_s8(const Tile& t, size_t first,
                                                           const __m512i (&whole)[kRows][1],
                                                           const __m512i (&pairs)[pairs_of(kRows)],
                                                           const Narrow512<kWay, kPairedWidth>& narrow) {
  const __m512i q = narrow_tails(pairs, narrow);
  store_four<0, kRows>(t, first, narrow_pixels(whole, 0, narrow), q);
  if constexpr (kRows > 4) store_four<4, kRows>(t, first, narrow_pixels(whole, 4, narrow), q);
}

// As store_f32.
template <size_t kRows, class Tile>
__attribute__((noinline)) void store_paired_f32(const Tile& t, size_t first, const __m512i (&whole)[kRows][1],
                                                const __m512i (&pairs)[pairs_of(kRows)]) {
  const auto* scales = reinterpret_cast<const float*>(t.panel + 4 * kPairedWidth);
  for (size_t i = 0; i < kRows; ++i) {
    alignas(64) int32_t acc[16 + 16];
    store(acc, whole[i][0]);
    store(acc + 16, i % 2 == 0 ? pairs[i / 2] : _mm512_shuffle_i64x2(pairs[i / 2], pairs[i / 2], 0xee));
    float* to = static_cast<float*>(t.output) + t.outputs[first + i];
    for (size_t o = 0; o < t.columns; ++o) to[o] = static_cast<float>(acc[o]) * scales[o];
  }
}

// As finish_rare_tile.
template <size_t kRows, class Tile>
__attribute__((noinline)) void finish_rare_paired(const Tile& t, size_t first,
                                                  const __m512i (&whole)[kRows][1],
                                                  const __m512i (&pairs)[pairs_of(kRows)],
                                                  const Epilogue512& e) {
  if (way_out(t.panel, kPairedWidth).doublings == WayOut512::kF32)
    return store_paired_f32(t, first, whole, pairs);
  store_paired_s8(t, first, whole, pairs, Narrow512<Way::kRare, kPairedWidth>(t.panel, e));
}

template <Way kWay, size_t kRows, class Tile>
__attribute__((always_inline)) inline void finish_paired_tile(const Tile& t, size_t first,
                                                              const __m512i (&whole)[kRows][1],
                                                              const __m512i (&pairs)[pairs_of(kRows)],
                                                              const Narrow512<kWay, kPairedWidth>& narrow) {
  if constexpr (kWay == Way::kRare) {
    finish_rare_paired(t, first, whole, pairs, narrow.e);
  } else {
    store_paired_s8(t, first, whole, pairs, narrow);
  }
}

}  // namespace
}  // namespace octet::kernels
