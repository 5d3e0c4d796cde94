// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on AVX2 with maddubs, for 1x1 kernels whose inputs' usual ranges are known: 4
// output pixels by 16 (or 8) output channels. conv_s8_strip.h cuts the work.
//
// Inputs are split, x = low + y + e (conv_s8_split_avx2.h), where x = q + 128:
//
//   acc = bias' + sum of y w + sum of e w,   bias' = bias + sum of low w - (input_zero_point + 128) * sum of
//   w
//
// Exact: sum of y w goes through s16 in groups of windows (conv_s8_split_windows_avx2.h) that cannot leave
// it, whatever the inputs are; e w of a window fits in s16 too, as |e| <= 127. s32 additions wrap as the
// reference's do.
#include "kernels/x86/conv_s8_gemm_256.h"
#include "kernels/x86/conv_s8_split_avx2.h"
#include "kernels/x86/conv_s8_split_windows_avx2.h"

namespace octet::kernels {
namespace {

struct Split : Gemm256, FlippedInputs {
  static constexpr size_t kRows = 4;

  static size_t notes_bytes(const StripPlan& p) { return SplitNotes::bytes(p); }
  static void take_notes(const ConvS8& c, const StripPlan& p, size_t pixels, const StripScratch<Split>& s) {
    take_split_notes(c, p, pixels, s.pixels, s.outputs, s.notes, kRows);
  }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Split>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

inline size_t windows_at(size_t width) { return align_64(Gemm256::header_bytes(width)); }

template <>
size_t panel_bytes<Split>(const ConvS8& c, const StripPlan& p, const Panel& panel) {
  return windows_at(panel.width) + split_sections_bytes(c, p, panel);
}

// bias += sum of low w.
void add_low(const ConvS8& c, const StripPlan& p, const Panel& panel, uint32_t* bias) {
  for (size_t i = 0; i < panel.width; ++i) {
    const size_t column = channel_at(panel.width, i);
    if (column >= panel.columns) continue;
    const int8_t* weights = run_weights(c, p, panel.first + column, 0);
    for (size_t k = 0; k < p.run_elements; ++k) bias[i] += static_cast<uint32_t>(c.input_low[k] * weights[k]);
  }
}

void Split::pack_panel(const ConvS8& c, const StripPlan& p, const Panel& panel, uint8_t* to) {
  pack_header(c, panel, c.input_zero_point + 128, to);
  if (c.input_low) add_low(c, p, panel, reinterpret_cast<uint32_t*>(to));
  pack_split_windows(c, p, panel, to + windows_at(panel.width));
}

template <size_t kRows, size_t kVectors>
using Accumulators = __m256i[kRows][kVectors];

// acc += sum of e w over the micro-tile's lists.
template <size_t kRows, size_t kVectors>
__attribute__((noinline)) void add_rests(const uint8_t* windows, const SplitList* lists,
                                         Accumulators<kRows, kVectors>& acc) {
  const __m256i ones = _mm256_set1_epi16(1);
  const auto* places = reinterpret_cast<const uint32_t*>(windows);
  for (size_t i = 0; i < kRows; ++i) {
    __m256i sums[kVectors];
    for (size_t j = 0; j < kVectors; ++j) sums[j] = acc[i][j];
    for (size_t n = 0; n < lists[0].length; ++n) {
      const SplitEntry& entry = lists[i].entries[n];
      const __m256i e = broadcast_four(entry.rest), size = _mm256_abs_epi8(e);
      const uint8_t* w = windows + places[entry.window];
      for (size_t j = 0; j < kVectors; ++j) {
        const __m256i products = _mm256_maddubs_epi16(size, _mm256_sign_epi8(load(w + 32 * j), e));
        sums[j] = _mm256_add_epi32(sums[j], _mm256_madd_epi16(products, ones));
      }
    }
    for (size_t j = 0; j < kVectors; ++j) acc[i][j] = sums[j];
  }
}

// sums[i] = products (kFirst), or += products, of rows [i, i + 2) with a window's weights; the empty assembly
// keeps equal instructions together, which the four vector units digest better.
template <bool kFirst>
inline void multiply_two(__m256i x0, __m256i x1, const __m256i (&b)[2], __m256i (&s0)[2], __m256i (&s1)[2]) {
  __m256i p00 = _mm256_maddubs_epi16(x0, b[0]), p01 = _mm256_maddubs_epi16(x0, b[1]);
  __m256i p10 = _mm256_maddubs_epi16(x1, b[0]), p11 = _mm256_maddubs_epi16(x1, b[1]);
  asm volatile("" : "+x"(p00), "+x"(p01), "+x"(p10), "+x"(p11));
  s0[0] = kFirst ? p00 : _mm256_add_epi16(s0[0], p00);
  s0[1] = kFirst ? p01 : _mm256_add_epi16(s0[1], p01);
  s1[0] = kFirst ? p10 : _mm256_add_epi16(s1[0], p10);
  s1[1] = kFirst ? p11 : _mm256_add_epi16(s1[1], p11);
  asm volatile("" : "+x"(s0[0]), "+x"(s0[1]), "+x"(s1[0]), "+x"(s1[1]));
}
template <bool kFirst>
inline void multiply_two(__m256i x0, __m256i x1, const __m256i (&b)[1], __m256i (&s0)[1], __m256i (&s1)[1]) {
  const __m256i p0 = _mm256_maddubs_epi16(x0, b[0]), p1 = _mm256_maddubs_epi16(x1, b[0]);
  s0[0] = kFirst ? p0 : _mm256_add_epi16(s0[0], p0);
  s1[0] = kFirst ? p1 : _mm256_add_epi16(s1[0], p1);
  asm volatile("" : "+x"(s0[0]), "+x"(s1[0]));
}

// One window by all rows; an odd last row is its own neighbour.
template <bool kFirst, size_t kRows, size_t kVectors>
inline void multiply_window(const uint8_t* const (&a)[kRows], size_t at, const uint8_t* weights,
                            __m256i (&sums)[kRows + 1][kVectors]) {
  __m256i b[kVectors];
#pragma GCC unroll 2
  for (size_t j = 0; j < kVectors; ++j) b[j] = load(weights + 32 * j);
#pragma GCC unroll 2
  for (size_t i = 0; i < kRows; i += 2) {
    const size_t next = i + 1 < kRows ? i + 1 : i;
    multiply_two<kFirst>(broadcast_four(a[i] + at), broadcast_four(a[next] + at), b, sums[i], sums[i + 1]);
  }
}

// `groups` groups of kLength windows each.
template <size_t kLength, size_t kRows, size_t kVectors>
inline void multiply_groups(const uint8_t* const (&a)[kRows], size_t groups, const uint32_t*& offsets,
                            const uint8_t*& weights, Accumulators<kRows, kVectors>& acc) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (; groups > 0; --groups, offsets += kLength, weights += 32 * kVectors * kLength) {
    __m256i sums[kRows + 1][kVectors];
    multiply_window<true>(a, offsets[0], weights, sums);
#pragma GCC unroll 8
    for (size_t n = 1; n < kLength; ++n)
      multiply_window<false>(a, offsets[n], weights + 32 * kVectors * n, sums);
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j)
        acc[i][j] = _mm256_add_epi32(acc[i][j], _mm256_madd_epi16(sums[i][j], ones));
    asm volatile("" : : "r"(&acc) : "memory");
  }
}

template <size_t kRows, size_t kVectors>
inline void multiply_kind(const uint8_t* const (&a)[kRows], const GroupKind& kind, const uint32_t*& offsets,
                          const uint8_t*& weights, Accumulators<kRows, kVectors>& acc) {
  switch (kind.length) {
    case 8:
      return multiply_groups<8>(a, kind.groups, offsets, weights, acc);
    case 7:
      return multiply_groups<7>(a, kind.groups, offsets, weights, acc);
    case 6:
      return multiply_groups<6>(a, kind.groups, offsets, weights, acc);
    case 5:
      return multiply_groups<5>(a, kind.groups, offsets, weights, acc);
    case 4:
      return multiply_groups<4>(a, kind.groups, offsets, weights, acc);
    case 3:
      return multiply_groups<3>(a, kind.groups, offsets, weights, acc);
    case 2:
      return multiply_groups<2>(a, kind.groups, offsets, weights, acc);
    default:
      return multiply_groups<1>(a, kind.groups, offsets, weights, acc);
  }
}

template <size_t kRows, size_t kVectors>
inline void multiply_sections(const MicroTile<Split>& t, const uint8_t* windows, const uint8_t* const* pixels,
                              Accumulators<kRows, kVectors>& acc) {
  const uint8_t* section = windows + split_places_bytes(t.steps);
  const uint8_t* a[kRows];
#pragma GCC unroll 4
  for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i];
  for (size_t first = 0; first < t.steps; first += kSplitSection) {
    const auto* head = reinterpret_cast<const SplitSectionHead*>(section);
    const auto* offsets = reinterpret_cast<const uint32_t*>(section + sizeof(*head));
    size_t count = 0;
    for (size_t i = 0; i < head->kinds; ++i) count += head->kind[i].length * head->kind[i].groups;
    const uint8_t* weights = section + split_weights_at(count);
    for (size_t i = 0; i < head->kinds; ++i)
      multiply_kind<kRows, kVectors>(a, head->kind[i], offsets, weights, acc);
    section += head->bytes;
  }
}

