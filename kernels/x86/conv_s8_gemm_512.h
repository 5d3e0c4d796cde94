// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels on 512-bit vectors share: panels of 64 output
// channels (48, 32 or 16 at the end), and the way from accumulators to the output.
//
// A packed panel of W = 16 * V channels:
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0), or f32 scale[W]
//   s32 left_shift[W]   (p < 0)
//   s16 multiplier[64]
//   s32 rare (f32 output or a left shift), padded to 64 bytes
//   s8  weights[step][W][4], four consecutive k per channel
// Element 4 l + k of s32 vector j is channel 4 V l + 4 j + k, so that packs, which
// works on 128-bit lanes l, gathers the 4 V consecutive channels of a lane.
//
// Isa is the struct of the including file, derived from Gemm512.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

struct Epilogue512 : Requantize {
  bool f32;

  explicit Epilogue512(const ConvS8& c)
      : Requantize(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

struct Gemm512 {
  static constexpr size_t kPanel = 64;
  using Epilogue = Epilogue512;

  static size_t panel_width(size_t columns) { return (columns + 15) / 16 * 16; }
  static constexpr size_t header_bytes(size_t width) { return 12 * width + 192; }
};

// The channel in position `i` of the panel's s32 vectors.
inline size_t channel_at(size_t width, size_t i) {
  const size_t vectors = width / 16;
  return i % 16 / 4 * 4 * vectors + i / 16 * 4 + i % 4;
}

// The channel whose multiplier stands in s16 lane `i`. Lanes of 8: vectors 0 and 1 of the lane's
// channels, behind them (i >= 32) vectors 2 and 3; with one vector, it twice.
inline size_t multiplier_channel(size_t width, size_t i) {
  const size_t vectors = width / 16, lane = i % 32 / 8;
  size_t vector = i / 32 * 2 + i % 8 / 4;
  if (vector >= vectors) vector = vectors - 1;
  return lane * 4 * vectors + vector * 4 + i % 4;
}

// bias, shifts (or scale) and multiplier of the panel's channels; zeros for columns that do not exist.
inline void pack_header(const ConvS8& c, const Panel& panel, int32_t zero_point, uint8_t* to) {
  const size_t width = panel.width;
  std::memset(to, 0, Gemm512::header_bytes(width));
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(bias + width);
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* rare = reinterpret_cast<int32_t*>(multiplier + 64);
  *rare = c.accumulator_scale != nullptr;
  for (size_t i = 0; i < width; ++i) {
    if (channel_at(width, i) >= panel.columns) continue;
    const size_t o = panel.first + channel_at(width, i);
    bias[i] = folded_bias(c, o, zero_point);
    if (c.accumulator_scale) {
      std::memcpy(right + i, c.accumulator_scale + o, sizeof(float));
      continue;
    }
    const int p = c.right_shift[o];
    if (p > 0) bias[i] += uint32_t{1} << (p - 1);
    right[i] = p > 0 ? p : 0;
    left[i] = p < 0 ? -p : 0;
    if (p < 0) *rare = 1;
  }
  if (c.accumulator_scale) return;
  for (size_t i = 0; i < 64; ++i) {
    const size_t column = multiplier_channel(width, i);
    if (column < panel.columns) multiplier[i] = c.multiplier[panel.first + column];
  }
}

inline bool is_rare(const uint8_t* panel, size_t width) { return panel[12 * width + 128] != 0; }

// The panel's channels of one pixel, 16 * kVectors of them or, in the last panel, those in the mask.
template <size_t kVectors>
inline void store_channels(int8_t* to, __m512i q, bool whole, __mmask64 mask) {
  if (!whole) {
    _mm512_mask_storeu_epi8(to, mask, q);
  } else if (kVectors == 4) {
    store(to, q);
  } else if (kVectors == 3) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(q));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 32), _mm512_extracti32x4_epi32(q, 2));
  } else if (kVectors == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(q));
  } else {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(q));
  }
}

// The s16 results of vectors a and b of one pixel, or of one vector of two pixels.
inline __m512i narrow_two(__m512i a, __m512i b, const uint8_t* shift_a, const uint8_t* shift_b,
                          __m512i multiplier, const Epilogue512& e) {
  return e.to_s16(
      _mm512_packs_epi32(_mm512_srav_epi32(a, load(shift_a)), _mm512_srav_epi32(b, load(shift_b))),
      multiplier);
}

// Three or four vectors: one pixel fills a register of s8.
template <size_t kRows, size_t kVectors, class Tile>
inline void store_wide(const Tile& t, size_t first, const __m512i (&acc)[kRows][kVectors],
                       const Epilogue512& e) {
  constexpr size_t kLast = kVectors - 1;
  const __mmask64 mask = ~__mmask64{0} >> (64 - t.columns);
  const uint8_t* shifts = t.panel + 64 * kVectors;
  const __m512i m01 = load(t.panel + 192 * kVectors), m23 = load(t.panel + 192 * kVectors + 64);
  const __m512i compress = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    const __m512i r01 = narrow_two(acc[i][0], acc[i][1], shifts, shifts + 64, m01, e);
    const __m512i r23 = narrow_two(acc[i][2], acc[i][kLast], shifts + 128, shifts + 64 * kLast, m23, e);
    __m512i q = e.to_s8(r01, r23);
    if (kVectors == 3) q = _mm512_permutexvar_epi32(compress, q);
    store_channels<kVectors>(static_cast<int8_t*>(t.output) + t.outputs[first + i], q, t.columns == t.width,
                             mask);
  }
}

