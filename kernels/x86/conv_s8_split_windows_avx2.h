// SPDX-License-Identifier: Apache-2.0
//
// Packs a panel for conv_s8_gemm_4x16_split_avx2: k in windows of four elements, and windows in groups whose
// maddubs are added up in s16 before one pmaddwd widens the sum.
//
// In a group, for every channel and each of its two pairs of elements, sums of products stay within s16:
//
//   sum of max(w, 0) range, sum of max(-w, 0) range <= 255 * 128,   range = high - low of the element's
//   channel
//
// (in units of 255, each product rounded up). Where a window alone is over it, two windows of half its
// weights take its place. From the heaviest on, each window joins the first group that it fits in.
//
//   u32 places[K / 4]      of each window's weights, in bytes from here, for what lies outside the ranges
//   sections of 128 windows of k, each padded to 64 bytes:
//     u32 bytes, kinds     of the section; numbers of lengths of groups
//     u32 length, groups   of each kind, the longest first: kMostInGroup times
//     u32 offsets[windows] elements in the pixel, padded to 64 bytes
//     s8  weights[windows][W][4] for W = 16 or 8 channels, ordered as conv_s8_gemm_256.h says; then those
//         of windows that were halved
#pragma once

#include "kernels/x86/conv_s8_merge_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kSplitSection = 128;  // windows of k
constexpr size_t kMostInGroup = 8;

struct GroupKind {
  uint32_t length, groups;
};

struct SplitSectionHead {
  uint32_t bytes, kinds;
  GroupKind kind[kMostInGroup];
};

struct SplitCounts {
  size_t windows, halved;
};

inline size_t split_weights_at(size_t windows) {
  return align_64(sizeof(SplitSectionHead) + windows * sizeof(uint32_t));
}
inline size_t split_section_bytes(const SplitCounts& n, size_t width) {
  return align_64(split_weights_at(n.windows) + (n.windows + n.halved) * kWindowElements * width);
}
inline size_t split_places_bytes(size_t steps) { return align_64(steps * sizeof(uint32_t)); }

// |w| * range / 255, rounded up.
inline __m128i scale_weights(__m128i w, int range) {
  const __m256i products = _mm256_mullo_epi16(_mm256_cvtepu8_epi16(_mm_abs_epi8(w)),
                                              _mm256_set1_epi16(static_cast<int16_t>(range)));
  const __m256i v =
      _mm256_add_epi16(products, _mm256_set1_epi16(255));  // v / 255 = (v + v >> 8) >> 8 for these
  const __m256i q = _mm256_srli_epi16(_mm256_add_epi16(v, _mm256_srli_epi16(v, 8)), 8);
  return _mm_packus_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
}

// A window and what it adds to the sums of its group: of positive weights of each pair, of negative ones.
struct SplitWindowSums {
  Window w;
  alignas(32) uint8_t sums[64];
  bool fits;
};

inline void sum_pair(__m128i a, int range_a, __m128i b, int range_b, uint8_t* positive, uint8_t* negative) {
  const __m128i sa = scale_weights(a, range_a), sb = scale_weights(b, range_b);
  store_columns(positive,
                _mm_add_epi8(positive_part(_mm_sign_epi8(sa, a)), positive_part(_mm_sign_epi8(sb, b))));
  store_columns(negative,
                _mm_add_epi8(negative_part(_mm_sign_epi8(sa, a)), negative_part(_mm_sign_epi8(sb, b))));
}

// Of the weights w, which stand at element k of the input's channels.
inline void sum_window(const ConvS8& c, size_t k, SplitWindowSums* s) {
  int range[kWindowElements];
  for (size_t i = 0; i < kWindowElements; ++i)
    range[i] = k + i < c.input_channels ? c.input_high[k + i] - (c.input_low ? c.input_low[k + i] : 0) : 0;
  sum_pair(s->w.w0, range[0], s->w.w1, range[1], s->sums, s->sums + 32);
  sum_pair(s->w.w2, range[2], s->w.w3, range[3], s->sums + 16, s->sums + 48);
  const __m256i over = _mm256_subs_epu8(_mm256_max_epu8(load_sums(s->sums), load_sums(s->sums + 32)),
                                        _mm256_set1_epi8(static_cast<char>(kSafeSum)));
  s->fits = _mm256_testz_si256(over, over);
}

