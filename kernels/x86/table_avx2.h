// SPDX-License-Identifier: Apache-2.0
//
// A table of 256 entries on vectors of bytes: for table_s8 and for the output table of
// convolutions. Anonymous: each ISA file has its own copy.
//
// The table is cut into 16 parts of 16 entries in the order of q as u8, and a
// shuffle looks one part up: it gives 0 where bit 7 of its index is set. With index x_j = q - 16 * j,
// shuffle j gives something for q in [16 * j, 16 * j + 128) only (modulo 256 for j <= 8; from
// there on the subtraction saturates, so that it stays negative once it is). So value q of part b
// collects exactly the parts max(0, b - 7) to b. The parts are stored as differences D such that the xor
// of what is collected is the entry:
//
//   D[0] = T[0],  D[j] = T[j] ^ T[j-1],  and from j = 8 on also ^ T[j-8] (^ T[j-9])
#pragma once

#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

constexpr int kTableParts = 16;

struct TableParts {
  alignas(16) int8_t bytes[kTableParts][16];
};

// Part j of the table in u8 order: q = 16 * j .. for j < 8, then the negative ones.
inline __m128i table_part(const int8_t* table, int j) {
  return load_s8x16(table + (j < 8 ? 128 : -128) + 16 * j);
}

inline void make_table_parts(const int8_t* table, TableParts* parts) {
  for (int j = 0; j < kTableParts; ++j) {
    __m128i part = table_part(table, j);
    if (j >= 1) part = _mm_xor_si128(part, table_part(table, j - 1));
    if (j >= 8) part = _mm_xor_si128(part, table_part(table, j - 8));
    if (j >= 9) part = _mm_xor_si128(part, table_part(table, j - 9));
    _mm_store_si128(reinterpret_cast<__m128i*>(parts->bytes[j]), part);
  }
}

inline __m256i load_part_twice(const TableParts& parts, int j) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(parts.bytes[j])));
}

// Both vectors at once, so that each part is loaded once for 64 bytes.
inline void look_up(const TableParts& parts, __m256i* x0, __m256i* x1) {
  const __m256i step = _mm256_set1_epi8(16);
  __m256i i0 = *x0, i1 = *x1;
  __m256i part = load_part_twice(parts, 0);
  __m256i y0 = _mm256_shuffle_epi8(part, i0), y1 = _mm256_shuffle_epi8(part, i1);
  for (int j = 1; j < kTableParts; ++j) {
    i0 = j <= 8 ? _mm256_sub_epi8(i0, step) : _mm256_subs_epi8(i0, step);
    i1 = j <= 8 ? _mm256_sub_epi8(i1, step) : _mm256_subs_epi8(i1, step);
    part = load_part_twice(parts, j);
    y0 = _mm256_xor_si256(y0, _mm256_shuffle_epi8(part, i0));
    y1 = _mm256_xor_si256(y1, _mm256_shuffle_epi8(part, i1));
  }
  *x0 = y0;
  *x1 = y1;
}

// output[i] = table[input[i] + 128]; output may be input.
inline void apply_table(const TableParts& parts, const int8_t* input, int8_t* output, size_t count) {
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m256i x0 = load_s8x32(input + i), x1 = load_s8x32(input + i + 32);
    look_up(parts, &x0, &x1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + i), x0);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + i + 32), x1);
  }
  const size_t left = count - i;
  if (left == 0) return;
  __m256i x0 = load_part_256(input + i, left < 32 ? left : 32), x1 = x0;
  if (left > 32) x1 = load_part_256(input + i + 32, left - 32);
  look_up(parts, &x0, &x1);
  store_part_256(output + i, x0, left < 32 ? left : 32);
  if (left > 32) store_part_256(output + i + 32, x1, left - 32);
}

// In place on `pixels` times `channels` bytes, `stride` apart.
inline void apply_table_to_pixels(const TableParts& parts, int8_t* row, size_t pixels, size_t stride,
                                  size_t channels) {
  if (stride == channels) return apply_table(parts, row, row, pixels * channels);
  for (size_t x = 0; x < pixels; ++x, row += stride) apply_table(parts, row, row, channels);
}

}  // namespace
}  // namespace octet::kernels
