// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 with few input channels on AVX512-VNNI: 4 output pixels by 64 output
// channels (48, 32 or 16 at the end). conv_s8_first.h cuts the work.
// Requantizing a tile this small overlaps with the multiplies of the next;
// larger ones measured slower.
//
// Exact: vpdpbusd adds four u8 * s8 products to an s32 without saturation. Rows
// hold inputs as q + 128 (the sign bit flipped), and the bias takes
// (input_zero_point + 128) * sum of weights back, modulo 2^32.
//
// A packed panel of W = 16 * V channels:
//   s32 bias[W]         with zero point and rounding term folded in
//   s32 right_shift[W]  (p > 0)
//   s32 left_shift[W]   (p < 0)
//   s16 multiplier[64]
//   s32 has_left_shift, padded to 64 bytes
//   s8  weights[step][W][4]
// Element 4 l + k of s32 vector j is channel 4 V l + 4 j + k, so that packs,
// which works on 128-bit lanes l, gathers the 4 V consecutive channels of a
// lane.
#include <immintrin.h>

#include <cstring>

#include "kernels/x86/conv_s8_first.h"
#include "kernels/x86/requantize_avx512.h"

namespace octet::kernels {
namespace {

struct First512 {
  using Element = uint8_t;
  using Weight = int8_t;
  static constexpr size_t kStep = 4, kVectorElements = 64, kPanel = 64, kMaxRows = 4;
  struct Epilogue : Requantize {
    bool dense;  // pixels follow each other without a gap, also from row to row
    explicit Epilogue(const ConvS8& c) : Requantize(c.output_zero_point, c.output_min, c.output_max) {
      const ConvS8OutputStrides strides = conv_s8_output_strides(c);
      dense = strides.pixel == c.output_channels && strides.row == strides.pixel * c.output_width;
    }
  };

  static constexpr size_t rows(size_t) { return kMaxRows; }
  static size_t panel_width(size_t columns) { return (columns + 15) / 16 * 16; }
  static size_t header_bytes(size_t width) { return 12 * width + 192; }
  static uint8_t pad_element(int32_t input_zero_point) {
    return static_cast<uint8_t>(input_zero_point + 128);
  }
  static void fill(uint8_t* to, size_t count, uint8_t value);
  static void convert(const int8_t* from, size_t count, uint8_t* to);
  static void blend(const Blend<First512>& b, uint8_t* to);
  static void pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<First512>& t, size_t first, size_t tiles, const Epilogue& epilogue);
};

using Tile = MicroTile<First512>;
constexpr size_t kRows = First512::kMaxRows;

void First512::fill(uint8_t* to, size_t count, uint8_t value) {
  const __m512i v = _mm512_set1_epi8(static_cast<char>(value));
  for (size_t i = 0; i < count; i += 64) store(to + i, v);
}

void First512::convert(const int8_t* from, size_t count, uint8_t* to) {
  const __m512i flip = _mm512_set1_epi8(-128);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) store(to + i, _mm512_xor_si512(load(from + i), flip));
  if (i == count) return;
  const __mmask64 rest = ~__mmask64{0} >> (64 - (count - i));
  store(to + i, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, from + i), flip));
}

void First512::blend(const Blend<First512>& b, uint8_t* to) {
  __mmask64 masks[kStep];
  for (size_t k = 1; k < kStep; ++k) masks[k] = _mm512_movepi8_mask(load(b.masks + k * kFirstMaskBytes));
  for (size_t i = 0, advance = 64 - 64 % b.step; i < b.count; i += advance) {
    __m512i v = load(b.from[0] + i);
    if (b.sources > 1) v = _mm512_mask_blend_epi8(masks[1], v, load(b.from[1] + i));
    if (b.sources > 2) v = _mm512_mask_blend_epi8(masks[2], v, load(b.from[2] + i));
    if (b.sources > 3) v = _mm512_mask_blend_epi8(masks[3], v, load(b.from[3] + i));
    store(to + i, v);
  }
}

// The channel in position `i` of the panel's s32 vectors.
size_t channel_at(size_t width, size_t i) {
  const size_t vectors = width / 16;
  return i % 16 / 4 * 4 * vectors + i / 16 * 4 + i % 4;
}

// The channel whose multiplier stands in s16 lane `i`. Lanes of 8: vectors 0
// and 1 of the lane's channels, behind them (i >= 32) vectors 2 and 3; with one
// vector, it twice.
size_t multiplier_channel(size_t width, size_t i) {
  const size_t vectors = width / 16, lane = i % 32 / 8;
  size_t vector = i / 32 * 2 + i % 8 / 4;
  if (vector >= vectors) vector = vectors - 1;
  return lane * 4 * vectors + vector * 4 + i % 4;
}