// `tiles` times kRows pixels.
template <size_t kRows, size_t kVectors>
void run_micro_tiles(const MicroTile<Split>& t, size_t first, size_t tiles, const Epilogue256& e) {
  const uint8_t* windows = t.panel + windows_at(8 * kVectors);
  const auto* lists = reinterpret_cast<const SplitList*>(t.notes);
  for (size_t m = first; m < first + kRows * tiles; m += kRows) {
    __m256i acc[kRows][kVectors];
#pragma GCC unroll 4
    for (size_t i = 0; i < kRows; ++i)
#pragma GCC unroll 2
      for (size_t j = 0; j < kVectors; ++j) acc[i][j] = load(t.panel + 32 * j);
    asm volatile("" : : "r"(&acc) : "memory");  // accumulators stay there: sums take the registers
    if (lists[m].length > 0) add_rests<kRows, kVectors>(windows, lists + m, acc);
    multiply_sections<kRows, kVectors>(t, windows, t.pixels + m, acc);
    finish_micro_tile(t, t.outputs + m, acc, e);
  }
}

void Split::run_tiles(const MicroTile<Split>& t, size_t first, size_t rows, size_t tiles, const Epilogue& e) {
  using Function = void (*)(const MicroTile<Split>&, size_t, size_t, const Epilogue&);
  static constexpr Function kFunctions[2][4] = {
      {run_micro_tiles<1, 1>, run_micro_tiles<2, 1>, run_micro_tiles<3, 1>, run_micro_tiles<4, 1>},
      {run_micro_tiles<1, 2>, run_micro_tiles<2, 2>, run_micro_tiles<3, 2>, run_micro_tiles<4, 2>}};
  kFunctions[t.width == kPanel][rows - 1](t, first, tiles, e);
}