inline Window halve(const Window& w) { return {half(w.w0), half(w.w1), half(w.w2), half(w.w3)}; }
inline Window rest_of_half(const Window& w, const Window& h) {
  return {_mm_sub_epi8(w.w0, h.w0), _mm_sub_epi8(w.w1, h.w1), _mm_sub_epi8(w.w2, h.w2),
          _mm_sub_epi8(w.w3, h.w3)};
}

// Calls visit(k, sums) for the panel's windows [first, last) of k.
template <class Visit>
inline void for_split_windows(const ConvS8& c, const StripPlan& p, const Panel& panel, size_t first,
                              size_t last, const Visit& visit) {
  static_assert(kSplitSection * kWindowElements <= kSegmentElements, "");
  Segment segment;
  const int8_t* columns[kColumns];
  const size_t k = first * kWindowElements;
  for (size_t i = 0; i < panel.columns; ++i) columns[i] = run_weights(c, p, panel.first + i, 0) + k;
  load_segment(columns, panel.columns, min_size((last - first) * kWindowElements, p.run_elements - k),
               &segment);
  for (size_t i = 0; i < last - first; ++i) {
    SplitWindowSums s;
    const size_t at = i * kWindowElements;
    s.w = {segment.at(at), segment.at(at + 1), segment.at(at + 2), segment.at(at + 3)};
    sum_window(c, k + at, &s);
    visit(k + at, s);
  }
}

// Calls visit(first, last) for the sections' windows.
template <class Visit>
inline void for_split_sections(const StripPlan& p, const Visit& visit) {
  for (size_t first = 0; first < p.run_steps; first += kSplitSection)
    visit(first, min_size(first + kSplitSection, p.run_steps));
}

inline SplitCounts count_split_section(const ConvS8& c, const StripPlan& p, const Panel& panel, size_t first,
                                       size_t last) {
  SplitCounts n = {last - first, 0};
  for_split_windows(c, p, panel, first, last,
                    [&n](size_t, const SplitWindowSums& s) { n.halved += !s.fits; });
  n.windows += n.halved;
  return n;
}

inline size_t split_sections_bytes(const ConvS8& c, const StripPlan& p, const Panel& panel) {
  size_t bytes = split_places_bytes(p.run_steps);
  for_split_sections(p, [&](size_t first, size_t last) {
    bytes += split_section_bytes(count_split_section(c, p, panel, first, last), panel.width);
  });
  return bytes;
}

// A section that is being collected: Section's windows, and which of them stand for the same k.
struct SplitSection {
  Section s;
  size_t halved;
  alignas(32) uint8_t whole[kSplitSection][64];  // weights of the halved, as packed
  uint32_t halved_at[kSplitSection];             // their elements
  uint8_t half[kSectionWindows];                 // whether a window has half the weights
  uint8_t groups[kSectionWindows][kMostInGroup];
  uint8_t lengths[kSectionWindows];
  alignas(32) uint8_t sums[kSectionWindows][64];
  size_t group_count;
};

inline void add_split_window(const ConvS8& c, size_t k, const SplitWindowSums& w, SplitSection* to) {
  const bool wide = to->s.width == kColumns;
  const auto add = [&](const SplitWindowSums& part, bool half) {
    const size_t i = to->s.count++;
    to->s.offsets[i] = static_cast<uint32_t>(k);
    to->half[i] = half;
    interleave_window(part.w, wide, to->s.weights[i]);
    std::memcpy(to->s.sums[i], part.sums, sizeof(part.sums));
  };
  if (w.fits) return add(w, false);
  interleave_window(w.w, wide, to->whole[to->halved]);
  to->halved_at[to->halved++] = static_cast<uint32_t>(k);
  SplitWindowSums part;
  part.w = halve(w.w);
  sum_window(c, k, &part);
  add(part, true);
  part.w = rest_of_half(w.w, part.w);
  sum_window(c, k, &part);
  add(part, true);
}

