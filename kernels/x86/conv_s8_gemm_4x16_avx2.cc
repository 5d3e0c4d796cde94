// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX2 with maddubs: 4 output pixels by 16 output
// channels (8 by 8 at the end), any geometry and groups. conv_s8_strip.h cuts the work.
//
// Exact: conv_s8_windows_avx2.h cuts k into windows of four whose sums fit in s16 whatever the
// inputs are; pmaddwd with ones widens them, and s32 additions wrap as the reference's do. The strip holds
// inputs as q + 128 (the sign bit flipped), and the bias takes (input_zero_point + 128) * sum
// of weights back, modulo 2^32.
//
// Two multiplies a cycle are the limit: a single window costs maddubs and pmaddwd for 32 products,
// a merged pair two maddubs and one pmaddwd for 64. Eight accumulators, three vectors of weights (the
// fourth of a merged pair comes from memory), ones and four sums fill the 16 registers.
// conv_s8_gemm_256.h describes the header of the packed panels, conv_s8_merge_avx2.h the sections
// of windows that follow it.
#include "kernels/x86/conv_s8_gemm_256.h"
#include "kernels/x86/conv_s8_merge_avx2.h"

namespace octet::kernels {
namespace {

struct Maddubs : Gemm256, FlippedInputs {
  static constexpr size_t kRows = 4;

  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Maddubs>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

// In the padding of a panel's header, behind the way out: the bytes of all its sections.
inline size_t read_section_bytes(const uint8_t* panel, size_t width) {
  uint32_t bytes;
  std::memcpy(&bytes, panel + Gemm256::header_bytes(width) - 28, sizeof(bytes));
  return bytes;
}

// Where the first section starts: no window is split between two lines of cache.
inline size_t sections_at(size_t width) { return align_64(Gemm256::header_bytes(width)); }

template <>
size_t panel_bytes<Maddubs>(const ConvS8& c, const StripPlan& p, const Panel& panel) {
  return sections_at(panel.width) + sections_bytes(count_windows(c, p, panel), panel.width);
}

template <>
size_t written_bytes<Maddubs>(const ConvS8&, const StripPlan&, const Panel& panel, const uint8_t* packed) {
  return sections_at(panel.width) + read_section_bytes(packed, panel.width);
}

void Maddubs::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, c.input_zero_point + 128, to);
  uint8_t* sections = to + sections_at(panel.width);
  const auto bytes = static_cast<uint32_t>(pack_windows(c, plan, panel, sections) - sections);
  std::memcpy(to + header_bytes(panel.width) - 28, &bytes, sizeof(bytes));
}

// acc += sums of two neighbours. The empty assembly fixes the order of the additions: gcc would
// otherwise form all products first and spill the accumulators.
inline void widen_add(__m256i sums, __m256i ones, __m256i* acc) {
  *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(sums, ones));
  asm("" : "+x"(*acc));
}

// The same for two sums of two windows each. The empty assembly keeps equal instructions together, which
// the four vector units digest 2 to 4% faster than one sum after the other.
inline void merge_add_two(__m256i a0, __m256i a1, __m256i b0, __m256i b1, __m256i ones, __m256i* acc0,
                          __m256i* acc1) {
  asm volatile("" : "+x"(a0), "+x"(a1), "+x"(b0), "+x"(b1));
  a0 = _mm256_add_epi16(a0, b0);
  a1 = _mm256_add_epi16(a1, b1);
  asm volatile("" : "+x"(a0), "+x"(a1));
  a0 = _mm256_madd_epi16(a0, ones);
  a1 = _mm256_madd_epi16(a1, ones);
  asm volatile("" : "+x"(a0), "+x"(a1));
  *acc0 = _mm256_add_epi32(*acc0, a0);
  *acc1 = _mm256_add_epi32(*acc1, a1);
  asm volatile("" : "+x"(*acc0), "+x"(*acc1));
}

// One pair of merged windows: 16 channels.
template <size_t kRows>
inline void multiply_pair(const uint8_t* const (&a)[kRows], size_t at0, size_t at1, const uint8_t* weights,
                          __m256i ones, __m256i (&acc)[kRows][2]) {
  const __m256i b00 = load(weights), b01 = load(weights + 32), b10 = load(weights + 64);
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) {
    const __m256i x0 = broadcast_four(a[i] + at0), x1 = broadcast_four(a[i] + at1);
    asm("" : "+r"(weights));  // no register is left for the fourth: it is read from memory in each row
    const __m256i b11 = load(weights + 96);
    merge_add_two(_mm256_maddubs_epi16(x0, b00), _mm256_maddubs_epi16(x0, b01), _mm256_maddubs_epi16(x1, b10),
                  _mm256_maddubs_epi16(x1, b11), ones, &acc[i][0], &acc[i][1]);
  }
}

// 8 channels: two pixels at a time, the last of an odd number alone.
template <size_t kRows>
inline void multiply_pair(const uint8_t* const (&a)[kRows], size_t at0, size_t at1, const uint8_t* weights,
                          __m256i ones, __m256i (&acc)[kRows][1]) {
  const __m256i b0 = load(weights), b1 = load(weights + 32);
  const auto first = [&](size_t i) { return _mm256_maddubs_epi16(broadcast_four(a[i] + at0), b0); };
  const auto second = [&](size_t i) { return _mm256_maddubs_epi16(broadcast_four(a[i] + at1), b1); };
#pragma GCC unroll 4
  for (size_t i = 0; i + 1 < kRows; i += 2)
    merge_add_two(first(i), first(i + 1), second(i), second(i + 1), ones, &acc[i][0], &acc[i + 1][0]);
  if (kRows % 2 != 0)
    widen_add(_mm256_add_epi16(first(kRows - 1), second(kRows - 1)), ones, &acc[kRows - 1][0]);
}

