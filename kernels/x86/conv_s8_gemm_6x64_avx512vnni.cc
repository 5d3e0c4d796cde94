// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX512-VNNI: 6 output pixels by 64 output
// channels (48, 32 or 16 at the end), any geometry and groups.
// conv_s8_strip.h cuts the work.
//
// Exact: vpdpbusd adds four u8 * s8 products to an s32 without saturation. The
// strip holds inputs as q + 128 (the sign bit flipped), and the bias takes
// (input_zero_point + 128) * sum of weights back, modulo 2^32.
//
// A packed panel of W = 16 * V channels:
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0), or f32 scale[W]
//   s32 left_shift[W]   (p < 0)
//   s16 multiplier[64]
//   s32 has_left_shift, padded to 64 bytes
//   s8  weights[step][W][4], four consecutive k per channel
// Element 4 l + k of s32 vector j is channel 4 V l + 4 j + k, so that packs, which
// works on 128-bit lanes l, gathers the 4 V consecutive channels of a lane.
#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

struct Avx512Vnni {
  using Element = uint8_t;
  static constexpr size_t kStep = 4, kRows = 6, kPanel = 64;
  struct Epilogue;

  static size_t panel_width(size_t columns) { return (columns + 15) / 16 * 16; }
  static size_t header_bytes(size_t width) { return 12 * width + 192; }
  static uint8_t pad_element(int32_t input_zero_point) {
    return static_cast<uint8_t>(input_zero_point + 128);
  }
  static void fill(uint8_t* to, size_t count, uint8_t value);
  static void convert(const int8_t* from, size_t count, uint8_t* to);
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Avx512Vnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

// What all channels share on the way from acc to the output.
struct Avx512Vnni::Epilogue : Requantize {
  bool f32;

  explicit Epilogue(const ConvS8& c)
      : Requantize(c.output_zero_point, c.output_min, c.output_max), f32(c.accumulator_scale != nullptr) {}
};

// Stores may run up to 63 elements over `to + count`; what stands there is written later or never read.
void Avx512Vnni::fill(uint8_t* to, size_t count, uint8_t value) {
  const __m512i v = _mm512_set1_epi8(static_cast<char>(value));
  for (size_t i = 0; i < count; i += 64) _mm512_storeu_si512(to + i, v);
}

void Avx512Vnni::convert(const int8_t* from, size_t count, uint8_t* to) {
  const __m512i flip = _mm512_set1_epi8(-128);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) _mm512_storeu_si512(to + i, _mm512_xor_si512(load(from + i), flip));
  if (i == count) return;
  const __mmask64 rest = ~__mmask64{0} >> (64 - (count - i));
  _mm512_storeu_si512(to + i, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, from + i), flip));
}

// The channel in position `i` of the panel's s32 vectors.
size_t channel_at(size_t width, size_t i) {
  const size_t vectors = width / 16;
  return i % 16 / 4 * 4 * vectors + i / 16 * 4 + i % 4;
}

// The channel whose multiplier stands in s16 lane `i`. Lanes of 8: vectors 0 and 1 of the lane's
// channels, behind them (i >= 32) vectors 2 and 3; with one vector, it twice.
size_t multiplier_channel(size_t width, size_t i) {
  const size_t vectors = width / 16, lane = i % 32 / 8;
  size_t vector = i / 32 * 2 + i % 8 / 4;
  if (vector >= vectors) vector = vectors - 1;
  return lane * 4 * vectors + vector * 4 + i % 4;
}

// bias, shifts (or scale) and multiplier of the panel's channels; zeros for columns that do not exist.
void pack_header(const ConvS8& c, const Panel& panel, uint8_t* to) {
  const size_t width = panel.width;
  std::memset(to, 0, Avx512Vnni::header_bytes(width));
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(bias + width);
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* has_left = reinterpret_cast<int32_t*>(multiplier + 64);
  for (size_t i = 0; i < width; ++i) {
    if (channel_at(width, i) >= panel.columns) continue;
    const size_t o = panel.first + channel_at(width, i);
    bias[i] = folded_bias(c, o, c.input_zero_point + 128);
    if (c.accumulator_scale) {
      std::memcpy(right + i, c.accumulator_scale + o, sizeof(float));
      continue;
    }
    const int p = c.right_shift[o];
    if (p > 0) bias[i] += uint32_t{1} << (p - 1);
    right[i] = p > 0 ? p : 0;
    left[i] = p < 0 ? -p : 0;
    if (p < 0) *has_left = 1;
  }
  if (c.accumulator_scale) return;
  for (size_t i = 0; i < 64; ++i) {
    const size_t column = multiplier_channel(width, i);
    if (column < panel.columns) multiplier[i] = c.multiplier[panel.first + column];
  }
}

void Avx512Vnni::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, to);
  pack_columns<kStep>(
      c, plan, panel, [&panel](size_t i) { return channel_at(panel.width, i); },
      reinterpret_cast<int8_t*>(to + header_bytes(panel.width)));
}

