// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX2: 6 output pixels by 16 (or 8) output
// channels, any geometry and groups. conv_s8_strip.h cuts the work.
//
// Exact: inputs and weights meet as s16 in pmaddwd, whose s32 sums of two
// products cannot saturate, and s32 additions wrap as the reference's do.
// Twelve accumulators, two vectors of weights and one broadcast pair of inputs
// fill the 16 registers; two pmaddwd a cycle are the limit. Inputs are
// widened once for all panels, in the strip. Weights stay s8 in memory (half the
// traffic); those of short panels are widened once for all pixels of a tile,
// others as they are loaded, for 6 pixels at a time.
// conv_s8_gemm_256.h describes the packed panels; kStep = 2.
#include "kernels/x86/conv_s8_gemm_256.h"

namespace octet::kernels {
namespace {

struct Avx2 : Gemm256, WidenedInputs {
  static constexpr size_t kRows = 6;

  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_header(c, panel, c.input_zero_point, to);
    pack_weights<Avx2>(c, plan, panel, to);
  }
  static void run_tiles(const MicroTile<Avx2>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

// Vector `i` of a panel's weights, of s8 or widened.
inline __m256i load_weights(const int8_t* weights, size_t i) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 16 * i)));
}
inline __m256i load_weights(const int16_t* weights, size_t i) { return load(weights + 16 * i); }

// acc += a * b. The empty assembly fixes the order of the additions: gcc would
// otherwise form all products first and spill the accumulators.
inline void multiply_add(__m256i a, __m256i b, __m256i* acc) {
  *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
  asm("" : "+x"(*acc));
}

template <size_t kRows, size_t kVectors, class Weight>
__attribute__((always_inline)) inline void multiply_runs(const MicroTile<Avx2>& t,
                                                         const int16_t* const* pixels, const Weight* weights,
                                                         __m256i (&acc)[kRows][kVectors]) {
  for (size_t run = 0; run < t.runs; ++run) {
    const int16_t* a[kRows];
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[run];
    for (size_t k = 0; k < 2 * t.steps; k += 2) {
      __m256i b[kVectors];
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) b[j] = load_weights(weights, j);
      weights += 16 * kVectors;
#pragma GCC unroll 6
      for (size_t i = 0; i < kRows; ++i) {
        const __m256i pair = broadcast_four(a[i] + k);
#pragma GCC unroll 2
        for (size_t j = 0; j < kVectors; ++j) multiply_add(pair, b[j], &acc[i][j]);
      }
    }
  }
}

// `tiles` times kRows pixels.
template <size_t kRows, size_t kVectors, class Weight>
inline void multiply_tiles(const MicroTile<Avx2>& t, size_t first, size_t tiles, const Weight* weights,
                           const Epilogue256& e) {
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    __m256i acc[kRows][kVectors];
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
    multiply_runs(t, t.pixels + m, weights, acc);
    finish_micro_tile(t, t.outputs + m, acc, e);
  }
}

template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<Avx2>& t, size_t first, size_t tiles, const Epilogue256& e) {
  constexpr size_t kShortPanel = 256;  // vectors: 8 KB, a quarter of the L1 cache
  const auto* weights = reinterpret_cast<const int8_t*>(t.panel + Avx2::header_bytes(8 * kVectors));
  const size_t vectors = t.runs * t.steps * kVectors;
  if (kRows + 1 < Avx2::kRows || tiles == 1 || vectors > kShortPanel)
    return multiply_tiles<kRows, kVectors>(t, first, tiles, weights, e);
  alignas(32) int16_t widened[16 * kShortPanel];
  for (size_t i = 0; i < vectors; ++i) store(widened + 16 * i, load_weights(weights, i));
  multiply_tiles<kRows, kVectors>(t, first, tiles, widened, e);
}

void Avx2::run_tiles(const MicroTile<Avx2>& t, size_t first, size_t rows, size_t tiles, const Epilogue& e) {
  using Function = void (*)(const MicroTile<Avx2>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[2][6] = {
      {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>, run_micro_tiles<4, 1>,
       run_micro_tiles<5, 1>, run_micro_tiles<6, 1>},
      {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>, run_micro_tiles<4, 2>,
       run_micro_tiles<5, 2>, run_micro_tiles<6, 2>}};
  kFunctions[t.width == kPanel][rows - 1](t, first, tiles, e);
}

bool supports(const ConvS8&) { return true; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_6x16_avx2_kernel;
const ConvS8Kernel conv_s8_gemm_6x16_avx2_kernel = {
    "conv_s8_gemm_6x16_avx2", kAvx2,       supports, packed_bytes<Avx2>, pack<Avx2>,
    scratch_bytes<Avx2>,      items<Avx2>, run<Avx2>};

}  // namespace octet::kernels
