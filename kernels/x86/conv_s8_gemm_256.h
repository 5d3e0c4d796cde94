// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels on 256-bit vectors share: panels of 16 (or 8)
// output channels, and the way from accumulators to the output.
//
// A packed panel of 16 channels, W = 16 (8 channels: W = 8, one vector):
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0), or f32 scale[W]
//   s32 left_shift[W]   (p < 0)
//   s16 multiplier[16]
//   s32 way out (kPlainPanel, ...), padded to 32 bytes
//   s8  weights[step][W][kStep], consecutive k of a channel together
// With W = 16, channels stand as 0-3 8-11 | 4-7 12-15 in the s32 vectors, so that
// packs, which works on 128-bit halves, puts them in order.
//
// Isa is the struct of the including file, derived from Gemm256.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/conv_s8_left_shift.h"
#include "kernels/x86/conv_s8_look_up.h"
#include "kernels/x86/inputs_256.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

// What all channels share on the way from acc to the output.
struct Epilogue256 {
  __m256i zero_point, min, max;  // 64 * zero_point + 32 in s16; s8
  bool f32;

  explicit Epilogue256(const ConvS8& c)
      : zero_point(_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32))),
        min(_mm256_set1_epi8(static_cast<char>(c.output_min))),
        max(_mm256_set1_epi8(static_cast<char>(c.output_max))),
        f32(c.accumulator_scale != nullptr) {}
};

struct Gemm256 {
  static constexpr size_t kPanel = 16, kHalfPanel = 8;
  using Epilogue = Epilogue256;

  static size_t panel_width(size_t columns) { return columns <= kHalfPanel ? kHalfPanel : kPanel; }
  static size_t header_bytes(size_t width) { return 12 * width + 64; }
  static void look_up_outputs(const int8_t* table, const TableArea& a) { look_up_area(table, a); }
};

// Places at equal distances: [i] = first + i * step.
template <class T>
struct Even {
  T first;
  size_t step;
  T operator[](size_t i) const { return first + i * step; }
};

// How a panel's accumulators become outputs.
enum PanelWay : int32_t {
  kRarePanel,     // any way: f32 output, fewer channels than the panel is wide, left shifts that saturate
  kPlainPanel,    // none of these: s8 output without left shifts, and packing to s8 is all clamping
  kClampedPanel,  // the same with limits of the output
  kShiftedPanel,  // left shifts (p < 0) under which no accumulator leaves s32
};

// The channel in position `i` of the panel's s32 vectors.
inline size_t channel_at(size_t width, size_t i) {
  constexpr uint8_t kOrder[16] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};
  return width == Gemm256::kPanel ? kOrder[i] : i;
}

// bias, shifts (or scale) and multiplier of the panel's channels; zeros for columns that do not exist.
// `zero_point` is that of the strip's elements.
inline void pack_header(const ConvS8& c, const Panel& panel, int32_t zero_point, uint8_t* to) {
  const size_t width = panel.width;
  std::memset(to, 0, Gemm256::header_bytes(width));
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(bias + width);
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* way = reinterpret_cast<int32_t*>(multiplier + 16);
  *way = c.accumulator_scale || panel.columns < width ? kRarePanel
         : c.output_min > -128 || c.output_max < 127  ? kClampedPanel
                                                      : kPlainPanel;
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
    if (p < 0 && *way != kRarePanel) *way = left_shift_fits(c, o) ? kShiftedPanel : kRarePanel;
  }
  if (c.accumulator_scale) return;
  // In order for W = 16; 0-3 0-3 4-7 4-7 for W = 8, where one vector holds two pixels.
  for (size_t i = 0; i < 16; ++i) {
    const size_t column = width == Gemm256::kPanel ? i : i / 8 * 4 + i % 4;
    if (column < panel.columns) multiplier[i] = c.multiplier[panel.first + column];
  }
}

// The weights of the panel, behind its header.
template <class Isa>
void pack_weights(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  pack_columns<Isa::kStep>(
      c, plan, panel, [&panel](size_t i) { return channel_at(panel.width, i); },
      reinterpret_cast<int8_t*>(to + Gemm256::header_bytes(panel.width)));
}

template <bool kClamps>
inline __m256i clamp(__m256i q, const Epilogue256& e) {
  if (!kClamps) return q;
  return _mm256_min_epi8(_mm256_max_epi8(q, e.min), e.max);
}

// The first `columns` bytes of q, at most 16.
inline void store_some(int8_t* to, __m128i q, size_t columns) {
  if (columns == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), q);
  if (columns & 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), q);
    q = _mm_srli_si128(q, 8);
    to += 8;
  }
  alignas(8) int8_t rest[8];
  _mm_storel_epi64(reinterpret_cast<__m128i*>(rest), q);
  for (size_t i = 0; i < (columns & 7); ++i) to[i] = rest[i];
}

// Two pixels' outputs, in q's halves (16 channels) or quarters 0 and 1 (8 channels).
template <size_t kVectors, bool kWhole>
inline void store_pair(int8_t* to0, int8_t* to1, __m256i q, size_t columns) {
  __m128i q0 = _mm256_castsi256_si128(q);
  __m128i q1 = kVectors == 2 ? _mm256_extracti128_si256(q, 1) : _mm_unpackhi_epi64(q0, q0);
  if (!kWhole) {
    store_some(to0, q0, columns);
    store_some(to1, q1, columns);
  } else if (kVectors == 2) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to0), q0);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to1), q1);
  } else {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to0), q0);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to1), q1);
  }
}

