// SPDX-License-Identifier: Apache-2.0
//
// How conv_s8_gemm_4x16_split_avx2 splits inputs. With x = q + 128 and [low, high] as ConvS8 hints for the
// channel of element k:
//
//   x = low + y + e,   y = min(max(x - low, 0), high - low)
//
// y is small where the range is, so that sums of many products with it stay within s16; e is 0 but for the
// few inputs outside the range. Any input gives the exact answer; many that lie outside take longer.
//
// take_split_notes() puts y into the strip and lists e, pixel by pixel, in windows of four elements of k: a
// window takes one entry with e limited to [-127, 127], and a second where that is not all of e. The pixels
// that one micro-tile multiplies together take as many steps as the longest of their lists; so pixels are
// sorted by the length, and shorter lists go on with zeros.
#pragma once

#include <immintrin.h>

#include "kernels/conv_s8_strip.h"
#include "kernels/x86/requantize_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kSplitWindow = 4;   // elements of k
constexpr size_t kSplitVector = 32;  // elements that are split at a time
constexpr int kLargestRest = 127;    // |e| of an entry: two such products add up within s16

struct SplitEntry {
  int8_t rest[kSplitWindow];
  uint32_t window;  // of k
};

// Of one pixel.
struct SplitList {
  const SplitEntry* entries;
  size_t length;  // in the first pixel of a micro-tile: of its longest list
};

// The memory of the notes on a tile.
struct SplitNotes {
  SplitList* lists;
  const uint8_t** pixels;  // before they are sorted
  size_t* outputs;
  size_t* lengths;
  size_t* starts;  // of the pixels whose lists are so long
  SplitEntry* entries;
  size_t most_entries;  // of a pixel

  SplitNotes(const StripPlan& p, uint8_t* base) {
    const size_t tile = p.y.tile * p.x.tile;
    most_entries = 2 * p.run_steps;
    lists = reinterpret_cast<SplitList*>(base);
    pixels = reinterpret_cast<const uint8_t**>(base + tile * sizeof(SplitList));
    outputs = reinterpret_cast<size_t*>(pixels + tile);
    lengths = outputs + tile;
    starts = lengths + tile;
    entries = reinterpret_cast<SplitEntry*>(starts + most_entries + 2);
  }
  static size_t bytes(const StripPlan& p) {
    const size_t tile = p.y.tile * p.x.tile, most = 2 * p.run_steps;
    return tile * (sizeof(SplitList) + 3 * sizeof(size_t) + most * sizeof(SplitEntry)) +
           (most + 2) * sizeof(size_t);
  }
};

// Elements [k, k + 32) of a pixel, split: e = above - below.
struct SplitVector {
  __m256i y, above, below;

  SplitVector(__m256i x, __m256i low, __m256i high)
      : y(_mm256_min_epu8(_mm256_subs_epu8(x, low), _mm256_sub_epi8(high, low))),
        above(_mm256_subs_epu8(x, high)),
        below(_mm256_subs_epu8(low, x)) {}
  __m256i any() const { return _mm256_or_si256(above, below); }
};

// Appends an entry for each window of `rests` that is not all zeros.
inline SplitEntry* list_rests(__m256i rests, size_t k, SplitEntry* to) {
  alignas(32) uint8_t bytes[kSplitVector];
  store(bytes, rests);
  const __m256i none = _mm256_cmpeq_epi32(rests, _mm256_setzero_si256());
  uint32_t windows = 0xff ^ static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(none)));
  for (; windows != 0; windows &= windows - 1, ++to) {
    const auto i = static_cast<size_t>(__builtin_ctz(windows));
    std::memcpy(to->rest, bytes + kSplitWindow * i, kSplitWindow);
    to->window = static_cast<uint32_t>(k / kSplitWindow + i);
  }
  return to;
}

// Appends the entries of a vector that has some.
__attribute__((noinline)) inline SplitEntry* list_vector(const SplitVector& v, size_t k, SplitEntry* to) {
  const __m256i most = _mm256_set1_epi8(kLargestRest);
  to = list_rests(_mm256_sub_epi8(_mm256_min_epu8(v.above, most), _mm256_min_epu8(v.below, most)), k, to);
  return list_rests(_mm256_sub_epi8(_mm256_subs_epu8(v.above, most), _mm256_subs_epu8(v.below, most)), k, to);
}

