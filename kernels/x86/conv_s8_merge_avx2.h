// SPDX-License-Identifier: Apache-2.0
//
// Packs the windows of a panel (conv_s8_windows_avx2.h): finds those that merge, and writes sections, each
// of up to kSectionWindows windows, merged pairs first:
//
//   u32 merged, single         numbers of windows, padded to 64 bytes with
//   u32 offsets[windows]       of the window's input in the strip, from the pixel's place
//   s8  weights[windows][W][4] for W = 16 or 8 channels, ordered as conv_s8_gemm_256.h says
//
// From the heaviest on, each window takes the heaviest of those left that fits. As it looks within
// its section only, the cost stays linear in k.
#pragma once

#include "kernels/x86/conv_s8_windows_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kSectionWindows = 256;

struct WindowCounts {
  uint32_t merged, single;
};

inline size_t section_header_bytes(size_t windows) {
  return align_64(sizeof(WindowCounts) + windows * sizeof(uint32_t));
}

inline size_t section_bytes(size_t windows, size_t width) {
  return section_header_bytes(windows) + align_64(windows * kWindowElements * width);
}

// The bytes of `windows` windows in sections.
inline size_t sections_bytes(size_t windows, size_t width) {
  const size_t full = windows / kSectionWindows, rest = windows % kSectionWindows;
  return full * section_bytes(kSectionWindows, width) + (rest > 0 ? section_bytes(rest, width) : 0);
}

// The windows of the section that is being collected.
struct Section {
  size_t width, count;
  uint8_t* to;
  uint32_t offsets[kSectionWindows];
  alignas(32) uint8_t sums[kSectionWindows][64];     // of positive weights of each pair, of negative ones
  alignas(32) uint8_t weights[kSectionWindows][64];  // as packed
};

inline __m256i load_sums(const uint8_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}

inline bool fits(const uint8_t* a, const uint8_t* b) {
  const __m256i positive = _mm256_adds_epu8(load_sums(a), load_sums(b));
  const __m256i negative = _mm256_adds_epu8(load_sums(a + 32), load_sums(b + 32));
  const __m256i over =
      _mm256_subs_epu8(_mm256_max_epu8(positive, negative), _mm256_set1_epi8(static_cast<char>(kSafeSum)));
  return _mm256_testz_si256(over, over);
}