// Merged windows, two at a time. Returns the weights behind them.
template <size_t kRows, size_t kVectors>
inline const uint8_t* multiply_merged(const uint8_t* const (&a)[kRows], const uint32_t* offsets, size_t count,
                                      const uint8_t* weights, __m256i ones, __m256i (&acc)[kRows][kVectors]) {
  for (size_t n = 0; n < count; n += 2, weights += 64 * kVectors)
    multiply_pair(a, offsets[n], offsets[n + 1], weights, ones, acc);
  return weights;
}

template <size_t kRows, size_t kVectors>
inline void multiply_single(const uint8_t* const (&a)[kRows], const uint32_t* offsets, size_t count,
                            const uint8_t* weights, __m256i ones, __m256i (&acc)[kRows][kVectors]) {
#pragma GCC unroll 2
  for (size_t n = 0; n < count; ++n, weights += 32 * kVectors) {
    const size_t at = offsets[n];
    __m256i b[kVectors];
#pragma GCC unroll 2
    for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 32 * j);
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      const __m256i x = broadcast_four(a[i] + at);
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) widen_add(_mm256_maddubs_epi16(x, b[j]), ones, &acc[i][j]);
    }
  }
}

template <size_t kRows, size_t kVectors>
inline void multiply_windows(const MicroTile<Maddubs>& t, const uint8_t* const* pixels,
                             __m256i (&acc)[kRows][kVectors]) {
  const uint8_t* section = t.panel + sections_at(8 * kVectors);
  const uint8_t* end = section + read_section_bytes(t.panel, 8 * kVectors);
  const uint8_t* a[kRows];
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
  __m256i ones = _mm256_set1_epi16(1);
  asm("" : "+x"(ones));  // stays in a register
  while (section != end) {
    WindowCounts counts;
    std::memcpy(&counts, section, sizeof(counts));
    const size_t windows = counts.merged + counts.single;
    const auto* offsets = reinterpret_cast<const uint32_t*>(section + sizeof(counts));
    const uint8_t* weights = section + section_header_bytes(windows);
    weights = multiply_merged(a, offsets, counts.merged, weights, ones, acc);
    multiply_single(a, offsets + counts.merged, counts.single, weights, ones, acc);
    section += section_bytes(windows, 8 * kVectors);
  }
}

// `tiles` times kRows pixels.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<Maddubs>& t, size_t first, size_t tiles, const Epilogue256& e) {
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    __m256i acc[kRows][kVectors];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
    multiply_windows<kRows, kVectors>(t, t.pixels + m, acc);
    finish_micro_tile(t, t.outputs + m, acc, e);
  }
}

// Panels of 8 channels take their pixels eight at a time.
void Maddubs::run_tiles(const MicroTile<Maddubs>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& e) {
  using Function = void (*)(const MicroTile<Maddubs>&, size_t, size_t, const Epilogue&);
  static constexpr Function kWide[4] = {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>,
                                        run_micro_tiles<4, 2>};
  if (t.width == kPanel) return kWide[rows - 1](t, first, tiles, e);
  static constexpr Function kNarrow[4] = {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>,
                                          run_micro_tiles<4, 1>};
  const size_t pixels = rows * tiles, eights = pixels / 8, rest = pixels % 8;
  run_micro_tiles<8, 1>(t, first, eights, e);
  first += 8 * eights;
  run_micro_tiles<4, 1>(t, first, rest / 4, e);
  if (rest % 4 > 0) kNarrow[rest % 4 - 1](t, first + rest / 4 * 4, 1, e);
}

bool supports(const ConvS8&) { return true; }

// Measured: with at most 3 windows in 10 more than elements of k by four, this is faster than
// conv_s8_gemm_6x16_avx2. A few panels tell. With fewer pixels than a micro-tile has rows, packing
// large weights (about 1 ns each) takes longer than hundreds of runs save.
bool pays(const ConvS8& c) {
  constexpr size_t kLargeWeights = 128 * 1024;
  const size_t pixels = c.batch * c.output_height * c.output_width;
  const size_t weights = c.output_channels * c.kernel_height * c.kernel_width * (c.input_channels / c.groups);
  if (pixels < Maddubs::kRows && weights > kLargeWeights) return false;
  const StripPlan p = make_plan<Maddubs>(c);
  size_t windows = 0, fewest = 0;
  for (size_t i = 0; i < p.panels; i += divide_up(p.panels, 4)) {
    windows += count_windows(c, p, find_panel<Maddubs>(c, p, i));
    fewest += p.runs * p.run_steps;
  }
  return 10 * windows <= 13 * fewest;
}

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_4x16_avx2_kernel;
const ConvS8Kernel conv_s8_gemm_4x16_avx2_kernel = {
    "conv_s8_gemm_4x16_avx2", kAvx2,         supports,
    packed_bytes<Maddubs>,    pack<Maddubs>, scratch_bytes<Maddubs>,
    items<Maddubs>,           run<Maddubs>,  pays};

}  // namespace octet::kernels
