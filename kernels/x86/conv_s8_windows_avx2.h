// SPDX-License-Identifier: Apache-2.0
//
// Windows: how conv_s8_gemm_4x16_avx2 cuts k so that maddubs never saturates.
//
// vpmaddubsw adds two products u8 * s8 and saturates at s16. With inputs in
// [0, 255], two weights a, b of a channel are safe together if
//
//   max(a, 0) + max(b, 0) <= 128  and  max(-a, 0) + max(-b, 0) <= 128,
//
// because 255 * 128 = 32640 < 32767. A window is four consecutive k: it makes two
// such pairs in each of the panel's 16 channels. Where a pair is not safe in some
// channel, the windows overlap: an element that two windows cover gives each of
// them a part of its weight, part + part = weight, channel by channel. A
// window starts 4, 3 or 2 elements behind the one before it:
//
//   4  needs the pairs (2, 3) of this window and (4, 5) = (0, 1) of the next to be safe
//   3  shares element 3: it stands with 2 here and with 4 in the next window, so the weights
//      of 2, 3 and 4 may reach 2 * 128 together (254 here: then halves that are rounded fit)
//   2  shares elements 2 and 3, half and half: always safe, as |weight| <= 127
//
// A first pair that is not safe is preceded by a window that starts one element before (shares
// element 1) or at the same (shares 0 and 1). The fewest windows are found by dynamic
// programming from the end. All parts are integers and additions of integers
// are exact, so neither the parts nor the order of windows change acc.
//
// Two windows merge, where all sums of both stay <= 128: their maddubs are added in s16 before
// the one pmaddwd that widens them. 5 instructions for 2 windows instead of 6, and 3 instead of 4 multiplies.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "kernels/conv_s8_strip_plan.h"

namespace octet::kernels {
namespace {

constexpr size_t kSegmentElements = 512;  // of k, cut into windows at a time
constexpr size_t kWindowElements = 4;
constexpr size_t kColumns = 16;
constexpr uint8_t kSafeSum = 128;

inline __m128i load_columns(const int8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
inline void store_columns(void* to, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(to), v); }
inline __m128i positive_part(__m128i w) { return _mm_max_epi8(w, _mm_setzero_si128()); }
inline __m128i negative_part(__m128i w) {
  return _mm_max_epi8(_mm_sub_epi8(_mm_setzero_si128(), w), _mm_setzero_si128());
}

// A part of a run: its weights as [k][channel], zeros behind the end and where there is no channel.
struct Segment {
  size_t elements;
  int8_t weights[kSegmentElements + 16][kColumns];

  __m128i at(size_t k) const { return load_columns(weights[k]); }
};

// Sixteen k of up to sixteen channels, from channel-major to k-major.
inline void transpose_16(const int8_t* const* columns, size_t count, size_t k, size_t elements,
                         int8_t (*to)[kColumns]) {
  __m128i a[16], b[16];
  for (size_t i = 0; i < 16; ++i) {
    alignas(16) int8_t tail[16] = {};
    const size_t inside = i < count ? min_size(16, elements - k) : 0;
    if (inside == 16) {
      a[i] = load_columns(columns[i] + k);
      continue;
    }
    if (inside > 0) std::memcpy(tail, columns[i] + k, inside);
    a[i] = load_columns(tail);
  }
  // Each round interleaves the bytes of rows i and i + 8; four rounds transpose.
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < 8; ++i) {
      b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
      b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
    }
    for (size_t i = 0; i < 8; ++i) {
      a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
      a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
    }
  }
  for (size_t i = 0; i < 16; ++i) store_columns(to[i], a[i]);
}

inline void load_segment(const int8_t* const* columns, size_t count, size_t elements, Segment* segment) {
  segment->elements = elements;
  size_t k = 0;
  for (; k < elements; k += 16) transpose_16(columns, count, k, elements, segment->weights + k);
  std::memset(segment->weights[k], 0, 16 * kColumns);
}

// Whether the pair (k, k + 1), and the three from k on, stay in bounds in all channels.
struct SafeSums {
  uint8_t pair[kSegmentElements + 8], three[kSegmentElements + 8];
};

