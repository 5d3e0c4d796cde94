// SPDX-License-Identifier: Apache-2.0
//
// The way from accumulators to outputs of the conv_s16 kernels on 256-bit vectors, 16 channels at a time. The
// header in front of packed weights is that of conv_s8_gemm_256.h with W = 16, and channels stand in its order:
// 0-3 8-11 | 4-7 12-15.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/conv_s16.h"
#include "kernels/x86/conv_s8_gemm_256.h"

namespace octet::kernels {
namespace {

constexpr size_t kWideHeaderBytes = 12 * Gemm256::kPanel + 64;

// Inputs come less their zero point. No left shift is known not to leave s32: that proof is of s8 inputs.
inline void pack_wide_header(const ConvS16& c, size_t first, size_t columns, uint8_t* to) {
  Panel panel = {};
  panel.first = first;
  panel.columns = columns;
  panel.width = Gemm256::kPanel;
  pack_header(c, panel, 0, to);
  int32_t way;
  std::memcpy(&way, to + kWideHeaderBytes - 32, sizeof(way));
  if (way != kShiftedPanel) return;
  way = kRarePanel;
  std::memcpy(to + kWideHeaderBytes - 32, &way, sizeof(way));
}

// 16 outputs of s16 from their accumulators.
inline __m256i requantize_wide(__m256i acc0, __m256i acc1, const Requantization<2>& r, __m256i min,
                               __m256i max) {
  const __m256i t =
      _mm256_packs_epi32(_mm256_srav_epi32(acc0, r.shift0), _mm256_srav_epi32(acc1, r.shift1));
  return _mm256_min_epi16(_mm256_max_epi16(_mm256_mulhrs_epi16(t, r.multiplier), min), max);
}

struct WideEpilogue {
  Epilogue256 narrow;  // f32 and s8
  __m256i min, max;    // s16
  bool s16;
  const int8_t* table;

  explicit WideEpilogue(const ConvS16& c)
      : narrow(c),
        min(_mm256_set1_epi16(static_cast<int16_t>(c.output_min))),
        max(_mm256_set1_epi16(static_cast<int16_t>(c.output_max))),
        s16(c.output_s16),
        table(c.accumulator_scale ? nullptr : c.output_table) {}
};

template <size_t kRows>
__attribute__((noinline)) void store_rare_wide(const uint8_t* header, size_t columns, int16_t* to,
                                               size_t stride, const __m256i (&acc)[kRows][2],
                                               const WideEpilogue& e) {
  const Requantization<2> r(header);
  const __m256i left0 = load(header + 128), left1 = load(header + 160);
  for (size_t i = 0; i < kRows; ++i, to += stride) {
    alignas(32) int16_t q[16];
    const __m256i v =
        requantize_wide(shift_left(acc[i][0], left0), shift_left(acc[i][1], left1), r, e.min, e.max);
    _mm256_store_si256(reinterpret_cast<__m256i*>(q), v);
    std::memcpy(to, q, columns * sizeof(int16_t));
  }
}

// Rows of outputs, `stride` elements apart from element `first` of `output` on: channels of one panel.
template <class Isa, size_t kRows>
__attribute__((always_inline)) inline void finish_wide(const uint8_t* header, size_t columns, void* output,
                                                       size_t first, size_t stride,
                                                       const __m256i (&acc)[kRows][2],
                                                       const WideEpilogue& e) {
  if (e.s16) {
    int16_t* to = static_cast<int16_t*>(output) + first;
    int32_t way;
    std::memcpy(&way, header + kWideHeaderBytes - 32, sizeof(way));
    if (__builtin_expect(way == kRarePanel, 0)) {
      __m256i copy[kRows][2];
#pragma GCC unroll 6
      for (size_t i = 0; i < kRows; ++i) {
        copy[i][0] = acc[i][0];
        copy[i][1] = acc[i][1];
      }
      return store_rare_wide<kRows>(header, columns, to, stride, copy, e);
    }
    const Requantization<2> r(header);
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * stride),
                          requantize_wide(acc[i][0], acc[i][1], r, e.min, e.max));
    return;
  }
  MicroTile<Isa> t = {};
  t.panel = header;
  t.columns = columns;
  t.output = output;
  finish_micro_tile(t, Even<size_t>{first, stride}, acc, e.narrow);
  if (e.table)
    look_up_area(e.table, {static_cast<int8_t*>(output) + first, 1, 0, kRows, stride, columns});
}

}  // namespace
}  // namespace octet::kernels
