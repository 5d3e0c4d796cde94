// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX2: 6 output pixels by 16 (or 8) output
// channels, any geometry and groups. conv_s8_strip.h cuts the work.
//
// Exact: inputs and weights meet as s16 in pmaddwd, whose s32 sums of two
// products cannot saturate, and s32 additions wrap as the reference's do.
// Twelve accumulators, two vectors of weights and one broadcast pair of inputs
// fill the 16 registers; two pmaddwd a cycle are the limit. Inputs are
// widened once for all panels, in the strip; weights stay s8 in memory (half
// the traffic) and are widened as they are loaded, for 6 pixels at a time.
//
// A packed panel of 16 channels, W = 16 (8 channels: W = 8, one vector):
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0), or f32 scale[W]
//   s32 left_shift[W]   (p < 0)
//   s16 multiplier[16]
//   s32 has_left_shift, padded to 32 bytes
//   s8  weights[step][W][2], two consecutive k per channel
// With W = 16, channels stand as 0-3 8-11 | 4-7 12-15 in the s32 vectors, so that
// packs, which works on 128-bit halves, puts them in order.
#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

struct Avx2 {
  using Element = int16_t;
  static constexpr size_t kStep = 2, kRows = 6, kPanel = 16, kHalfPanel = 8;
  struct Epilogue;

  static size_t panel_width(size_t columns) { return columns <= kHalfPanel ? kHalfPanel : kPanel; }
  static size_t header_bytes(size_t width) { return 12 * width + 64; }
  static int16_t pad_element(int32_t input_zero_point) { return static_cast<int16_t>(input_zero_point); }
  static void fill(int16_t* to, size_t count, int16_t value);
  static void convert(const int8_t* from, size_t count, int16_t* to);
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Avx2>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

// What all channels share on the way from acc to the output.
struct Avx2::Epilogue {
  __m256i zero_point, min, max;  // 64 * zero_point + 32 in s16; s8
  bool f32;

  explicit Epilogue(const ConvS8& c)
      : zero_point(_mm256_set1_epi16(static_cast<int16_t>(64 * c.output_zero_point + 32))),
        min(_mm256_set1_epi8(static_cast<char>(c.output_min))),
        max(_mm256_set1_epi8(static_cast<char>(c.output_max))),
        f32(c.accumulator_scale != nullptr) {}
};

// Stores may run up to 15 elements over `to + count`; what stands there is written later or never read.
void Avx2::fill(int16_t* to, size_t count, int16_t value) {
  const __m256i v = _mm256_set1_epi16(value);
  for (size_t i = 0; i < count; i += 16) store(to + i, v);
}

void Avx2::convert(const int8_t* from, size_t count, int16_t* to) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    store(to + i, _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  if (i == count) return;
  alignas(16) int8_t tail[16];
  std::memcpy(tail, from + i, count - i);
  store(to + i, _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(tail))));
}

// The channel in position `i` of the panel's s32 vectors.
size_t channel_at(size_t width, size_t i) {
  constexpr uint8_t kOrder[16] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};
  return width == Avx2::kPanel ? kOrder[i] : i;
}

// bias, shifts (or scale) and multiplier of the panel's channels; zeros for columns that do not exist.
void pack_header(const ConvS8& c, const Panel& panel, uint8_t* to) {
  const size_t width = panel.width;
  std::memset(to, 0, Avx2::header_bytes(width));
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(bias + width);
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* has_left = reinterpret_cast<int32_t*>(multiplier + 16);
  for (size_t i = 0; i < width; ++i) {
    if (channel_at(width, i) >= panel.columns) continue;
    const size_t o = panel.first + channel_at(width, i);
    bias[i] = folded_bias(c, o, c.input_zero_point);
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
  // In order for W = 16; 0-3 0-3 4-7 4-7 for W = 8, where one vector holds two pixels.
  for (size_t i = 0; i < 16; ++i) {
    const size_t column = width == Avx2::kPanel ? i : i / 8 * 4 + i % 4;
    if (column < panel.columns) multiplier[i] = c.multiplier[panel.first + column];
  }
}

void Avx2::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, to);
  auto* weights = reinterpret_cast<int8_t*>(to + header_bytes(panel.width));
  for (size_t run = 0; run < plan.runs; ++run)
    for (size_t k = 0; k < plan.run_elements; k += kStep)
      for (size_t i = 0; i < panel.width; ++i)
        for (size_t s = 0; s < kStep; ++s) {
          const size_t column = channel_at(panel.width, i);
          const bool inside = column < panel.columns && k + s < plan.run_elements;
          *weights++ = inside ? run_weights(c, plan, panel.first + column, run)[k + s] : int8_t{0};
        }
}

// The pixels of one micro-tile: where they stand in the strip, and where their outputs begin.
struct Pixels {
  const int16_t* const* pixels;
  const size_t* outputs;
};

inline __m256i broadcast_pair(const int16_t* from) {
  int32_t pair;
  std::memcpy(&pair, from, sizeof(pair));
  return _mm256_set1_epi32(pair);
}

inline __m256i load_weights(const uint8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// acc += a * b. The empty assembly fixes the order of the additions: gcc would
// otherwise form all products first and spill the accumulators.
inline void multiply_add(__m256i a, __m256i b, __m256i* acc) {
  *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
  asm("" : "+x"(*acc));
}

template <size_t kRows, size_t kVectors>
inline void multiply_runs(const MicroTile<Avx2>& t, const Pixels& at, __m256i (&acc)[kRows][kVectors]) {
  const uint8_t* weights = t.panel + Avx2::header_bytes(8 * kVectors);
  for (size_t run = 0; run < t.runs; ++run) {
    const int16_t* a[kRows];
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) a[i] = at.pixels[i] + t.run_offsets[run];
    for (size_t k = 0; k < 2 * t.steps; k += 2) {
      __m256i b[kVectors];
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) b[j] = load_weights(weights + 16 * j);
      weights += 16 * kVectors;
#pragma GCC unroll 6
      for (size_t i = 0; i < kRows; ++i) {
        const __m256i pair = broadcast_pair(a[i] + k);
#pragma GCC unroll 2
        for (size_t j = 0; j < kVectors; ++j) multiply_add(pair, b[j], &acc[i][j]);
      }
    }
  }
}

