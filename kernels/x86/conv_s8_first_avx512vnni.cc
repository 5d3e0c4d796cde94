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
// conv_s8_gemm_512.h describes the header of a packed panel and the way to the output;
// behind the header: s8 weights[step][W][4].
#include "kernels/x86/conv_s8_first.h"
#include "kernels/x86/conv_s8_gemm_512.h"
#include "kernels/x86/conv_s8_tile_512.h"

namespace octet::kernels {
namespace {

struct First512 : Gemm512 {
  using Weight = int8_t;
  static constexpr size_t kVectorElements = 64, kMaxRows = 4;

  static constexpr size_t rows(size_t) { return 4; }
  static size_t panel_width(size_t columns) { return divide_up(columns, 16) * 16; }  // whole vectors only
  static size_t channel_of(size_t width, size_t i) { return channel_at(width, i); }
  static void blend(const Blend<First512>& b, uint8_t* to);
  static void pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<First512>& t, size_t first, size_t tiles, const Epilogue& epilogue);
};

using Tile = MicroTile<First512>;

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

void First512::pack_panel(const ConvS8& c, const FirstPlan& plan, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, c.input_zero_point + 128, to);
  pack_first_weights<First512>(c, plan, panel, to + header_bytes(panel.width));
}

inline __m512i broadcast_four(const uint8_t* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm512_set1_epi32(four);
}

template <size_t kRows, size_t kVectors>
__attribute__((always_inline)) inline void multiply_steps(const Tile& t, size_t first,
                                                          __m512i (&acc)[kRows][kVectors]) {
  const uint8_t* a[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) a[i] = t.pixels[first + i];
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
      for (size_t j = 0; j < kVectors; ++j) multiply_add(four, b[j], &acc[i][j]);
    }
  }
}

template <size_t kVectors, Way kWay>
void run_micro_tiles(const Tile& tile, size_t first, size_t tiles, const Epilogue512& epilogue) {
  constexpr size_t kRows = First512::rows(16 * kVectors);
  const Tile t = tile;  // copies can live in registers
  const Narrow512<kWay, 16 * kVectors> narrow(t.panel, epilogue);
  const Bias<kVectors, (kVectors > 2)> bias(t.panel);
  __m512i acc[kRows][kVectors], before[kRows][kVectors];
  if constexpr (kVectors > 2) {
    for (; tiles > 0; --tiles, first += kRows) {
      bias.start(acc);
      multiply_steps(t, first, acc);
      finish_micro_tile(t, first, acc, narrow);
    }
    return;
  }
  bias.start(acc);
  multiply_steps(t, first, acc);
  for (; tiles > 1; --tiles) {
    copy_tile(acc, before);
    bias.start(acc);
    multiply_steps(t, first + kRows, acc);
    finish_micro_tile(t, first, before, narrow);
    first += kRows;
  }
  finish_micro_tile(t, first, acc, narrow);
}

template <size_t kVectors>
void run_width(const Tile& t, size_t first, size_t tiles, const Epilogue512& e) {
  with_way(
      way_out(t.panel, t.width).way, [&](auto way) __attribute__((always_inline)) {
        run_micro_tiles<kVectors, decltype(way)::value>(t, first, tiles, e);
      });
}

void First512::run_tiles(const Tile& t, size_t first, size_t tiles, const Epilogue& e) {
  switch (t.width) {
    case 16:
      return run_width<1>(t, first, tiles, e);
    case 32:
      return run_width<2>(t, first, tiles, e);
    case 48:
      return run_width<3>(t, first, tiles, e);
    default:
      return run_width<4>(t, first, tiles, e);
  }
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
