// SPDX-License-Identifier: Apache-2.0
//
// Packs the windows of a panel (conv_s8_windows_avx2.h): finds those that merge, and writes
// merged pairs first, single windows behind them:
//
//   u32 offsets[windows]       of the window's input in the strip, from the pixel's place
//   s8  weights[windows][W][4] for W = 16 or 8 channels, ordered as conv_s8_gemm_256.h says
//
// Heaviest first, each window takes the heaviest one that fits. The search looks at kPending
// windows at a time, so that its cost stays linear in k.
#pragma once

#include "kernels/x86/conv_s8_windows_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kPending = 256;

struct Window {
  uint8_t weights[64];   // as packed
  uint8_t positive[32];  // sums of the positive weights of each pair
  uint8_t negative[32];
  uint32_t offset;
  uint16_t next;  // in the order of weight
};

// Writes pairs from the front and singles from the back of the panel's places for windows.
struct WindowWriter {
  uint32_t* offsets;
  uint8_t* weights;
  size_t window_bytes;
  size_t front, back;  // places not written yet
  size_t pending;
  Window windows[kPending];
};

inline __m256i load_sums(const uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

inline bool fits(const Window& a, const Window& b) {
  const __m256i positive = _mm256_adds_epu8(load_sums(a.positive), load_sums(b.positive));
  const __m256i negative = _mm256_adds_epu8(load_sums(a.negative), load_sums(b.negative));
  const __m256i over =
      _mm256_subs_epu8(_mm256_max_epu8(positive, negative), _mm256_set1_epi8(static_cast<char>(kSafeSum)));
  return _mm256_testz_si256(over, over);
}

// The largest sum of a window, in [0, 128].
inline size_t heaviest_sum(const Window& w) {
  const __m256i both = _mm256_max_epu8(load_sums(w.positive), load_sums(w.negative));
  __m128i m = _mm_max_epu8(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  m = _mm_max_epu8(m, _mm_srli_si128(m, 8));
  m = _mm_max_epu8(m, _mm_srli_si128(m, 4));
  m = _mm_max_epu8(m, _mm_srli_si128(m, 2));
  m = _mm_max_epu8(m, _mm_srli_si128(m, 1));
  return static_cast<uint8_t>(_mm_extract_epi8(m, 0));
}

constexpr uint16_t kNone = 0xffff;

// Links the pending windows, heaviest first; returns the first.
inline uint16_t order_by_weight(WindowWriter* w) {
  uint16_t first_of[kSafeSum + 1];
  for (uint16_t& first : first_of) first = kNone;
  for (size_t i = w->pending; i-- > 0;) {
    const size_t sum = heaviest_sum(w->windows[i]);
    w->windows[i].next = first_of[sum];
    first_of[sum] = static_cast<uint16_t>(i);
  }
  uint16_t head = kNone;
  uint16_t* link = &head;
  for (size_t sum = kSafeSum + 1; sum-- > 0;) {
    *link = first_of[sum];
    while (*link != kNone) link = &w->windows[*link].next;
  }
  return head;
}

inline void write_window(WindowWriter* w, size_t place, const Window& window) {
  w->offsets[place] = window.offset;
  std::memcpy(w->weights + place * w->window_bytes, window.weights, w->window_bytes);
}

// Writes all pending windows.
inline void write_pending(WindowWriter* w) {
  uint16_t head = order_by_weight(w);
  while (head != kNone) {
    const Window& window = w->windows[head];
    head = window.next;
    uint16_t* link = &head;
    while (*link != kNone && !fits(window, w->windows[*link])) link = &w->windows[*link].next;
    if (*link == kNone) {
      write_window(w, --w->back, window);
      continue;
    }
    const Window& partner = w->windows[*link];
    *link = partner.next;
    write_window(w, w->front++, window);
    write_window(w, w->front++, partner);
  }
  w->pending = 0;
}

// Sums of the two pairs of each channel: [pair][channel].
inline void store_sums(const __m128i (&part)[kWindowElements], uint8_t* to) {
  store_columns(to, _mm_add_epi8(part[0], part[1]));
  store_columns(to + 16, _mm_add_epi8(part[2], part[3]));
}

// Four elements of k of 16 channels -> the packed order: channels 0-3 8-11 4-7 12-15, or 0-7.
inline void interleave_window(const __m128i (&w)[kWindowElements], size_t window_bytes, uint8_t* to) {
  const __m128i low01 = _mm_unpacklo_epi8(w[0], w[1]), low23 = _mm_unpacklo_epi8(w[2], w[3]);
  const __m128i high01 = _mm_unpackhi_epi8(w[0], w[1]), high23 = _mm_unpackhi_epi8(w[2], w[3]);
  const bool wide = window_bytes == 64;
  store_columns(to, _mm_unpacklo_epi16(low01, low23));
  store_columns(to + (wide ? 32 : 16), _mm_unpackhi_epi16(low01, low23));
  store_columns(to + (wide ? 16 : 32), _mm_unpacklo_epi16(high01, high23));
  store_columns(to + 48, _mm_unpackhi_epi16(high01, high23));
}

inline void add_window(WindowWriter* writer, const __m128i (&w)[kWindowElements], size_t offset) {
  if (writer->pending == kPending) write_pending(writer);
  Window& window = writer->windows[writer->pending++];
  window.offset = static_cast<uint32_t>(offset);
  interleave_window(w, writer->window_bytes, window.weights);
  __m128i part[kWindowElements];
  for (size_t i = 0; i < kWindowElements; ++i) part[i] = positive_part(w[i]);
  store_sums(part, window.positive);
  for (size_t i = 0; i < kWindowElements; ++i) part[i] = negative_part(w[i]);
  store_sums(part, window.negative);
}

// Calls visit(segment, offset of its first element from the pixel's place) for the panel's parts of k.
template <class Visit>
void for_each_segment(const ConvS8& c, const StripPlan& plan, const Panel& panel, const Visit& visit) {
  Segment segment;
  for (size_t run = 0; run < plan.runs; ++run)
    for (size_t k = 0; k < plan.run_elements; k += kSegmentElements) {
      const int8_t* columns[kColumns];
      for (size_t i = 0; i < panel.columns; ++i) columns[i] = run_weights(c, plan, panel.first + i, run) + k;
      load_segment(columns, panel.columns, min_size(kSegmentElements, plan.run_elements - k), &segment);
      visit(&segment, run_offset(c, plan, run) + k);
    }
}

inline size_t count_windows(const ConvS8& c, const StripPlan& plan, const Panel& panel) {
  size_t count = 0;
  for_each_segment(c, plan, panel,
                   [&count](Segment* segment, size_t) { count += choose_windows(*segment, nullptr); });
  return count;
}

// Writes `count` = count_windows() windows; returns how many of them are merged.
inline size_t pack_windows(const ConvS8& c, const StripPlan& plan, const Panel& panel, size_t count,
                           uint32_t* offsets, uint8_t* weights) {
  WindowWriter writer;
  writer.offsets = offsets;
  writer.weights = weights;
  writer.window_bytes = kWindowElements * panel.width;
  writer.front = writer.pending = 0;
  writer.back = count;
  for_each_segment(c, plan, panel, [&writer](Segment* segment, size_t offset) {
    Windows windows;
    choose_windows(*segment, &windows);
    for (size_t i = 0, k = 0; i < windows.count; k += windows.step[i++]) {
      __m128i w[kWindowElements];
      take_window(segment, k, windows.step[i], w);
      add_window(&writer, w, offset + k);
    }
  });
  write_pending(&writer);
  return writer.front;
}

}  // namespace
}  // namespace octet::kernels