// Splits a pixel in place and lists its e; returns the list's end. Without `low`, all are 0.
inline SplitEntry* split_pixel(uint8_t* pixel, size_t elements, const uint8_t* low, const uint8_t* high,
                               SplitEntry* to) {
  alignas(32) static constexpr uint64_t kInside[8] = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};
  const auto low_from = [low](size_t k) { return low ? load(low + k) : _mm256_setzero_si256(); };
  size_t k = 0;
  for (; k + kSplitVector <= elements; k += kSplitVector) {
    const __m256i x = load(pixel + k), from = low_from(k);
    const SplitVector v(x, from, load(high + k));
    store(pixel + k, v.y);
    if (__builtin_expect(!_mm256_testz_si256(v.any(), v.any()), 0)) to = list_vector(v, k, to);
  }
  if (k == elements) return to;
  // Behind the last element low = 0 and high = 255: the next pixel's bytes stay.
  const __m256i inside = load(reinterpret_cast<const uint8_t*>(kInside) + kSplitVector - (elements - k));
  const __m256i x = load(pixel + k), from = _mm256_and_si256(inside, low_from(k));
  const SplitVector v(x, from,
                      _mm256_or_si256(load(high + k), _mm256_xor_si256(inside, _mm256_set1_epi8(-1))));
  store(pixel + k, v.y);
  if (!_mm256_testz_si256(v.any(), v.any())) to = list_vector(v, k, to);
  return to;
}

// Sorts pixels by the lengths of their lists.
inline void sort_pixels(const SplitNotes& s, size_t pixels, const uint8_t** places, size_t* outputs) {
  for (size_t i = 0; i <= s.most_entries; ++i) s.starts[i + 1] += s.starts[i];
  std::memcpy(s.pixels, places, pixels * sizeof(*places));
  std::memcpy(s.outputs, outputs, pixels * sizeof(*outputs));
  for (size_t m = 0; m < pixels; ++m) {
    const size_t to = s.starts[s.lengths[m]]++;
    places[to] = s.pixels[m];
    outputs[to] = s.outputs[m];
    s.lists[to] = {s.entries + m * s.most_entries, s.lengths[m]};
  }
}

// Lists of one micro-tile become as long as the last.
inline void even_out_lists(SplitList* lists, size_t rows) {
  const size_t longest = lists[rows - 1].length;
  for (size_t i = 0; i < rows; ++i)
    for (size_t n = lists[i].length; n < longest; ++n) const_cast<SplitEntry*>(lists[i].entries)[n] = {};
  lists[0].length = longest;
}

inline void take_split_notes(const ConvS8& c, const StripPlan& p, size_t pixels, const uint8_t** places,
                             size_t* outputs, uint8_t* base, size_t rows) {
  const SplitNotes s(p, base);
  std::memset(s.starts, 0, (s.most_entries + 2) * sizeof(*s.starts));
  size_t longest = 0;
  for (size_t m = 0; m < pixels; ++m) {
    SplitEntry* list = s.entries + m * s.most_entries;
    auto* pixel = const_cast<uint8_t*>(places[m]);  // in the strip, which is written here
    s.lengths[m] =
        static_cast<size_t>(split_pixel(pixel, p.run_elements, c.input_low, c.input_high, list) - list);
    ++s.starts[s.lengths[m] + 1];
    longest = max_size(longest, s.lengths[m]);
  }
  if (longest == 0) {
    for (size_t m = 0; m < pixels; ++m) s.lists[m] = {s.entries, 0};
    return;
  }
  sort_pixels(s, pixels, places, outputs);
  const TileCut cut = cut_tile(pixels, rows, false);
  for (size_t m = 0; m < cut.whole * rows; m += rows) even_out_lists(s.lists + m, rows);
  for (size_t m = cut.whole * rows; m < pixels; m += cut.rest_rows)
    even_out_lists(s.lists + m, cut.rest_rows);
}

}  // namespace
}  // namespace octet::kernels