inline void find_safe_sums(const Segment& s, SafeSums* safe) {
  const __m128i bound = _mm_set1_epi8(static_cast<char>(kSafeSum)), full = _mm_set1_epi8(-1);
  __m128i p0 = positive_part(s.at(0)), n0 = negative_part(s.at(0));
  __m128i p1 = positive_part(s.at(1)), n1 = negative_part(s.at(1));
  for (size_t k = 0; k < s.elements; ++k) {
    const __m128i p2 = positive_part(s.at(k + 2)), n2 = negative_part(s.at(k + 2));
    const __m128i p = _mm_add_epi8(p0, p1), n = _mm_add_epi8(n0, n1);
    const __m128i over = _mm_subs_epu8(_mm_max_epu8(p, n), bound);
    const __m128i three = _mm_max_epu8(_mm_adds_epu8(p, p2), _mm_adds_epu8(n, n2));
    safe->pair[k] = static_cast<uint8_t>(_mm_testz_si128(over, over));
    safe->three[k] = _mm_movemask_epi8(_mm_cmpeq_epi8(three, full)) == 0;
    p0 = p1, n0 = n1, p1 = p2, n1 = n2;
  }
  for (size_t k = s.elements; k < s.elements + 8; ++k) safe->pair[k] = safe->three[k] = 1;
}

// The windows of a segment in order: distance from each to the next (4 for the last).
struct Windows {
  size_t count;
  uint8_t step[kSegmentElements / 2 + 4];
};

// The fewest windows; steps only if wanted.
inline size_t choose_windows(const Segment& s, Windows* windows) {
  SafeSums safe;
  find_safe_sums(s, &safe);
  // left[k]: the windows of elements k and behind, if one starts at k, whose first pair is safe or shared.
  uint16_t left[kSegmentElements + 8];
  std::memset(left + s.elements, 0, 8 * sizeof(left[0]));
  for (size_t k = s.elements; k-- > 0;) {
    uint16_t best = left[k + 2];
    if (safe.three[k + 2] && left[k + 3] < best) best = left[k + 3];
    if (safe.pair[k + 2] && safe.pair[k + 4] && left[k + 4] < best) best = left[k + 4];
    left[k] = static_cast<uint16_t>(best + 1);
  }
  const bool before = !safe.pair[0], shifted = before && safe.three[0] && left[1] <= left[0];
  const size_t count = before ? left[shifted ? 1 : 0] + size_t{1} : left[0];
  if (!windows) return count;
  windows->count = 0;
  size_t k = 0;
  if (before) windows->step[windows->count++] = static_cast<uint8_t>(k = shifted ? 1 : 0);
  while (k < s.elements) {
    const uint16_t rest = static_cast<uint16_t>(left[k] - 1);
    const uint8_t step = safe.pair[k + 2] && safe.pair[k + 4] && left[k + 4] == rest ? 4
                         : safe.three[k + 2] && left[k + 3] == rest                  ? 3
                                                                                     : 2;
    windows->step[windows->count++] = step;
    k += step;
  }
  return count;
}

// The part of x that stands with a; the rest goes with b. Evens out the two sums of x's sign.
inline __m128i share(__m128i a, __m128i x, __m128i b) {
  const __m128i size = _mm_abs_epi8(x);
  const __m128i with = positive_part(_mm_sign_epi8(a, x)), other = positive_part(_mm_sign_epi8(b, x));
  const __m128i room = _mm_subs_epu8(_mm_adds_epu8(other, size), with);
  return _mm_sign_epi8(_mm_min_epu8(_mm_avg_epu8(room, _mm_setzero_si128()), size), x);
}

inline __m128i half(__m128i x) {
  const __m128i size = _mm_abs_epi8(x);
  return _mm_sign_epi8(_mm_avg_epu8(size, _mm_setzero_si128()), x);
}

// Takes the window at k, whose successor starts `step` elements behind it, out of the segment's weights.
inline void take_window(Segment* s, size_t k, size_t step, __m128i (&w)[kWindowElements]) {
  for (size_t i = 0; i < kWindowElements; ++i) w[i] = i < step ? s->at(k + i) : _mm_setzero_si128();
  const auto take = [s](size_t at, __m128i part) {
    store_columns(s->weights[at], _mm_sub_epi8(s->at(at), part));
    return part;
  };
  if (step == 3) w[3] = take(k + 3, share(s->at(k + 2), s->at(k + 3), s->at(k + 4)));
  if (step == 2) w[2] = take(k + 2, half(s->at(k + 2))), w[3] = take(k + 3, half(s->at(k + 3)));
  if (step == 1) w[1] = take(k + 1, share(s->at(k), s->at(k + 1), s->at(k + 2)));
  if (step == 0) w[0] = take(k, half(s->at(k))), w[1] = take(k + 1, half(s->at(k + 1)));
}

}  // namespace
}  // namespace octet::kernels