inline __m256i clamp(__m256i q, const Avx2::Epilogue& e) {
  return _mm256_min_epi8(_mm256_max_epi8(q, e.min), e.max);
}

// The first `columns` bytes of q.
void store_some(int8_t* to, __m128i q, size_t columns) {
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

// Requantizes two pixels' accumulators.
template <size_t kVectors>
inline __m256i requantize_pair(const __m256i* a, const __m256i* b, const uint8_t* shifts, __m256i multiplier,
                               const Avx2::Epilogue& e) {
  const __m256i p0 = load(shifts), p1 = load(shifts + 32 * (kVectors - 1));
  if (kVectors == 2) {
    const __m256i s = _mm256_packs_epi32(_mm256_srav_epi32(a[0], p0), _mm256_srav_epi32(a[1], p1));
    const __m256i t = _mm256_packs_epi32(_mm256_srav_epi32(b[0], p0), _mm256_srav_epi32(b[1], p1));
    const __m256i q = _mm256_packs_epi16(requantize_s16(s, multiplier, e.zero_point),
                                         requantize_s16(t, multiplier, e.zero_point));
    return _mm256_permute4x64_epi64(clamp(q, e), 0xd8);
  }
  const __m256i t = _mm256_packs_epi32(_mm256_srav_epi32(a[0], p0), _mm256_srav_epi32(b[0], p0));
  const __m256i r = requantize_s16(t, multiplier, e.zero_point);
  return _mm256_permutevar8x32_epi32(clamp(_mm256_packs_epi16(r, r), e),
                                     _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5));
}

// Two pixels at a time; the last of an odd number is its own neighbour.
template <size_t kRows, size_t kVectors, bool kWhole>
inline void store_s8(const MicroTile<Avx2>& t, const Pixels& at, const __m256i (&acc)[kRows][kVectors],
                     const Avx2::Epilogue& e) {
  const __m256i multiplier = load(t.panel + 96 * kVectors);
  auto* output = static_cast<int8_t*>(t.output);
#pragma GCC unroll 3
  for (size_t i = 0; i < kRows; i += 2) {
    const size_t next = i + 1 < kRows ? i + 1 : i;
    const __m256i q = requantize_pair<kVectors>(acc[i], acc[next], t.panel + 32 * kVectors, multiplier, e);
    store_pair<kVectors, kWhole>(output + at.outputs[i], output + at.outputs[next], q, t.columns);
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
inline void run_micro_tile(const MicroTile<Avx2>& t, const Pixels& at, const Avx2::Epilogue& e) {
  __m256i acc[kRows][kVectors];
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
  multiply_runs<kRows, kVectors>(t, at, acc);
  if (e.f32) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) {
      int32_t values[8 * kVectors];
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) store(values + 8 * j, acc[i][j]);
      store_f32(values, t.panel + 32 * kVectors, 8 * kVectors, t.columns,
                static_cast<float*>(t.output) + at.outputs[i]);
    }
    return;
  }
  int32_t has_left;
  std::memcpy(&has_left, t.panel + 96 * kVectors + 32, sizeof(has_left));
  if (has_left) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j)
        acc[i][j] = shift_left(acc[i][j], load(t.panel + 32 * (2 * kVectors + j)));
  }
  if (t.columns == 8 * kVectors) {
    store_s8<kRows, kVectors, true>(t, at, acc, e);
  } else {
    store_s8<kRows, kVectors, false>(t, at, acc, e);
  }
}

// Copies of the parameters can live in registers. Fewer than kRows - 1 rows are a single tile, which
// goes without: loading what was just stored in other sizes stalls.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<Avx2>& t, Pixels at, size_t tiles, const Avx2::Epilogue& e) {
  if constexpr (kRows + 1 < Avx2::kRows) {
    run_micro_tile<kRows, kVectors>(t, at, e);
  } else {
    const MicroTile<Avx2> local = t;
    const Avx2::Epilogue epilogue = e;
    for (; tiles > 0; --tiles, at.pixels += kRows, at.outputs += kRows)
      run_micro_tile<kRows, kVectors>(local, at, epilogue);
  }
}

void Avx2::run_tiles(const MicroTile<Avx2>& t, size_t first, size_t rows, size_t tiles, const Epilogue& e) {
  using Function = void (*)(const MicroTile<Avx2>&, Pixels, size_t, const Epilogue&);
  static constexpr Function kFunctions[2][6] = {
      {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>, run_micro_tiles<4, 1>,
       run_micro_tiles<5, 1>, run_micro_tiles<6, 1>},
      {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>, run_micro_tiles<4, 2>,
       run_micro_tiles<5, 2>, run_micro_tiles<6, 2>}};
  kFunctions[t.width == kPanel][rows - 1](t, {t.pixels + first, t.outputs + first}, tiles, e);
}

bool supports(const ConvS8&) { return true; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_6x16_avx2_kernel;
const ConvS8Kernel conv_s8_gemm_6x16_avx2_kernel = {
    "conv_s8_gemm_6x16_avx2", kAvx2,       supports, packed_bytes<Avx2>, pack<Avx2>,
    scratch_bytes<Avx2>,      items<Avx2>, run<Avx2>};

}  // namespace octet::kernels