void First512::pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to) {
  const size_t width = panel.width, terms = c.kernel_height * plan.window;
  std::memset(to, 0, plan.panel_bytes);
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* right = reinterpret_cast<int32_t*>(bias + width);
  auto* left = right + width;
  auto* multiplier = reinterpret_cast<int16_t*>(left + width);
  auto* has_left = reinterpret_cast<int32_t*>(multiplier + 64);
  auto* weights = reinterpret_cast<int8_t*>(to + header_bytes(width));
  for (size_t i = 0; i < width; ++i) {
    if (channel_at(width, i) >= panel.columns) continue;
    const size_t o = panel.first + channel_at(width, i);
    const int p = c.right_shift[o];
    bias[i] = folded_bias(c, o, c.input_zero_point + 128);
    if (p > 0) bias[i] += uint32_t{1} << (p - 1);
    right[i] = p > 0 ? p : 0;
    left[i] = p < 0 ? -p : 0;
    if (p < 0) *has_left = 1;
  }
  for (size_t t = 0; t < plan.steps; ++t)
    for (size_t s = 0; s < kStep; ++s) {
      const ptrdiff_t index = first_weight_index<First512>(c, plan, t, s);
      if (index < 0) continue;
      const int8_t* from = c.weights + panel.first * terms + index;
      for (size_t i = 0; i < width; ++i) {
        const size_t column = channel_at(width, i);
        if (column < panel.columns) weights[(t * width + i) * kStep + s] = from[column * terms];
      }
    }
  for (size_t i = 0; i < 64; ++i) {
    const size_t column = multiplier_channel(width, i);
    if (column < panel.columns) multiplier[i] = c.multiplier[panel.first + column];
  }
}

inline __m512i broadcast_four(const uint8_t* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm512_set1_epi32(four);
}

// acc += a * b. The empty assembly keeps the accumulators in place: gcc would
// otherwise copy and spill them.
inline void multiply_add(__m512i a, __m512i b, __m512i* acc) {
  *acc = _mm512_dpbusd_epi32(*acc, a, b);
  asm("" : "+v"(*acc));
}

// Whole vectors, or the bytes of `mask`.
template <size_t kVectors>
inline void store_bytes(int8_t* to, __m512i q, bool whole, __mmask64 mask) {
  if (!whole || kVectors == 3) {
    _mm512_mask_storeu_epi8(to, mask, q);
  } else if (kVectors == 4) {
    store(to, q);
  } else if (kVectors == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(q));
  } else {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(q));
  }
}

// How a call's tiles get to the output.
struct Out {
  const uint8_t* panel;
  int8_t* to;
  const size_t* outputs;  // of the next tile
  First512::Epilogue e;
  __mmask64 mask;     // the panel's channels
  bool whole, dense;  // all channels of the panel exist; the pixels' outputs are
                      // one run of bytes

  // Where the last pixel repeats, outputs are not dense.
  Out(const Tile& t, size_t first, const First512::Epilogue& epilogue)
      : panel(t.panel),
        to(static_cast<int8_t*>(t.output)),
        outputs(t.outputs + first),
        e(epilogue),
        mask(~__mmask64{0} >> (64 - t.columns)),
        whole(t.columns == t.width),
        dense(whole && e.dense && outputs[kRows - 1] - outputs[0] == (kRows - 1) * t.columns) {}
};

// The s16 results of two s32 vectors.
inline __m512i narrow_two(__m512i a, __m512i b, const uint8_t* shift_a, const uint8_t* shift_b,
                          const uint8_t* multiplier, const First512::Epilogue& e) {
  return e.to_s16(
      _mm512_packs_epi32(_mm512_srav_epi32(a, load(shift_a)), _mm512_srav_epi32(b, load(shift_b))),
      load(multiplier));
}

