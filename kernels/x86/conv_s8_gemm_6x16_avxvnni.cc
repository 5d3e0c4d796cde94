// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on 256-bit VNNI: 6 output pixels by 16 output
// channels (12 by 8 at the end), any geometry and groups. conv_s8_strip.h cuts the work.
//
// Exact: vpdpbusd adds four u8 * s8 products to an s32 without saturation. The
// strip holds inputs as q + 128 (the sign bit flipped), and the bias takes
// (input_zero_point + 128) * sum of weights back, modulo 2^32.
//
// Twelve accumulators, two vectors of weights and one broadcast of four inputs
// fill the 16 registers; two vpdpbusd a cycle are the limit, and with a latency of
// four or five cycles they need ten accumulators in flight. conv_s8_gemm_256.h
// describes the packed panels; kStep = 4.
#include "kernels/x86/conv_s8_gemm_256.h"
#include "kernels/x86/vnni_256.h"

namespace octet::kernels {
namespace {

struct AvxVnni : Gemm256 {
  using Element = uint8_t;
  static constexpr size_t kStep = 4, kRows = 6;

  static uint8_t pad_element(int32_t input_zero_point) {
    return static_cast<uint8_t>(input_zero_point + 128);
  }
  static void fill(uint8_t* to, size_t count, uint8_t value);
  static void convert(const int8_t* from, size_t count, uint8_t* to);
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_header(c, panel, c.input_zero_point + 128, to);
    pack_weights<AvxVnni>(c, plan, panel, to);
  }
  static void run_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

// Stores may run up to 31 elements over `to + count`; what stands there is written later or never read.
void AvxVnni::fill(uint8_t* to, size_t count, uint8_t value) {
  const __m256i v = _mm256_set1_epi8(static_cast<char>(value));
  for (size_t i = 0; i < count; i += 32) store(to + i, v);
}

void AvxVnni::convert(const int8_t* from, size_t count, uint8_t* to) {
  const __m256i flip = _mm256_set1_epi8(-128);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) store(to + i, _mm256_xor_si256(load(from + i), flip));
  if (i == count) return;
  alignas(32) int8_t tail[32];
  std::memcpy(tail, from + i, count - i);
  store(to + i, _mm256_xor_si256(load(tail), flip));
}

inline __m256i broadcast_four(const uint8_t* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm256_set1_epi32(four);
}

template <size_t kRows, size_t kVectors>
inline void multiply_runs(const MicroTile<AvxVnni>& t, const uint8_t* const* pixels,
                          __m256i (&acc)[kRows][kVectors]) {
  const uint8_t* weights = t.panel + AvxVnni::header_bytes(8 * kVectors);
  for (size_t run = 0; run < t.runs; ++run) {
    const uint8_t* a[kRows];
#pragma GCC unroll 12
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[run];
    for (size_t k = 0; k < 4 * t.steps; k += 4) {
      __m256i b[kVectors];
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 32 * j);
      weights += 32 * kVectors;
#pragma GCC unroll 12
      for (size_t i = 0; i < kRows; ++i) {
        const __m256i four = broadcast_four(a[i] + k);
#pragma GCC unroll 2
        for (size_t j = 0; j < kVectors; ++j) acc[i][j] = dot_u8s8(acc[i][j], four, b[j]);
      }
    }
  }
}

// `tiles` times kRows pixels.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t tiles, const Epilogue256& e) {
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    __m256i acc[kRows][kVectors];
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
    multiply_runs<kRows, kVectors>(t, t.pixels + m, acc);
    finish_micro_tile(t, t.outputs + m, acc, e);
  }
}

void AvxVnni::run_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& e) {
  using Function = void (*)(const MicroTile<AvxVnni>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[2][6] = {
      {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>, run_micro_tiles<4, 1>,
       run_micro_tiles<5, 1>, run_micro_tiles<6, 1>},
      {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>, run_micro_tiles<4, 2>,
       run_micro_tiles<5, 2>, run_micro_tiles<6, 2>}};
  kFunctions[t.width == kPanel][rows - 1](t, first, tiles, e);
}

bool supports(const ConvS8&) { return true; }

}  // namespace

extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_gemm_6x16);
const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_gemm_6x16) = {OCTET_AVXVNNI_NAME("conv_s8_gemm_6x16"),
                                                              kVnni256,
                                                              supports,
                                                              packed_bytes<AvxVnni>,
                                                              pack<AvxVnni>,
                                                              scratch_bytes<AvxVnni>,
                                                              items<AvxVnni>,
                                                              run<AvxVnni>};

}  // namespace octet::kernels
