// SPDX-License-Identifier: Apache-2.0
//
// What the conv_s8 kernels for first layers on 256-bit vectors share: tiles of
// pixels by 16 output channels (8 at the end). conv_s8_first.h cuts the work,
// conv_s8_gemm_256.h describes the header of a packed panel and the way to the output.
// Behind the header: Isa::Weight weights[step][W][kStep].
//
// Isa is the struct of the including file, derived from First256, with Element, Weight, kStep,
// pad_element(), convert(), fill(), multiply_add().
#pragma once

#include "kernels/x86/conv_s8_first.h"
#include "kernels/x86/conv_s8_gemm_256.h"

namespace octet::kernels {
namespace {

// Twelve accumulators, weights and a broadcast fill 16 registers.
struct First256 : Gemm256 {
  static constexpr size_t kMaxRows = 12;
  static constexpr size_t rows(size_t width) { return width == kPanel ? 6 : 8; }
  static size_t channel_of(size_t width, size_t i) { return channel_at(width, i); }
};

template <class Isa>
void pack_first_256(const ConvS8& c, const FirstPlan& plan, const Panel& panel, int32_t zero_point,
                    uint8_t* to) {
  pack_header(c, panel, zero_point, to);
  pack_first_weights<Isa>(c, plan, panel, to + Isa::header_bytes(panel.width));
}

template <class Isa>
void blend_first_256(const Blend<Isa>& b, typename Isa::Element* to) {
  __m256i masks[Isa::kStep];
#pragma GCC unroll 4
  for (size_t k = 0; k < Isa::kStep; ++k) masks[k] = load(b.masks + k * kFirstMaskBytes);
  for (size_t i = 0, advance = Isa::kVectorElements - Isa::kVectorElements % b.step; i < b.count;
       i += advance) {
    __m256i v = load(b.from[0] + i);
#pragma GCC unroll 4
    for (size_t k = 1; k < Isa::kStep; ++k)
      if (b.sources > k) v = _mm256_blendv_epi8(v, load(b.from[k] + i), masks[k]);
    store(to + i, v);
  }
}

template <class Isa, size_t kRows, size_t kVectors>
inline void multiply_first_256(const MicroTile<Isa>& t, const typename Isa::Element* const* pixels,
                               __m256i (&acc)[kRows][kVectors]) {
  const typename Isa::Element* a[kRows];
#pragma GCC unroll 12
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
  const uint8_t* weights = t.panel + Isa::header_bytes(8 * kVectors);
  for (size_t step = 0; step < t.runs; ++step, weights += 32 * kVectors) {
    const size_t offset = t.run_offsets[step];
    __m256i b[kVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 32 * j);
#pragma GCC unroll 12
    for (size_t i = 0; i < kRows; ++i) {
      const __m256i four = broadcast_four(a[i] + offset);
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) Isa::multiply_add(four, b[j], &acc[i][j]);
    }
  }
}

template <class Isa, size_t kVectors>
void run_first_tiles(const MicroTile<Isa>& tile, size_t first, size_t tiles, const Epilogue256& epilogue) {
  constexpr size_t kRows = Isa::rows(8 * kVectors);
  const MicroTile<Isa> t = tile;  // copies can live in registers
  const Epilogue256 e = epilogue;
  const typename Isa::Element* const* pixels = t.pixels + first;
  const size_t* outputs = t.outputs + first;
  for (; tiles > 0; --tiles, pixels += kRows, outputs += kRows) {
    __m256i acc[kRows][kVectors];
#pragma GCC unroll 12
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
    multiply_first_256<Isa, kRows, kVectors>(t, pixels, acc);
    finish_micro_tile(t, outputs, acc, e);
  }
}

template <class Isa>
void run_first_256(const MicroTile<Isa>& t, size_t first, size_t tiles, const Epilogue256& e) {
  t.width == Isa::kPanel ? run_first_tiles<Isa, 2>(t, first, tiles, e)
                         : run_first_tiles<Isa, 1>(t, first, tiles, e);
}

}  // namespace
}  // namespace octet::kernels