// Puts windows into groups.
inline void form_groups(SplitSection* s) {
  uint16_t order[kSectionWindows];
  uint8_t open[kSectionWindows];  // groups that have room
  size_t open_count = 0;
  order_by_weight(s->s, order);
  s->group_count = 0;
  for (size_t n = 0; n < s->s.count; ++n) {
    const uint8_t* sums = s->s.sums[order[n]];
    size_t i = 0;
    while (i < open_count && !fits(s->sums[open[i]], sums)) ++i;
    if (i == open_count) {
      open[open_count++] = static_cast<uint8_t>(s->group_count);
      std::memset(s->sums[s->group_count], 0, 64);
      s->lengths[s->group_count++] = 0;
    }
    const size_t g = open[i];
    for (size_t j = 0; j < 64; j += 32)
      store(s->sums[g] + j, _mm256_add_epi8(load_sums(s->sums[g] + j), load_sums(sums + j)));
    s->groups[g][s->lengths[g]++] = static_cast<uint8_t>(order[n]);
    if (s->lengths[g] < kMostInGroup) continue;
    std::memmove(open + i, open + i + 1, open_count - i - 1);
    --open_count;
  }
}

// Writes the section, whose windows' places are counted from `base`; returns its end.
inline uint8_t* write_split_section(const SplitSection& s, const uint8_t* base, uint32_t* places,
                                    uint8_t* to) {
  const size_t window_bytes = kWindowElements * s.s.width;
  SplitSectionHead head = {};
  head.bytes = static_cast<uint32_t>(split_section_bytes({s.s.count, s.halved}, s.s.width));
  auto* offsets = reinterpret_cast<uint32_t*>(to + sizeof(head));
  uint8_t* weights = to + split_weights_at(s.s.count);
  const auto write = [&](const uint8_t* from, size_t k, bool placed) {
    if (placed) places[k / kWindowElements] = static_cast<uint32_t>(weights - base);
    std::memcpy(weights, from, window_bytes);
    weights += window_bytes;
  };
  for (size_t length = kMostInGroup; length > 0; --length) {
    uint32_t groups = 0;
    for (size_t g = 0; g < s.group_count; ++g) {
      if (s.lengths[g] != length) continue;
      ++groups;
      for (size_t i = 0; i < length; ++i) {
        const size_t w = s.groups[g][i];
        *offsets++ = s.s.offsets[w];
        write(s.s.weights[w], s.s.offsets[w], !s.half[w]);
      }
    }
    if (groups > 0) head.kind[head.kinds++] = {static_cast<uint32_t>(length), groups};
  }
  for (size_t i = 0; i < s.halved; ++i) write(s.whole[i], s.halved_at[i], true);
  std::memcpy(to, &head, sizeof(head));
  return to + head.bytes;
}

inline void collect_split_section(const ConvS8& c, const StripPlan& p, const Panel& panel, size_t first,
                                  size_t last, SplitSection* to) {
  to->s.width = panel.width;
  to->s.count = to->halved = 0;
  for_split_windows(c, p, panel, first, last,
                    [&c, to](size_t k, const SplitWindowSums& w) { add_split_window(c, k, w, to); });
  form_groups(to);
}

// Writes places and sections; returns their end.
inline uint8_t* pack_split_windows(const ConvS8& c, const StripPlan& p, const Panel& panel, uint8_t* to) {
  auto* places = reinterpret_cast<uint32_t*>(to);
  uint8_t* end = to + split_places_bytes(p.run_steps);
  SplitSection section;
  for_split_sections(p, [&](size_t first, size_t last) {
    collect_split_section(c, p, panel, first, last, &section);
    end = write_split_section(section, to, places, end);
  });
  return end;
}

}  // namespace
}  // namespace octet::kernels