// From the accumulators of as many pixels as fill a register of s8, from tile's
// pixel i on, to their outputs: four pixels of one vector, two of two vectors,
// one of three (d is not used) or four.
template <size_t kVectors>
inline void store_pixels(const Out& out, size_t i, __m512i a, __m512i b, __m512i c, __m512i d) {
  constexpr size_t k1 = kVectors > 1 ? 64 : 0, k2 = kVectors > 2 ? 128 : 0;
  constexpr size_t k3 = kVectors == 1 ? 0 : kVectors == 2 ? 64 : kVectors == 3 ? 128 : 192;
  const uint8_t *shifts = out.panel + 64 * kVectors, *m = out.panel + 192 * kVectors;
  const __m512i r0 = narrow_two(a, b, shifts, shifts + k1, m, out.e);
  const __m512i r1 = narrow_two(c, d, shifts + k2, shifts + k3, kVectors > 2 ? m + 64 : m, out.e);
  __m512i q = out.e.to_s8(r0, r1);
  if (kVectors == 3)
    q = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0), q);
  if (kVectors == 2) q = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), q);
  if (kVectors == 1)
    q = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), q);
  const size_t* outputs = out.outputs + i;
  if (kVectors <= 2 && out.dense) return store(out.to + outputs[0], q);
  store_bytes<kVectors>(out.to + outputs[0], q, out.whole, out.mask);
  if (kVectors == 2)
    store_bytes<2>(out.to + outputs[1], _mm512_shuffle_i64x2(q, q, 0xee), out.whole, out.mask);
  if (kVectors == 1) {
    store_bytes<1>(out.to + outputs[1], _mm512_shuffle_i32x4(q, q, 1), out.whole, out.mask);
    store_bytes<1>(out.to + outputs[2], _mm512_shuffle_i32x4(q, q, 2), out.whole, out.mask);
    store_bytes<1>(out.to + outputs[3], _mm512_shuffle_i32x4(q, q, 3), out.whole, out.mask);
  }
}

template <size_t kVectors>
inline void multiply_steps(const Tile& t, const uint8_t* const* pixels, __m512i (&acc)[kRows * kVectors]) {
  const uint8_t* a[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
  const uint8_t* weights = t.panel + First512::header_bytes(16 * kVectors);
  for (size_t step = 0; step < t.runs; ++step, weights += 64 * kVectors) {
    const size_t offset = t.run_offsets[step];
    __m512i b[kVectors];
#pragma GCC unroll 4
    for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 64 * j);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i) {
      const __m512i four = broadcast_four(a[i] + offset);
#pragma GCC unroll 4
      for (size_t j = 0; j < kVectors; ++j) multiply_add(four, b[j], &acc[i * kVectors + j]);
    }
  }
}

// Accumulator i * kVectors + j: pixel i, vector j.
template <size_t kVectors, bool kLeft>
void run_micro_tiles(const Tile& tile, size_t first, size_t tiles, const First512::Epilogue& epilogue) {
  const Tile t = tile;
  Out out(t, first, epilogue);
  const uint8_t* const* pixels = t.pixels + first;
  for (; tiles > 0; --tiles, pixels += kRows, out.outputs += kRows) {
    __m512i acc[kRows * kVectors];
#pragma GCC unroll 16
    for (size_t i = 0; i < kRows * kVectors; ++i) acc[i] = load(t.panel + 64 * (i % kVectors));
    multiply_steps<kVectors>(t, pixels, acc);
#pragma GCC unroll 16
    for (size_t i = 0; kLeft && i < kRows * kVectors; ++i)
      acc[i] = shift_left(acc[i], load(t.panel + 64 * (2 * kVectors + i % kVectors)));
    constexpr size_t kPixels = kVectors > 2 ? 1 : 4 / kVectors, kLast = kVectors == 3 ? 2 : 3;
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; i += kPixels) {
      const size_t at = i * kVectors;
      store_pixels<kVectors>(out, i, acc[at], acc[at + 1], acc[at + 2], acc[at + kLast]);
    }
  }
}

template <bool kLeft>
void run_width(const Tile& t, size_t first, size_t tiles, const First512::Epilogue& e) {
  switch (t.width) {
    case 16:
      return run_micro_tiles<1, kLeft>(t, first, tiles, e);
    case 32:
      return run_micro_tiles<2, kLeft>(t, first, tiles, e);
    case 48:
      return run_micro_tiles<3, kLeft>(t, first, tiles, e);
    default:
      return run_micro_tiles<4, kLeft>(t, first, tiles, e);
  }
}

void First512::run_tiles(const Tile& t, size_t first, size_t tiles, const Epilogue& e) {
  int32_t has_left;
  std::memcpy(&has_left, t.panel + 12 * t.width + 128, sizeof(has_left));
  has_left ? run_width<true>(t, first, tiles, e) : run_width<false>(t, first, tiles, e);
}

// Eight channels fill half a vector: the 256-bit kernels below take them.
bool pays(const ConvS8& c) { return c.output_channels > 8; }

}  // namespace

extern const ConvS8Kernel conv_s8_first_avx512vnni_kernel;
const ConvS8Kernel conv_s8_first_avx512vnni_kernel = {"conv_s8_first_avx512vnni",
                                                      kAvx512Vnni,
                                                      supports_first<First512>,
                                                      first_packed_bytes<First512>,
                                                      pack_first<First512>,
                                                      first_scratch_bytes<First512>,
                                                      first_items,
                                                      run_first<First512>,
                                                      pays};

}  // namespace octet::kernels
