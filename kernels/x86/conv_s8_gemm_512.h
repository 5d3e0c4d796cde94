// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 GEMM kernels on 512-bit vectors share: panels of 64 output
// channels (48, 32, 24 or 16 at the end), and the way from accumulators to the output.
//
// A packed panel of W = 16 * V channels:
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0), or f32 scale[W]
//   s16 multiplier[64]
//   WayOut512, 128 bytes
//   s32 left_shift[W]   (p < 0)
//   s8  weights[step][W][4], four consecutive k per channel
// Element 4 l + k of s32 vector j is channel 4 V l + 4 j + k, so that packs, which
// works on 128-bit lanes l, gathers the 4 V consecutive channels of a lane. A panel of 24 has its
// channels in order; conv_s8_gemm_512_paired.h works on it.
//
// A left shift (p < 0) is done in s32 where no accumulator can leave that, else in s16, behind packs, by
// doubling with saturation: what saturates before a shift saturates after it too.
//
// Isa is the struct of the including file, derived from Gemm512.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/conv_s8_left_shift.h"
#include "kernels/x86/conv_s8_look_up.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

struct Epilogue512 : Requantize {
  explicit Epilogue512(const ConvS8& c) : Requantize(c.output_zero_point, c.output_min, c.output_max) {}
};

struct Gemm512 {
  using Element = uint8_t;  // inputs as q + 128: the sign bit flipped
  static constexpr size_t kStep = 4;
  static constexpr size_t kPanel = 64;
  using Epilogue = Epilogue512;

  static size_t panel_width(size_t columns) {
    return columns > 16 && columns <= 24 ? 24 : (columns + 15) / 16 * 16;
  }
  static constexpr size_t header_bytes(size_t width) { return 12 * width + 256; }
  static void look_up_outputs(const int8_t* table, const TableArea& a) { look_up_area(table, a); }

  static uint8_t pad_element(int32_t input_zero_point) {
    return static_cast<uint8_t>(input_zero_point + 128);
  }
  // fill() and convert() may run up to 63 elements over `to + count`; what stands there is written later or
  // never read.
  static void fill(uint8_t* to, size_t count, uint8_t value) {
    const __m512i v = _mm512_set1_epi8(static_cast<char>(value));
    for (size_t i = 0; i < count; i += 64) store(to + i, v);
  }
  static void convert(const int8_t* from, size_t count, uint8_t* to) {
    const __m512i flip = _mm512_set1_epi8(-128);
    size_t i = 0;
    for (; i + 64 <= count; i += 64) store(to + i, _mm512_xor_si512(load(from + i), flip));
    if (i == count) return;
    const __mmask64 rest = ~__mmask64{0} >> (64 - (count - i));
    store(to + i, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, from + i), flip));
  }
};

// The ways from a panel's accumulators to its outputs.
enum class Way : int32_t {
  kRare,       // as f32, or some channels shift left and may saturate
  kLimitsLow,  // what is above the largest output saturates
  kLimitsBoth,
  kShiftsLimitsLow,  // some channels shift left, and their accumulators stay in s32
  kShiftsLimitsBoth,
};

// `doublings` of rare panels take place each in the s16 lanes of its masks: one for vectors 0 and 1, one for
// 2 and 3. Fifteen saturate whatever is not 0.
struct WayOut512 {
  static constexpr size_t kMost = 15;
  static constexpr int32_t kF32 = -1;
  Way way;
  int32_t doublings;  // or kF32
  uint32_t masks[kMost][2];
};

// The channel in position `i` of the panel's s32 vectors.
inline size_t channel_at(size_t width, size_t i) {
  const size_t vectors = width / 16;
  if (width == 24) return i;
  return i % 16 / 4 * 4 * vectors + i / 16 * 4 + i % 4;
}

// The channel whose multiplier stands in s16 lane `i`. Lanes of 8: vectors 0 and 1 of the lane's
// channels, behind them (i >= 32) vectors 2 and 3; with one vector, it twice. With 24 channels, the first 16
// twice, behind them the last 8 twice in either half.
inline size_t multiplier_channel(size_t width, size_t i) {
  const size_t vectors = width / 16, lane = i % 32 / 8;
  if (width == 24) return i < 32 ? lane * 4 + i % 4 : 16 + lane % 2 * 4 + i % 4;
  size_t vector = i / 32 * 2 + i % 8 / 4;
  if (vector >= vectors) vector = vectors - 1;
  return lane * 4 * vectors + vector * 4 + i % 4;
}