// The panel's requantization, loaded once for a micro-tile: stores of bytes might change memory.
template <size_t kVectors>
struct Requantization {
  __m256i shift0, shift1, multiplier;

  explicit Requantization(const uint8_t* panel)
      : shift0(load(panel + 32 * kVectors)),
        shift1(load(panel + 32 * (2 * kVectors - 1))),
        multiplier(load(panel + 96 * kVectors)) {}
};

// Requantizes two pixels' accumulators.
template <size_t kVectors, bool kClamps>
inline __m256i requantize_pair(const __m256i* a, const __m256i* b, const Requantization<kVectors>& r,
                               const Epilogue256& e) {
  const __m256i s0 = _mm256_srav_epi32(a[0], r.shift0), t0 = _mm256_srav_epi32(b[0], r.shift0);
  if (kVectors == 2) {
    const __m256i s = _mm256_packs_epi32(s0, _mm256_srav_epi32(a[1], r.shift1));
    const __m256i t = _mm256_packs_epi32(t0, _mm256_srav_epi32(b[1], r.shift1));
    const __m256i q = _mm256_packs_epi16(requantize_s16(s, r.multiplier, e.zero_point),
                                         requantize_s16(t, r.multiplier, e.zero_point));
    return _mm256_permute4x64_epi64(clamp<kClamps>(q, e), 0xd8);
  }
  const __m256i q = requantize_s16(_mm256_packs_epi32(s0, t0), r.multiplier, e.zero_point);
  return _mm256_permutevar8x32_epi32(clamp<kClamps>(_mm256_packs_epi16(q, q), e),
                                     _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5));
}

// Two pixels at a time; the last of an odd number is its own neighbour.
template <size_t kRows, size_t kVectors, bool kWhole, bool kClamps, class Isa, class Outputs>
inline void store_s8(const MicroTile<Isa>& t, const Outputs& outputs, const __m256i (&acc)[kRows][kVectors],
                     const Epilogue256& e) {
  const Requantization<kVectors> requantization(t.panel);
  const size_t columns = t.columns;
  auto* output = static_cast<int8_t*>(t.output);
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; i += 2) {
    const size_t next = i + 1 < kRows ? i + 1 : i;
    const __m256i q = requantize_pair<kVectors, kClamps>(acc[i], acc[next], requantization, e);
    store_pair<kVectors, kWhole>(output + outputs[i], output + outputs[next], q, columns);
  }
}

// One pixel's values of float(acc) * scale; every four are neighbours in the output too.
template <size_t kVectors>
inline void store_f32(const __m256i (&acc)[kVectors], const uint8_t* scales, size_t columns, float* output) {
  constexpr size_t kWidth = 8 * kVectors;
  float values[kWidth], in_order[kWidth];
  for (size_t j = 0; j < kVectors; ++j)
    _mm256_storeu_ps(values + 8 * j,
                     _mm256_mul_ps(_mm256_cvtepi32_ps(acc[j]), _mm256_castsi256_ps(load(scales + 32 * j))));
  float* to = columns == kWidth ? output : in_order;
  for (size_t l = 0; l < kWidth; l += 4) std::memcpy(to + channel_at(kWidth, l), values + l, 16);
  if (to == in_order) std::memcpy(output, in_order, columns * sizeof(float));
}

// The way that takes no registers from the others.
template <size_t kRows, size_t kVectors, class Isa, class Outputs>
__attribute__((noinline)) void finish_rare_tile(const MicroTile<Isa>& t, const Outputs& outputs,
                                                __m256i (&acc)[kRows][kVectors], const Epilogue256& e) {
  if (e.f32) {
    for (size_t i = 0; i < kRows; ++i)
      store_f32(acc[i], t.panel + 32 * kVectors, t.columns, static_cast<float*>(t.output) + outputs[i]);
    return;
  }
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kVectors; ++j)
      acc[i][j] = shift_left(acc[i][j], load(t.panel + 32 * (2 * kVectors + j)));
  store_s8<kRows, kVectors, false, true>(t, outputs, acc, e);
}

// From finished accumulators to the output; output i at element `outputs[i]` (a pointer, or Even). Always
// inline: a call would take the accumulators' address, and clang would keep them in memory.
template <size_t kRows, size_t kVectors, class Isa, class Outputs>
__attribute__((always_inline)) inline void finish_micro_tile(const MicroTile<Isa>& t, const Outputs& outputs,
                                                             const __m256i (&acc)[kRows][kVectors],
                                                             const Epilogue256& e) {
  int32_t way;
  std::memcpy(&way, t.panel + 96 * kVectors + 32, sizeof(way));
  if (__builtin_expect(way == kPlainPanel, 1))
    return store_s8<kRows, kVectors, true, false>(t, outputs, acc, e);
  if (way == kClampedPanel) return store_s8<kRows, kVectors, true, true>(t, outputs, acc, e);
  __m256i copy[kRows][kVectors];
  if (way == kShiftedPanel) {
    const __m256i left0 = load(t.panel + 64 * kVectors), left1 = load(t.panel + 96 * kVectors - 32);
#pragma GCC unroll 12
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) copy[i][j] = _mm256_sllv_epi32(acc[i][j], j == 0 ? left0 : left1);
    return store_s8<kRows, kVectors, true, true>(t, outputs, copy, e);
  }
#pragma GCC unroll 12
  for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) copy[i][j] = acc[i][j];
  finish_rare_tile(t, outputs, copy, e);
}

}  // namespace
}  // namespace octet::kernels