// The pixels of one micro-tile: where they stand in the strip, and where their outputs begin.
struct Pixels {
  const uint8_t* const* pixels;
  const size_t* outputs;
};

inline __m512i broadcast_four(const uint8_t* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm512_set1_epi32(four);
}

template <size_t kRows, size_t kVectors>
inline void multiply_runs(const MicroTile<Avx512Vnni>& t, const Pixels& at, __m512i (&acc)[kRows][kVectors]) {
  const uint8_t* weights = t.panel + Avx512Vnni::header_bytes(16 * kVectors);
  for (size_t run = 0; run < t.runs; ++run) {
    const uint8_t* a[kRows];
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) a[i] = at.pixels[i] + t.run_offsets[run];
    for (size_t k = 0; k < 4 * t.steps; k += 4) {
      __m512i b[kVectors];
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 64 * j);
      weights += 64 * kVectors;
#pragma GCC unroll 6
      for (size_t i = 0; i < kRows; ++i) {
        const __m512i four = broadcast_four(a[i] + k);
#pragma GCC unroll 4
        for (size_t j = 0; j < kVectors; ++j) acc[i][j] = _mm512_dpbusd_epi32(acc[i][j], four, b[j]);
      }
    }
  }
}

// Stores bytes [0, columns) of the 128-bit lanes from `lane` on; kWhole: all 16 * kVectors of them.
template <size_t kVectors>
inline void store_bytes(int8_t* to, __m512i q, bool whole, __mmask64 mask) {
  if (!whole || kVectors == 3) {
    _mm512_mask_storeu_epi8(to, mask, q);
  } else if (kVectors == 4) {
    _mm512_storeu_si512(to, q);
  } else if (kVectors == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(q));
  } else {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(q));
  }
}

// The s16 results of vectors a and b of one pixel, or of one vector of two pixels.
inline __m512i narrow_two(__m512i a, __m512i b, const uint8_t* shift_a, const uint8_t* shift_b,
                          __m512i multiplier, const Avx512Vnni::Epilogue& e) {
  const __m512i t =
      _mm512_packs_epi32(_mm512_srav_epi32(a, load(shift_a)), _mm512_srav_epi32(b, load(shift_b)));
  return e.to_s16(t, multiplier);
}

// Three or four vectors: one pixel fills a register of s8.
template <size_t kRows, size_t kVectors>
inline void store_wide(const MicroTile<Avx512Vnni>& t, const Pixels& at,
                       const __m512i (&acc)[kRows][kVectors], const Avx512Vnni::Epilogue& e, __mmask64 mask) {
  constexpr size_t kLast = kVectors - 1;
  const uint8_t* shifts = t.panel + 64 * kVectors;
  const __m512i m01 = load(t.panel + 192 * kVectors), m23 = load(t.panel + 192 * kVectors + 64);
  const __m512i compress = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i) {
    const __m512i r01 = narrow_two(acc[i][0], acc[i][1], shifts, shifts + 64, m01, e);
    const __m512i r23 = narrow_two(acc[i][2], acc[i][kLast], shifts + 128, shifts + 64 * kLast, m23, e);
    __m512i q = e.to_s8(r01, r23);
    if (kVectors == 3) q = _mm512_permutexvar_epi32(compress, q);
    store_bytes<kVectors>(static_cast<int8_t*>(t.output) + at.outputs[i], q, t.columns == t.width, mask);
  }
}

// One or two vectors: four or two pixels fill a register; missing ones repeat the last.
template <size_t kRows, size_t kVectors>
inline void store_narrow(const MicroTile<Avx512Vnni>& t, const Pixels& at,
                         const __m512i (&acc)[kRows][kVectors], const Avx512Vnni::Epilogue& e,
                         __mmask64 mask) {
  constexpr size_t kPixels = 4 / kVectors, kV1 = kVectors - 1, kLast = kRows - 1;
  const uint8_t *s0 = t.panel + 64 * kVectors, *s1 = s0 + 64 * kV1;
  const __m512i multiplier = load(t.panel + 192 * kVectors);
  auto* output = static_cast<int8_t*>(t.output);
  const bool whole = t.columns == t.width;
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; i += kPixels) {
    const size_t i1 = i + 1 < kLast ? i + 1 : kLast, i2 = i + 2 < kLast ? i + 2 : kLast;
    const size_t i3 = i + 3 < kLast ? i + 3 : kLast;
    __m512i q;
    if (kVectors == 2) {
      q = e.to_s8(narrow_two(acc[i][0], acc[i][kV1], s0, s1, multiplier, e),
                  narrow_two(acc[i1][0], acc[i1][kV1], s0, s1, multiplier, e));
      q = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), q);
      store_bytes<kVectors>(output + at.outputs[i], q, whole, mask);
      store_bytes<kVectors>(output + at.outputs[i1], _mm512_shuffle_i64x2(q, q, 0xee), whole, mask);
    } else {
      q = e.to_s8(narrow_two(acc[i][0], acc[i1][0], s0, s0, multiplier, e),
                  narrow_two(acc[i2][0], acc[i3][0], s0, s0, multiplier, e));
      const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      q = _mm512_permutexvar_epi32(order, q);
      store_bytes<kVectors>(output + at.outputs[i], q, whole, mask);
      store_bytes<kVectors>(output + at.outputs[i1], _mm512_shuffle_i32x4(q, q, 1), whole, mask);
      store_bytes<kVectors>(output + at.outputs[i2], _mm512_shuffle_i32x4(q, q, 2), whole, mask);
      store_bytes<kVectors>(output + at.outputs[i3], _mm512_shuffle_i32x4(q, q, 3), whole, mask);
    }
  }
}

