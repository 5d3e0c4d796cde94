// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on 256-bit VNNI: 6 output pixels by 16 output
// channels (6 by 8 at the end), any geometry and groups. conv_s8_strip.h cuts the work.
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

struct AvxVnni : Gemm256, FlippedInputs {
  static constexpr size_t kRows = 6;

  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
    pack_header(c, panel, c.input_zero_point + 128, to);
    pack_weights<AvxVnni>(c, plan, panel, to);
  }
  // In place only for run_single.
  static bool reads_in_place(const ConvS8& c) {
    return c.batch * c.output_height * c.output_width == 1 && c.groups == 1 && c.input_channels % kStep == 0;
  }
  static void run_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
  static void run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output);
};

// acc[i] += the four inputs at from(i) times the weights of one step.
template <size_t kRows, size_t kVectors, class From>
__attribute__((always_inline)) inline void multiply_step(const From& from, const uint8_t* weights,
                                                         __m256i (&acc)[kRows][kVectors]) {
  __m256i b[kVectors];
#pragma GCC unroll 2
  for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 32 * j);
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i) {
    const __m256i four = broadcast_four(from(i));
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = dot_u8s8(acc[i][j], four, b[j]);
  }
}

// One run, four steps at a time: counting and addresses are a third of a step's instructions, and six
// instructions a cycle are all there are. kParts partial sums of each accumulator: where there are few
// pixels, enough to have ten in flight. Where there are many, what stands at `ahead` is brought to L2 on the
// way, half a line in four steps.
template <size_t kParts, size_t kRows, size_t kVectors, class Pixels>
__attribute__((always_inline)) inline void multiply_run(const Pixels& pixels, size_t offset, size_t steps,
                                                        const uint8_t* weights, const uint8_t* ahead,
                                                        __m256i (&acc)[kParts][kRows][kVectors]) {
  constexpr size_t kStepBytes = 32 * kVectors;
  const uint8_t* a[kRows];
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + offset;
  size_t k = 0;
  for (; k + 16 <= 4 * steps; k += 16, weights += 4 * kStepBytes) {
    if constexpr (kParts == 1) _mm_prefetch(ahead + 2 * k, _MM_HINT_T1);
#pragma GCC unroll 4
    for (size_t s = 0; s < 4; ++s)
      multiply_step([&a, k, s](size_t i) { return a[i] + k + 4 * s; }, weights + kStepBytes * s,
                    acc[s % kParts]);
  }
  for (; k < 4 * steps; k += 4, weights += kStepBytes)
    multiply_step([&a, k](size_t i) { return a[i] + k; }, weights, acc[0]);
}

template <size_t kRows, size_t kVectors, bool kOneRun, class Pixels, class Outputs>
__attribute__((always_inline)) inline void run_micro_tile(const MicroTile<AvxVnni>& t, const Pixels& pixels,
                                                          const Outputs& outputs, const uint8_t* ahead,
                                                          const Epilogue256& e) {
  constexpr size_t kSums = kRows * kVectors, kParts = kSums > 5 ? 1 : kSums > 2 ? 2 : 4;
  __m256i acc[kParts][kRows][kVectors];
#pragma GCC unroll 4
  for (size_t part = 0; part < kParts; ++part)
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j)
        acc[part][i][j] = part == 0 ? load(t.panel + 32 * j) : _mm256_setzero_si256();
  const uint8_t* weights = t.panel + AvxVnni::header_bytes(8 * kVectors);
  if constexpr (kOneRun) {
    multiply_run(pixels, 0, t.steps, weights, ahead, acc);
  } else {
    for (size_t run = 0; run < t.runs; ++run, weights += 32 * kVectors * t.steps, ahead += 8 * t.steps)
      multiply_run(pixels, t.run_offsets[run], t.steps, weights, ahead, acc);
  }
#pragma GCC unroll 4
  for (size_t part = 1; part < kParts; ++part)
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[0][i][j] = _mm256_add_epi32(acc[0][i][j], acc[part][i][j]);
  finish_micro_tile(t, outputs, acc[0], e);
}

// Whether `count` places of a tile stand at equal distances. Those of a row do, and all rows of a tile
// are equally far from each other, so that the last place tells.
template <class T>
inline bool are_even(const T* places, size_t count) {
  if (count < 2) return false;
  const auto step = static_cast<size_t>(places[1] - places[0]);
  return static_cast<size_t>(places[count - 1] - places[0]) == (count - 1) * step;
}