inline WayOut512* way_out(uint8_t* panel, size_t width) {
  return reinterpret_cast<WayOut512*>(panel + 8 * width + 128);
}
inline const WayOut512& way_out(const uint8_t* panel, size_t width) {
  return *reinterpret_cast<const WayOut512*>(panel + 8 * width + 128);
}

// multiplier of channel o, in s16 lane `lane`, and its left shifts if they are doublings.
inline void pack_s16_lane(const ConvS8& c, size_t o, size_t lane, int16_t* multiplier, WayOut512* way) {
  multiplier[lane] = c.multiplier[o];
  const size_t left = c.right_shift[o] < 0 ? static_cast<size_t>(-c.right_shift[o]) : 0;
  for (size_t d = 0; way->way == Way::kRare && d < min_size(left, WayOut512::kMost); ++d) {
    way->masks[d][lane / 32] |= uint32_t{1} << lane % 32;
    if (way->doublings <= static_cast<int32_t>(d)) way->doublings = static_cast<int32_t>(d) + 1;
  }
}

inline Way find_way(const ConvS8& c, const Panel& panel) {
  if (c.accumulator_scale) return Way::kRare;
  bool shifts = false, fits = true;
  for (size_t o = panel.first; o < panel.first + panel.columns; ++o) {
    shifts = shifts || c.right_shift[o] < 0;
    fits = fits && (c.right_shift[o] >= 0 || left_shift_fits(c, o));
  }
  if (!fits) return Way::kRare;
  const bool both = Epilogue512(c).limits_high;
  if (shifts) return both ? Way::kShiftsLimitsBoth : Way::kShiftsLimitsLow;
  return both ? Way::kLimitsBoth : Way::kLimitsLow;
}

// bias, shifts (or scale) of channel o in position `i` of the panel's vectors.
inline void pack_s32_lane(const ConvS8& c, size_t o, int32_t zero_point, size_t width, size_t i,
                          uint8_t* to) {
  auto* bias = reinterpret_cast<uint32_t*>(to) + i;
  auto* right = reinterpret_cast<int32_t*>(to + 4 * width) + i;
  *bias = folded_bias(c, o, zero_point);
  if (c.accumulator_scale) {
    std::memcpy(right, c.accumulator_scale + o, sizeof(float));
  } else if (c.right_shift[o] > 0) {
    *bias += uint32_t{1} << (c.right_shift[o] - 1);
    *right = c.right_shift[o];
  } else {
    reinterpret_cast<int32_t*>(to + 8 * width + 256)[i] = -c.right_shift[o];
  }
}

// Everything of the panel but its weights; zeros for columns that do not exist.
inline void pack_header(const ConvS8& c, const Panel& panel, int32_t zero_point, uint8_t* to) {
  const size_t width = panel.width;
  std::memset(to, 0, Gemm512::header_bytes(width));
  way_out(to, width)->way = find_way(c, panel);
  if (c.accumulator_scale) way_out(to, width)->doublings = WayOut512::kF32;
  for (size_t i = 0; i < width; ++i)
    if (channel_at(width, i) < panel.columns)
      pack_s32_lane(c, panel.first + channel_at(width, i), zero_point, width, i, to);
  if (c.accumulator_scale) return;
  auto* multiplier = reinterpret_cast<int16_t*>(to + 8 * width);
  for (size_t lane = 0; lane < 64; ++lane) {
    const size_t column = multiplier_channel(width, lane);
    if (column < panel.columns) pack_s16_lane(c, panel.first + column, lane, multiplier, way_out(to, width));
  }
}

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

template <Way kWay>
struct WayConstant {
  static constexpr Way value = kWay;
};

// Calls body(WayConstant<way>()).
template <class Body>
__attribute__((always_inline)) inline void with_way(Way way, const Body& body) {
  switch (way) {
    case Way::kRare:
      return body(WayConstant<Way::kRare>());
    case Way::kLimitsLow:
      return body(WayConstant<Way::kLimitsLow>());
    case Way::kLimitsBoth:
      return body(WayConstant<Way::kLimitsBoth>());
    case Way::kShiftsLimitsLow:
      return body(WayConstant<Way::kShiftsLimitsLow>());
    case Way::kShiftsLimitsBoth:
      return body(WayConstant<Way::kShiftsLimitsBoth>());
  }
}