// One pixel's values of float(acc) * scale, channel by channel: this is the rare way out.
__attribute__((noinline)) void store_f32(const int32_t* acc, const void* scales, size_t width, size_t columns,
                                         float* to) {
  const auto* scale = static_cast<const float*>(scales);
  for (size_t i = 0; i < width; ++i) {
    const size_t channel = channel_at(width, i);
    if (channel < columns) to[channel] = static_cast<float>(acc[i]) * scale[i];
  }
}

template <size_t kRows, size_t kVectors>
inline void run_micro_tile(const MicroTile<Avx512Vnni>& t, const Pixels& at, const Avx512Vnni::Epilogue& e) {
  __m512i acc[kRows][kVectors];
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 64 * j);
  multiply_runs<kRows, kVectors>(t, at, acc);
  if (e.f32) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) {
      int32_t values[16 * kVectors];
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) _mm512_storeu_si512(values + 16 * j, acc[i][j]);
      store_f32(values, t.panel + 64 * kVectors, 16 * kVectors, t.columns,
                static_cast<float*>(t.output) + at.outputs[i]);
    }
    return;
  }
  int32_t has_left;
  std::memcpy(&has_left, t.panel + 192 * kVectors + 128, sizeof(has_left));
  if (has_left) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j)
        acc[i][j] = shift_left(acc[i][j], load(t.panel + 64 * (2 * kVectors + j)));
  }
  const __mmask64 mask = ~__mmask64{0} >> (64 - t.columns);
  if constexpr (kVectors > 2) {
    store_wide<kRows, kVectors>(t, at, acc, e, mask);
  } else {
    store_narrow<kRows, kVectors>(t, at, acc, e, mask);
  }
}

// Copies of the parameters can live in registers. Fewer than kRows - 1 rows are a single tile, which
// goes without: loading what was just stored in other sizes stalls.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<Avx512Vnni>& t, Pixels at, size_t tiles, const Avx512Vnni::Epilogue& e) {
  if constexpr (kRows + 1 < Avx512Vnni::kRows) {
    run_micro_tile<kRows, kVectors>(t, at, e);
  } else {
    const MicroTile<Avx512Vnni> local = t;
    const Avx512Vnni::Epilogue epilogue = e;
    for (; tiles > 0; --tiles, at.pixels += kRows, at.outputs += kRows)
      run_micro_tile<kRows, kVectors>(local, at, epilogue);
  }
}

using RunTiles = void (*)(const MicroTile<Avx512Vnni>&, Pixels, size_t, const Avx512Vnni::Epilogue&);

template <size_t kVectors>
RunTiles find_run_tiles(size_t rows) {
  static constexpr RunTiles kFunctions[6] = {run_micro_tiles<1, kVectors>, run_micro_tiles<2, kVectors>,
                                             run_micro_tiles<3, kVectors>, run_micro_tiles<4, kVectors>,
                                             run_micro_tiles<5, kVectors>, run_micro_tiles<6, kVectors>};
  return kFunctions[rows - 1];
}

void Avx512Vnni::run_tiles(const MicroTile<Avx512Vnni>& t, size_t first, size_t rows, size_t tiles,
                           const Epilogue& e) {
  const RunTiles function = t.width == 16   ? find_run_tiles<1>(rows)
                            : t.width == 32 ? find_run_tiles<2>(rows)
                            : t.width == 48 ? find_run_tiles<3>(rows)
                                            : find_run_tiles<4>(rows);
  function(t, {t.pixels + first, t.outputs + first}, tiles, e);
}

bool supports(const ConvS8&) { return true; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_6x64_avx512vnni_kernel;
const ConvS8Kernel conv_s8_gemm_6x64_avx512vnni_kernel = {"conv_s8_gemm_6x64_avx512vnni",
                                                          kAvx512Vnni,
                                                          supports,
                                                          packed_bytes<Avx512Vnni>,
                                                          pack<Avx512Vnni>,
                                                          scratch_bytes<Avx512Vnni>,
                                                          items<Avx512Vnni>,
                                                          run<Avx512Vnni>};

}  // namespace octet::kernels
