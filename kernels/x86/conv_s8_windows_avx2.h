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

// Each round interleaves the bytes of rows i and i + 8; four rounds transpose.
inline void transpose_16(__m128i (&a)[16]) {
  __m128i b[16];
#pragma GCC unroll 2
  for (int round = 0; round < 2; ++round) {
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; ++i) {
      b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
      b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; ++i) {
      a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
      a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
    }
  }
}

// Elements [k, k + inside) of a column, zeros behind them.
inline __m128i load_part_of_column(const int8_t* column, size_t k, size_t inside) {
  alignas(16) int8_t part[16] = {};
  std::memcpy(part, column + k, inside);
  return load_columns(part);
}

// From channel-major to k-major.
inline void load_segment(const int8_t* const* columns, size_t count, size_t elements, Segment* segment) {
  segment->elements = elements;
  size_t k = 0;
  for (; k < elements; k += 16) {
    const size_t inside = min_size(16, elements - k);
    __m128i a[16];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i)
      a[i] = i >= count     ? _mm_setzero_si128()
             : inside == 16 ? load_columns(columns[i] + k)
                            : load_part_of_column(columns[i], k, inside);
    transpose_16(a);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i) store_columns(segment->weights[k + i], a[i]);
  }
  std::memset(segment->weights[k], 0, 16 * kColumns);
}

// What a window may not rely on: kUnsafe where the pair (k, k + 1), or the three from k on, are too heavy
// in some channel, else 0. Added to a number of windows it makes a choice too dear.
constexpr uint16_t kUnsafe = 0x4000;

struct UnsafeSums {
  uint16_t pair[kSegmentElements + 8], three[kSegmentElements + 8];
};

inline void find_unsafe_sums(const Segment& s, UnsafeSums* unsafe) {
  const __m128i bound = _mm_set1_epi8(static_cast<char>(kSafeSum)), full = _mm_set1_epi8(-1);
  __m128i p0 = positive_part(s.at(0)), n0 = negative_part(s.at(0));
  __m128i p1 = positive_part(s.at(1)), n1 = negative_part(s.at(1));
  for (size_t k = 0; k < s.elements; ++k) {
    const __m128i p2 = positive_part(s.at(k + 2)), n2 = negative_part(s.at(k + 2));
    const __m128i p = _mm_add_epi8(p0, p1), n = _mm_add_epi8(n0, n1);
    const __m128i over = _mm_subs_epu8(_mm_max_epu8(p, n), bound);
    const __m128i three = _mm_cmpeq_epi8(_mm_max_epu8(_mm_adds_epu8(p, p2), _mm_adds_epu8(n, n2)), full);
    unsafe->pair[k] = static_cast<uint16_t>((1 - _mm_testz_si128(over, over)) * kUnsafe);
    unsafe->three[k] = static_cast<uint16_t>((1 - _mm_testz_si128(three, three)) * kUnsafe);
    p0 = p1, n0 = n1, p1 = p2, n1 = n2;
  }
  for (size_t k = s.elements; k < s.elements + 8; ++k) unsafe->pair[k] = unsafe->three[k] = 0;
}

// The fewest windows of a segment. A window at k is followed by one at k + step[k].
struct Windows {
  size_t count;
  bool before;    // the first is preceded by one at element 0
  uint8_t first;  // where it starts: 0 or 1
  uint8_t step[kSegmentElements];
};

inline void choose_windows(const Segment& s, Windows* windows) {
  UnsafeSums unsafe;
  find_unsafe_sums(s, &unsafe);
  // left_n: four times the windows of elements k + n and behind, if one starts there, whose first pair is
  // safe or shared. The two low bits say by how much less than 4 the next one moves on.
  unsigned left1 = 0, left2 = 0, left3 = 0, left4 = 0;
  for (size_t k = s.elements; k-- > 0;) {
    const unsigned two = left2 + 2, three = left3 + unsafe.three[k + 2] + 1;
    const unsigned four = left4 + unsafe.pair[k + 2] + unsafe.pair[k + 4];
    const unsigned least = two < three ? two : three, best = four < least ? four : least;
    windows->step[k] = static_cast<uint8_t>(4 - best % 4);
    left4 = left3, left3 = left2, left2 = left1, left1 = best / 4 * 4 + 4;
  }
  // Here left1 belongs to element 0 and left2 to element 1.
  windows->before = unsafe.pair[0] != 0;
  windows->first = windows->before && unsafe.three[0] == 0 && left2 <= left1;
  windows->count = (windows->first ? left2 : left1) / 4 + windows->before;
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

// The weights of a window, one vector of channels per element.
struct Window {
  __m128i w0, w1, w2, w3;
};

// Takes a part of element k out of the segment.
inline __m128i take_part(Segment* s, size_t k, __m128i part) {
  store_columns(s->weights[k], _mm_sub_epi8(s->at(k), part));
  return part;
}

// Takes the window at k, whose successor starts `step` elements behind it, out of the segment.
inline Window take_window(Segment* s, size_t k, size_t step) {
  const __m128i none = _mm_setzero_si128();
  const __m128i w0 = s->at(k), w1 = s->at(k + 1), w2 = s->at(k + 2), w3 = s->at(k + 3);
  if (step >= 3) {  // which of both is hard to predict
    const __m128i whole = _mm_set1_epi8(step == 4 ? -1 : 0);
    return {w0, w1, w2, take_part(s, k + 3, _mm_blendv_epi8(share(w2, w3, s->at(k + 4)), w3, whole))};
  }
  if (step == 2) return {w0, w1, take_part(s, k + 2, half(w2)), take_part(s, k + 3, half(w3))};
  if (step == 1) return {w0, take_part(s, k + 1, share(w0, w1, w2)), none, none};
  return {take_part(s, k, half(w0)), take_part(s, k + 1, half(w1)), none, none};
}

// Calls visit(k, window) for all windows of the segment, which it uses up.
template <class Visit>
void for_each_window(Segment* s, const Windows& windows, const Visit& visit) {
  if (windows.before) visit(size_t{0}, take_window(s, 0, windows.first));
  for (size_t k = windows.first; k < s->elements; k += windows.step[k])
    visit(k, take_window(s, k, windows.step[k]));
}

}  // namespace
}  // namespace octet::kernels