// 32 bytes in both halves.
inline __m512i load_twice(const uint8_t* from) {
  return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// What the steps from s32 to s8 take, read once for all micro-tiles of a panel, but for the shifts of more
// than two vectors: there registers are short. Of 24 channels, shift[1] has the last 8 in both halves.
template <Way kWay, size_t kWidth>
struct Narrow512 {
  static constexpr size_t kShifts = kWidth > 32 ? 0 : (kWidth + 15) / 16;
  static constexpr size_t kHalves = kWidth > 32 || kWidth == 24 ? 2 : 1;
  static constexpr bool kShiftsLeft = kWay == Way::kShiftsLimitsLow || kWay == Way::kShiftsLimitsBoth;
  static constexpr bool kLimitsHigh = kWay != Way::kLimitsLow && kWay != Way::kShiftsLimitsLow;
  Epilogue512 e;
  const WayOut512& way;
  const uint8_t* shifts;
  __m512i shift[kShifts + 1], multiplier[kHalves];

  Narrow512(const uint8_t* panel, const Epilogue512& epilogue)
      : e(epilogue), way(way_out(panel, kWidth)), shifts(panel + 4 * kWidth) {
#pragma GCC unroll 2
    for (size_t j = 0; j < kShifts; ++j)
      shift[j] = kWidth == 24 && j == 1 ? load_twice(shifts + 64) : load(shifts + 64 * j);
#pragma GCC unroll 2
    for (size_t h = 0; h < kHalves; ++h) multiplier[h] = load(panel + 8 * kWidth + 64 * h);
  }

  __m512i shifted(__m512i a, size_t j) const {
    if (kShiftsLeft) a = _mm512_sllv_epi32(a, left_shift(j));
    return _mm512_srav_epi32(a, kShifts == 0 ? load(shifts + 64 * j) : shift[j]);
  }
  __m512i left_shift(size_t j) const {
    const uint8_t* from = shifts + 4 * kWidth + 256 + 64 * j;
    return kWidth == 24 && j == 1 ? load_twice(from) : load(from);
  }
  // The s16 results of s32 vectors a and b, which take shifts j and k, and multipliers `half`.
  __m512i operator()(__m512i a, size_t j, __m512i b, size_t k, size_t half) const {
    __m512i t = _mm512_packs_epi32(shifted(a, j), shifted(b, k));
    if (kWay == Way::kRare)
#pragma GCC unroll 1
      for (int32_t d = 0; d < way.doublings; ++d) t = _mm512_mask_adds_epi16(t, way.masks[d][half], t, t);
    return e.to_s16<kLimitsHigh>(t, multiplier[half]);
  }
};

// Three or four vectors: one pixel fills a register of s8.
template <Way kWay, size_t kRows, size_t kVectors, class Tile>
__attribute__((always_inline)) inline void store_wide(const Tile& t, size_t first,
                                                      const __m512i (&acc)[kRows][kVectors],
                                                      const Narrow512<kWay, 16 * kVectors>& narrow) {
  constexpr size_t kLast = kVectors - 1;
  const __mmask64 mask = ~__mmask64{0} >> (64 - t.columns);
  const __m512i compress = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    __m512i q = _mm512_packs_epi16(narrow(acc[i][0], 0, acc[i][1], 1, 0),
                                   narrow(acc[i][2], 2, acc[i][kLast], kLast, 1));
    if (kVectors == 3) q = _mm512_permutexvar_epi32(compress, q);
    store_channels<kVectors>(static_cast<int8_t*>(t.output) + t.outputs[first + i], q, t.columns == t.width,
                             mask);
  }
}

// The s8 results of pixels [i, i + 4) of one vector, or [i, i + 2) of two; missing ones repeat the last.
template <size_t kRows, size_t kVectors, class Narrow>
__attribute__((always_inline)) inline __m512i narrow_pixels(const __m512i (&acc)[kRows][kVectors], size_t i,
                                                            const Narrow& narrow) {
  constexpr size_t kV1 = kVectors - 1, kLast = kRows - 1;
  const size_t i1 = i + 1 < kLast ? i + 1 : kLast, i2 = i + 2 < kLast ? i + 2 : kLast;
  const size_t i3 = i + 3 < kLast ? i + 3 : kLast;
  if (kVectors == 2) {
    const __m512i q = _mm512_packs_epi16(narrow(acc[i][0], 0, acc[i][kV1], kV1, 0),
                                         narrow(acc[i1][0], 0, acc[i1][kV1], kV1, 0));
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), q);
  }
  const __m512i q =
      _mm512_packs_epi16(narrow(acc[i][0], 0, acc[i1][0], 0, 0), narrow(acc[i2][0], 0, acc[i3][0], 0, 0));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, q);
}