bool supports(const ConvS8& c) { return c.input_high && c.groups == 1 && has_own_pixels(c); }

// Hundredths of a cycle that a pixel takes, fitted to 100 layers of five networks: of each panel, of its
// windows and groups here, of windows in conv_s8_gemm_4x16_avx2, of steps of four in conv_s8_gemm_6x16_avx2;
// and of splitting, once for all panels.
constexpr size_t kPanelCost = 1090, kWindowCost = 135, kGroupCost = 118;
constexpr size_t kOverlappingPanelCost = 1130, kOverlappingWindowCost = 171;
constexpr size_t kWidenedPanelCost = 200, kWidenedStepCost = 269;
constexpr size_t kSplitCost = 2600, kSplitElementCost = 18;

// A few panels tell. Three in a hundred are for inputs that lie outside more often than in calibration.
bool pays(const ConvS8& c) {
  const StripPlan p = make_plan<Split>(c);
  if (p.pixels < 4 * Split::kRows) return false;
  SplitSection section;
  size_t panels = 0, cost = 0, other = 0;
  for (size_t i = 0; i < p.panels; i += divide_up(p.panels, 3), ++panels) {
    const Panel panel = find_panel<Split>(c, p, i);
    cost += kPanelCost;
    for_split_sections(p, [&](size_t first, size_t last) {
      collect_split_section(c, p, panel, first, last, &section);
      cost += kWindowCost * section.s.count + kGroupCost * section.group_count;
    });
    other += min_size(kOverlappingPanelCost + kOverlappingWindowCost * count_windows(c, p, panel),
                      kWidenedPanelCost + kWidenedStepCost * p.run_steps);
  }
  const size_t splitting = (kSplitCost + kSplitElementCost * p.run_elements) * panels * Split::kPanel;
  const size_t columns = columns_of<Split>(c, p);
  return 100 * (cost * columns + splitting) < 97 * other * columns;
}

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_4x16_split_avx2_kernel;
const ConvS8Kernel conv_s8_gemm_4x16_split_avx2_kernel = {"conv_s8_gemm_4x16_split_avx2",
                                                          kAvx2,
                                                          supports,
                                                          packed_bytes<Split>,
                                                          pack<Split>,
                                                          scratch_bytes<Split>,
                                                          items<Split>,
                                                          run<Split>,
                                                          pays};

}  // namespace octet::kernels