// The s8 results of pixels [i, i + 4) of one vector, or [i, i + 2) of two; missing ones repeat the last.
template <size_t kRows, size_t kVectors>
inline __m512i narrow_pixels(const __m512i (&acc)[kRows][kVectors], size_t i, const uint8_t* shifts,
                             __m512i multiplier, const Epilogue512& e) {
  constexpr size_t kV1 = kVectors - 1, kLast = kRows - 1;
  const size_t i1 = i + 1 < kLast ? i + 1 : kLast, i2 = i + 2 < kLast ? i + 2 : kLast;
  const size_t i3 = i + 3 < kLast ? i + 3 : kLast;
  const uint8_t *s0 = shifts, *s1 = shifts + 64 * kV1;
  if (kVectors == 2) {
    const __m512i q = e.to_s8(narrow_two(acc[i][0], acc[i][kV1], s0, s1, multiplier, e),
                              narrow_two(acc[i1][0], acc[i1][kV1], s0, s1, multiplier, e));
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), q);
  }
  const __m512i q = e.to_s8(narrow_two(acc[i][0], acc[i1][0], s0, s0, multiplier, e),
                            narrow_two(acc[i2][0], acc[i3][0], s0, s0, multiplier, e));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, q);
}

// One or two vectors: four or two pixels fill a register, which is stored at once where they are neighbours.
template <size_t kRows, size_t kVectors, class Tile>
inline void store_narrow(const Tile& t, size_t first, const __m512i (&acc)[kRows][kVectors],
                         const Epilogue512& e) {
  constexpr size_t kPixels = 4 / kVectors, kWidth = 16 * kVectors;
  const __mmask64 mask = ~__mmask64{0} >> (64 - t.columns);
  const __m512i multiplier = load(t.panel + 192 * kVectors);
  auto* output = static_cast<int8_t*>(t.output);
  const bool whole = t.columns == t.width;
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; i += kPixels) {
    const __m512i q = narrow_pixels(acc, i, t.panel + 64 * kVectors, multiplier, e);
    const size_t* at = t.outputs + first + i;
    int8_t* to = output + at[0];
    if (i + kPixels <= kRows && whole && at[1] - at[0] == kWidth && at[kPixels - 1] - at[0] == 64 - kWidth) {
      store(to, q);
      continue;
    }
    store_channels<kVectors>(to, q, whole, mask);
    if (kVectors == 2 && i + 1 < kRows)
      store_channels<2>(output + at[1], _mm512_shuffle_i64x2(q, q, 0xee), whole, mask);
    if (kVectors == 1 && i + 1 < kRows)
      store_channels<1>(output + at[1], _mm512_shuffle_i32x4(q, q, 1), whole, mask);
    if (kVectors == 1 && i + 2 < kRows)
      store_channels<1>(output + at[2], _mm512_shuffle_i32x4(q, q, 2), whole, mask);
    if (kVectors == 1 && i + 3 < kRows)
      store_channels<1>(output + at[3], _mm512_shuffle_i32x4(q, q, 3), whole, mask);
  }
}

template <size_t kRows, size_t kVectors, class Tile>
__attribute__((always_inline)) inline void store_s8(const Tile& t, size_t first,
                                                    const __m512i (&acc)[kRows][kVectors],
                                                    const Epilogue512& e) {
  if constexpr (kVectors > 2) {
    store_wide<kRows, kVectors>(t, first, acc, e);
  } else {
    store_narrow<kRows, kVectors>(t, first, acc, e);
  }
}

// One pixel's values of float(acc) * scale, channel by channel.
inline void store_f32(const __m512i* acc, const void* scales, size_t width, size_t columns, float* to) {
  const auto* values = reinterpret_cast<const int32_t*>(acc);
  const auto* scale = static_cast<const float*>(scales);
  for (size_t i = 0; i < width; ++i) {
    const size_t channel = channel_at(width, i);
    if (channel < columns) to[channel] = static_cast<float>(values[i]) * scale[i];
  }
}

// What few panels need: f32 output and left shifts. Out of the way, so that it takes no registers from
// the others.
template <size_t kRows, size_t kVectors, class Tile>
__attribute__((noinline)) void finish_rare_tile(const Tile& t, size_t first, __m512i (&acc)[kRows][kVectors],
                                                const Epilogue512& e) {
  if (e.f32) {
    for (size_t i = 0; i < kRows; ++i)
      store_f32(acc[i], t.panel + 64 * kVectors, 16 * kVectors, t.columns,
                static_cast<float*>(t.output) + t.outputs[first + i]);
    return;
  }
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kVectors; ++j)
      acc[i][j] = shift_left(acc[i][j], load(t.panel + 64 * (2 * kVectors + j)));
  store_s8(t, first, acc, e);
}

// From finished accumulators to the output.
template <size_t kRows, size_t kVectors, class Tile>
__attribute__((always_inline)) inline void finish_micro_tile(const Tile& t, size_t first,
                                                             const __m512i (&acc)[kRows][kVectors], bool rare,
                                                             const Epilogue512& e) {
  if (__builtin_expect(!rare, 1)) return store_s8(t, first, acc, e);
  __m512i copy[kRows][kVectors];
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) copy[i][j] = acc[i][j];
  finish_rare_tile(t, first, copy, e);
}

}  // namespace
}  // namespace octet::kernels