// The sum of a window's |weights|, in [0, 64 * 128].
inline size_t total_weight(const uint8_t* sums) {
  const __m256i none = _mm256_setzero_si256();
  const __m256i s =
      _mm256_add_epi64(_mm256_sad_epu8(load_sums(sums), none), _mm256_sad_epu8(load_sums(sums + 32), none));
  const __m128i t = _mm_add_epi64(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
  return static_cast<size_t>(_mm_cvtsi128_si64(t) + _mm_extract_epi64(t, 1));
}

// The section's windows, heaviest first.
inline void order_by_weight(const Section& s, uint16_t* order) {
  constexpr size_t kClassWeight = 32, kClasses = 64 * 128 / kClassWeight + 1;
  uint16_t place[kClasses + 1] = {}, weight_class[kSectionWindows];
  for (size_t i = 0; i < s.count; ++i) {
    weight_class[i] = static_cast<uint16_t>(kClasses - 1 - total_weight(s.sums[i]) / kClassWeight);
    ++place[weight_class[i] + 1];
  }
  for (size_t i = 0; i < kClasses; ++i) place[i + 1] = static_cast<uint16_t>(place[i + 1] + place[i]);
  for (size_t i = 0; i < s.count; ++i) order[place[weight_class[i]]++] = static_cast<uint16_t>(i);
}

// Writes the section and starts the next one.
inline void finish_section(Section* s) {
  uint8_t* weights = s->to + section_header_bytes(s->count);
  const size_t window_bytes = kWindowElements * s->width;
  auto* offsets = reinterpret_cast<uint32_t*>(s->to + sizeof(WindowCounts));
  const auto write = [&](size_t place, uint16_t i) {
    offsets[place] = s->offsets[i];
    std::memcpy(weights + place * window_bytes, s->weights[i], 32);
    if (s->width == kColumns) std::memcpy(weights + place * window_bytes + 32, s->weights[i] + 32, 32);
  };
  uint16_t order[kSectionWindows];
  order_by_weight(*s, order);
  size_t merged = 0, single = s->count;
  uint16_t* next = order;
  for (size_t left = s->count; left > 0;) {
    size_t partner = 1;
    while (partner < left && !fits(s->sums[next[0]], s->sums[next[partner]])) ++partner;
    if (partner == left) {
      write(--single, next[0]);
      next += 1, left -= 1;
      continue;
    }
    write(merged++, next[0]);
    write(merged++, next[partner]);
    std::memmove(next + 1, next, partner * sizeof(*next));  // closes the gap
    next += 2, left -= 2;
  }
  const WindowCounts counts = {static_cast<uint32_t>(merged), static_cast<uint32_t>(s->count - merged)};
  std::memcpy(s->to, &counts, sizeof(counts));
  s->to += section_bytes(s->count, s->width);
  s->count = 0;
}

// Four elements of k of 16 channels -> the packed order: channels 0-3 8-11 4-7 12-15, or 0-7.
inline void interleave_window(const Window& w, bool wide, uint8_t* to) {
  const __m128i low01 = _mm_unpacklo_epi8(w.w0, w.w1), low23 = _mm_unpacklo_epi8(w.w2, w.w3);
  const __m128i high01 = _mm_unpackhi_epi8(w.w0, w.w1), high23 = _mm_unpackhi_epi8(w.w2, w.w3);
  store_columns(to, _mm_unpacklo_epi16(low01, low23));
  store_columns(to + (wide ? 32 : 16), _mm_unpackhi_epi16(low01, low23));
  store_columns(to + (wide ? 16 : 32), _mm_unpacklo_epi16(high01, high23));
  store_columns(to + 48, _mm_unpackhi_epi16(high01, high23));
}

inline void add_window(Section* s, const Window& w, size_t offset) {
  if (s->count == kSectionWindows) finish_section(s);
  const size_t i = s->count++;
  s->offsets[i] = static_cast<uint32_t>(offset);
  interleave_window(w, s->width == kColumns, s->weights[i]);
  store_columns(s->sums[i], _mm_add_epi8(positive_part(w.w0), positive_part(w.w1)));
  store_columns(s->sums[i] + 16, _mm_add_epi8(positive_part(w.w2), positive_part(w.w3)));
  store_columns(s->sums[i] + 32, _mm_add_epi8(negative_part(w.w0), negative_part(w.w1)));
  store_columns(s->sums[i] + 48, _mm_add_epi8(negative_part(w.w2), negative_part(w.w3)));
}

// Calls visit(segment, windows, offset of its first element from the pixel's place) for the panel's parts of
// k.
template <class Visit>
void for_each_segment(const ConvS8& c, const StripPlan& plan, const Panel& panel, const Visit& visit) {
  Segment segment;
  Windows windows;
  for (size_t run = 0; run < plan.runs; ++run)
    for (size_t k = 0; k < plan.run_elements; k += kSegmentElements) {
      const int8_t* columns[kColumns];
      for (size_t i = 0; i < panel.columns; ++i) columns[i] = run_weights(c, plan, panel.first + i, run) + k;
      load_segment(columns, panel.columns, min_size(kSegmentElements, plan.run_elements - k), &segment);
      choose_windows(segment, &windows);
      visit(&segment, windows, run_offset(c, plan, run) + k);
    }
}

inline size_t count_windows(const ConvS8& c, const StripPlan& plan, const Panel& panel) {
  size_t count = 0;
  for_each_segment(c, plan, panel,
                   [&count](Segment*, const Windows& windows, size_t) { count += windows.count; });
  return count;
}

// Writes the panel's sections; returns the end of the last.
inline uint8_t* pack_windows(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  Section section;
  section.width = panel.width;
  section.count = 0;
  section.to = to;
  for_each_segment(c, plan, panel, [&section](Segment* segment, const Windows& windows, size_t offset) {
    for_each_window(segment, windows,
                    [&section, offset](size_t k, const Window& w) { add_window(&section, w, offset + k); });
  });
  if (section.count > 0) finish_section(&section);
  return section.to;
}

}  // namespace
}  // namespace octet::kernels