// One or two vectors: four or two pixels fill a register, which is stored at once where they are neighbours.
template <Way kWay, size_t kRows, size_t kVectors, class Tile>
__attribute__((always_inline)) inline void store_narrow(const Tile& t, size_t first,
                                                        const __m512i (&acc)[kRows][kVectors],
                                                        const Narrow512<kWay, 16 * kVectors>& narrow) {
  constexpr size_t kPixels = 4 / kVectors, kWidth = 16 * kVectors;
  const __mmask64 mask = ~__mmask64{0} >> (64 - t.columns);
  auto* output = static_cast<int8_t*>(t.output);
  const bool whole = t.columns == t.width;
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; i += kPixels) {
    const __m512i q = narrow_pixels(acc, i, narrow);
    const size_t* at = t.outputs + first + i;
    int8_t* to = output + at[0];
    if (i + kPixels <= kRows && whole && at[1] - at[0] == kWidth && at[kPixels - 1] - at[0] == 64 - kWidth) {
      store(to, q);
      continue;
    }
    store_channels<kVectors>(to, q, whole, mask);
    if (kVectors == 2 && i + 1 < kRows)
      store_channels<2>(output + at[1], _mm512_castsi256_si512(_mm512_extracti64x4_epi64(q, 1)), whole, mask);
    if (kVectors == 1 && i + 1 < kRows)
      store_channels<1>(output + at[1], _mm512_castsi128_si512(_mm512_extracti32x4_epi32(q, 1)), whole, mask);
    if (kVectors == 1 && i + 2 < kRows)
      store_channels<1>(output + at[2], _mm512_castsi128_si512(_mm512_extracti32x4_epi32(q, 2)), whole, mask);
    if (kVectors == 1 && i + 3 < kRows)
      store_channels<1>(output + at[3], _mm512_castsi128_si512(_mm512_extracti32x4_epi32(q, 3)), whole, mask);
  }
}

// f32 output, float(acc) * scale. Every four values are neighbours in the output too.
template <size_t kRows, size_t kVectors, class Tile>
__attribute__((noinline)) void store_f32(const Tile& t, size_t first, const __m512i (&acc)[kRows][kVectors]) {
  constexpr size_t kWidth = 16 * kVectors;
  for (size_t i = 0; i < kRows; ++i) {
    float values[kWidth], in_order[kWidth];
    for (size_t j = 0; j < kVectors; ++j)
      _mm512_storeu_ps(values + 16 * j, _mm512_mul_ps(_mm512_cvtepi32_ps(acc[i][j]),
                                                      _mm512_loadu_ps(t.panel + 4 * kWidth + 64 * j)));
    float* output = static_cast<float*>(t.output) + t.outputs[first + i];
    float* to = t.columns == kWidth ? output : in_order;
    for (size_t l = 0; l < kWidth; l += 4) std::memcpy(to + channel_at(kWidth, l), values + l, 16);
    if (to == in_order) std::memcpy(output, in_order, t.columns * sizeof(float));
  }
}

// The ways that take no registers from the others.
template <size_t kRows, size_t kVectors, class Tile>
__attribute__((noinline)) void finish_rare_tile(const Tile& t, size_t first,
                                                const __m512i (&acc)[kRows][kVectors], const Epilogue512& e) {
  constexpr size_t kWidth = 16 * kVectors;
  if (way_out(t.panel, kWidth).doublings == WayOut512::kF32) return store_f32(t, first, acc);
  const Narrow512<Way::kRare, kWidth> narrow(t.panel, e);
  if constexpr (kVectors > 2) {
    store_wide(t, first, acc, narrow);
  } else {
    store_narrow(t, first, acc, narrow);
  }
}

// From finished accumulators to the output.
template <Way kWay, size_t kRows, size_t kVectors, class Tile>
__attribute__((always_inline)) inline void finish_micro_tile(const Tile& t, size_t first,
                                                             const __m512i (&acc)[kRows][kVectors],
                                                             const Narrow512<kWay, 16 * kVectors>& narrow) {
  if constexpr (kWay == Way::kRare) {
    finish_rare_tile(t, first, acc, narrow.e);
  } else if constexpr (kVectors > 2) {
    store_wide(t, first, acc, narrow);
  } else {
    store_narrow(t, first, acc, narrow);
  }
}

}  // namespace
}  // namespace octet::kernels
