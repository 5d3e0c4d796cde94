// SPDX-License-Identifier: Apache-2.0
//
// reduce_s8 on AVX2. inner > 1: 32 neighbouring columns at a time, down the rows. inner = 1: along the
// row, where psadbw adds eight bytes at once.
#include "kernels/reduce_s8.h"

#include "kernels/x86/sum_avx2.h"

namespace octet::kernels {
namespace {

template <bool kMax>
inline __m256i better(__m256i a, __m256i b) {
  return kMax ? _mm256_max_epi8(a, b) : _mm256_min_epi8(a, b);
}

// The largest or smallest of n in [1, 32] columns.
template <bool kMax>
inline __m256i extreme_of_columns(const ReduceS8& reduce, const int8_t* column, size_t n) {
  __m256i extreme = load_part_256(column, n);
  for (size_t r = 1; r < reduce.reduced; ++r)
    extreme = better<kMax>(extreme, n == 32 ? load_s8x32(column + r * reduce.inner)
                                            : load_part_256(column + r * reduce.inner, n));
  return extreme;
}

inline __m256i sum_of_columns(const ReduceS8& reduce, const int8_t* column, size_t n, const Requantizer& r) {
  Sum32 sum;
  clear(&sum);
  for (size_t k = 0; k < reduce.reduced; ++k) add_row(&sum, column + k * reduce.inner, n);
  const int32_t bias = static_cast<int32_t>(reduce.reduced) * reduce.input_zero_point;
  return clamp_s8x32(requantize_sum(&sum, bias, r), _mm256_set1_epi8(static_cast<int8_t>(reduce.output_min)),
                     _mm256_set1_epi8(static_cast<int8_t>(reduce.output_max)));
}

void reduce_columns(const ReduceS8& reduce, const int8_t* column, int8_t* output, size_t n,
                    const Requantizer& r) {
  __m256i q;
  switch (reduce.kind) {
    case ReduceKindS8::kSum: q = sum_of_columns(reduce, column, n, r); break;
    case ReduceKindS8::kMax: q = extreme_of_columns<true>(reduce, column, n); break;
    default: q = extreme_of_columns<false>(reduce, column, n); break;
  }
  store_part_256(output, q, n);
}

// The sum of n bytes: with 128 added to each they are u8, which psadbw adds.
inline int32_t sum_of_row(const int8_t* row, size_t n) {
  const __m256i flip = _mm256_set1_epi8(-128), zero = _mm256_setzero_si256();
  __m256i sum = zero;
  size_t i = 0;
  for (; i + 32 <= n; i += 32)
    sum = _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_xor_si256(load_s8x32(row + i), flip), zero));
  if (i < n) {  // absent bytes are 0, and count 128 each
    const size_t left = n - i;
    sum = _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_xor_si256(load_part_256(row + i, left), flip), zero));
    i += 32;
  }
  int64_t part[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(part), sum);
  return static_cast<int32_t>(part[0] + part[1] + part[2] + part[3] - static_cast<int64_t>(i) * 128);
}

template <bool kMax>
inline int8_t extreme_of_row(const int8_t* row, size_t n) {
  __m256i extreme = _mm256_set1_epi8(row[0]);
  size_t i = 0;
  for (; i + 32 <= n; i += 32) extreme = better<kMax>(extreme, load_s8x32(row + i));
  int8_t result[32];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(result), extreme);
  for (; i < n; ++i) result[i % 32] = kMax == (row[i] > result[i % 32]) ? row[i] : result[i % 32];
  for (int k = 1; k < 32; ++k) result[0] = kMax == (result[k] > result[0]) ? result[k] : result[0];
  return result[0];
}

// Up to 16 rows, so that their sums are requantized together.
void reduce_rows(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t rows,
                 const Requantizer& r) {
  if (reduce.kind != ReduceKindS8::kSum) {
    for (size_t y = 0; y < rows; ++y)
      output[y] = reduce.kind == ReduceKindS8::kMax
                      ? extreme_of_row<true>(input + y * reduce.reduced, reduce.reduced)
                      : extreme_of_row<false>(input + y * reduce.reduced, reduce.reduced);
    return;
  }
  int32_t acc[16] = {};  // as packs_epi32 takes them: rows 0 to 3 and 8 to 11 first
  const int32_t bias = static_cast<int32_t>(reduce.reduced) * reduce.input_zero_point;
  for (size_t y = 0; y < rows; ++y)
    acc[(y & 3) | (y & 8) >> 1 | (y & 4) << 1] =
        sum_of_row(input + y * reduce.reduced, reduce.reduced) - bias;
  const __m256i q = requantize_16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(acc)),
                                  _mm256_loadu_si256(reinterpret_cast<const __m256i*>(acc + 8)), r);
  const __m128i s8 = _mm_packs_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
  const __m128i low = _mm_set1_epi8(static_cast<int8_t>(reduce.output_min));
  const __m128i high = _mm_set1_epi8(static_cast<int8_t>(reduce.output_max));
  store_part(output, _mm_min_epi8(_mm_max_epi8(s8, low), high), rows);
}

}  // namespace

void reduce_s8_avx2(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const Requantizer r = make_requantizer(reduce.multiplier, reduce.right_shift, reduce.output_zero_point);
  if (reduce.inner == 1) {
    for (size_t item = first; item < last; item += 16)
      reduce_rows(reduce, input + item * reduce.reduced, output + item, last - item < 16 ? last - item : 16,
                  r);
    return;
  }
  for (size_t item = first; item < last;) {
    const size_t c = item % reduce.inner;
    size_t n = reduce.inner - c < last - item ? reduce.inner - c : last - item;
    n = n < 32 ? n : 32;
    reduce_columns(reduce, input + item / reduce.inner * reduce.reduced * reduce.inner + c, output + item, n,
                   r);
    item += n;
  }
}

}  // namespace octet::kernels