// `tiles` times kRows pixels. Those of 1x1 convolutions, mostly at equal distances, get along with fewer
// registers, and short sums do not wait for them.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t tiles, const Epilogue256& e) {
  const uint8_t* const* pixels = t.pixels + first;
  const size_t* outputs = t.outputs + first;
  const uint8_t* ahead = t.next_panel + first * t.next_bytes_per_pixel;
  const size_t share = kRows * t.next_bytes_per_pixel;
  if (t.runs > 1 || !are_even(pixels, kRows * tiles) || !are_even(outputs, kRows * tiles)) {
    for (; tiles > 0; --tiles, pixels += kRows, outputs += kRows, ahead += share)
      run_micro_tile<kRows, kVectors, false>(t, pixels, outputs, ahead, e);
    return;
  }
  Even<const uint8_t*> even_pixels = {pixels[0], static_cast<size_t>(pixels[1] - pixels[0])};
  Even<size_t> even_outputs = {outputs[0], outputs[1] - outputs[0]};
  for (; tiles > 0; --tiles, ahead += share) {
    run_micro_tile<kRows, kVectors, true>(t, even_pixels, even_outputs, ahead, e);
    even_pixels.first += kRows * even_pixels.step;
    even_outputs.first += kRows * even_outputs.step;
  }
}

void AvxVnni::run_tiles(const MicroTile<AvxVnni>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& e) {
  using Function = void (*)(const MicroTile<AvxVnni>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[2][kRows] = {
      {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>, run_micro_tiles<4, 1>,
       run_micro_tiles<5, 1>, run_micro_tiles<6, 1>},
      {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>, run_micro_tiles<4, 2>,
       run_micro_tiles<5, 2>, run_micro_tiles<6, 2>}};
  kFunctions[t.width == kPanel][rows - 1](t, first, tiles, e);
}

// acc += kSteps steps of one pixel in place; each step has accumulators of its own.
template <size_t kSteps, size_t kVectors>
__attribute__((always_inline)) inline void multiply_steps(const int8_t* input, const uint8_t* weights,
                                                          __m256i (&acc)[4][1][kVectors]) {
#pragma GCC unroll 4
  for (size_t s = 0; s < kSteps; ++s) {
    const __m256i four = _mm256_xor_si256(broadcast_four(input + 4 * s), _mm256_set1_epi8(-128));
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j)
      acc[s][0][j] = dot_u8s8(acc[s][0][j], four, load(weights + 32 * (kVectors * s + j)));
  }
}

// One pixel by one panel. Its weights come once and from L2, a line in two cycles: four steps are a round,
// and between the panels there is nothing but the way out.
template <size_t kVectors>
void run_single_panel(const MicroTile<AvxVnni>& t, const int8_t* input, const Epilogue256& epilogue) {
  const uint8_t* weights = t.panel + AvxVnni::header_bytes(8 * kVectors);
  __m256i acc[4][1][kVectors] = {};
#pragma GCC unroll 2
  for (size_t j = 0; j < kVectors; ++j) acc[0][0][j] = load(t.panel + 32 * j);
  size_t steps = t.steps;
  for (; steps >= 4; steps -= 4, input += 16, weights += 128 * kVectors)
    multiply_steps<4>(input, weights, acc);
  for (; steps > 0; --steps, input += 4, weights += 32 * kVectors) multiply_steps<1>(input, weights, acc);
#pragma GCC unroll 2
  for (size_t j = 0; j < kVectors; ++j)
    acc[0][0][j] = _mm256_add_epi32(_mm256_add_epi32(acc[0][0][j], acc[1][0][j]),
                                    _mm256_add_epi32(acc[2][0][j], acc[3][0][j]));
  finish_micro_tile(t, t.outputs, acc[0], epilogue);
}

void AvxVnni::run_single(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                         const int8_t* input, void* output) {
  const Epilogue epilogue(c);
  const size_t element_bytes = c.accumulator_scale ? sizeof(float) : 1;
  const size_t first_output = 0;
  MicroTile<AvxVnni> t = {};
  t.outputs = &first_output;
  t.steps = packed.plan->run_steps;
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    t.panel = packed.base + panel.offset;
    t.output = static_cast<uint8_t*>(output) + panel.first * element_bytes;
    t.columns = panel.columns;
    if (panel.width == kPanel) {
      run_single_panel<2>(t, input, epilogue);
    } else {
      run_single_panel<1>(t, input, epilogue);
    }
  }
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
