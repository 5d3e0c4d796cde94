// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8 on AVX2: exps gathered and summed eight at a time, quotients eight (f32) or four (s8, in double:
// portable/softmax_s8.cc says why that is exact) at a time. A row of more than 256 values looks its results
// up in a table over d = max - input. Rows of one and two values and of more than 2^20 are the portable
// kernel's.
#include "kernels/softmax_s8.h"
#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kColumns = size_t{1} << 20;

inline __m256i load_u32x8(const uint32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// The largest of n > 0 values.
int32_t max_of(const int8_t* row, size_t n) {
  __m128i max;
  if (n < 16) {
    const __m128i lane = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i outside = _mm_cmpgt_epi8(lane, _mm_set1_epi8(static_cast<char>(n - 1)));
    max = _mm_or_si128(load_part(row, n), _mm_and_si128(outside, _mm_set1_epi8(-128)));
  } else {
    max = load_s8x16(row + n - 16);
    for (size_t x = 0; x + 16 <= n; x += 16) max = _mm_max_epi8(max, load_s8x16(row + x));
  }
  max = _mm_max_epi8(max, _mm_srli_si128(max, 8));
  max = _mm_max_epi8(max, _mm_srli_si128(max, 4));
  max = _mm_max_epi8(max, _mm_srli_si128(max, 2));
  max = _mm_max_epi8(max, _mm_srli_si128(max, 1));
  return static_cast<int8_t>(_mm_extract_epi8(max, 0));
}

// E of eight values.
inline __m256i exp_8(const uint32_t* table, __m256i max, __m128i input) {
  const __m256i d = _mm256_and_si256(_mm256_sub_epi32(max, _mm256_cvtepi8_epi32(input)),
                                     _mm256_set1_epi32(255));  // only lanes that are not input need it
  return _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), d, 4);
}

// E of n <= kBlock values, and their sum.
uint32_t look_up(const uint32_t* table, int32_t max, const int8_t* input, uint32_t* e, size_t n) {
  const __m256i max8 = _mm256_set1_epi32(max);
  __m256i sum = _mm256_setzero_si256();
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i exps = exp_8(table, max8, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(input + i)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(e + i), exps);
    sum = _mm256_add_epi32(sum, exps);
  }
  if (i < n) {
    const __m256i left = _mm256_set1_epi32(static_cast<int32_t>(n - i));
    const __m256i inside = _mm256_cmpgt_epi32(left, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256i exps = _mm256_and_si256(exp_8(table, max8, load_part(input + i, n - i)), inside);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(e + i), exps);
    sum = _mm256_add_epi32(sum, exps);
  }
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  four = _mm_add_epi32(four, _mm_srli_si128(four, 8));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(four, _mm_srli_si128(four, 4))));
}

// Quotients of one row, by type of output: store_8 stores eight.
struct QuotientF32 {
  using Output = float;
  __m256 sum;

  QuotientF32(const SoftmaxS8&, uint64_t s)
      : sum(_mm256_set1_ps(static_cast<float>(static_cast<int64_t>(s)))) {}

  void store_8(__m256i e, float* output) const {
    _mm256_storeu_ps(output, _mm256_div_ps(_mm256_cvtepi32_ps(e), sum));
  }
};

struct QuotientS8 {
  using Output = int8_t;
  __m256d multiplier, half, whole;  // output_multiplier, S << 7, S << 8
  __m128i zero_point;

  QuotientS8(const SoftmaxS8& softmax, uint64_t s)
      : multiplier(_mm256_set1_pd(softmax.output_multiplier)),
        half(_mm256_set1_pd(static_cast<double>(static_cast<int64_t>(s << 7)))),
        whole(_mm256_add_pd(half, half)),
        zero_point(_mm_set1_epi32(softmax.zero_point)) {}

  __m128i four(__m128i e) const {
    const __m256d numerator = _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(e), multiplier), half);
    const __m256d quotient = _mm256_min_pd(_mm256_div_pd(numerator, whole), _mm256_set1_pd(255));
    return _mm_add_epi32(_mm256_cvttpd_epi32(quotient), zero_point);
  }

  void store_8(__m256i e, int8_t* output) const {
    const __m128i q = _mm_packs_epi32(four(_mm256_castsi256_si128(e)), four(_mm256_extracti128_si256(e, 1)));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(output), _mm_packs_epi16(q, q));
  }
};

// n quotients; e is readable up to a multiple of eight. The last eight overlap those before them.
template <class Quotient>
void store_quotients(const Quotient& quotient, const uint32_t* e, typename Quotient::Output* output,
                     size_t n) {
  if (n < 8) {
    typename Quotient::Output rest[8];
    quotient.store_8(load_u32x8(e), rest);
    for (size_t i = 0; i < n; ++i) output[i] = rest[i];
    return;
  }
  for (size_t i = 0; i + 8 <= n; i += 8) quotient.store_8(load_u32x8(e + i), output + i);
  if (n % 8 != 0) quotient.store_8(load_u32x8(e + n - 8), output + n - 8);
}

template <class Quotient>
void softmax_row(const SoftmaxS8& softmax, const int8_t* row, typename Quotient::Output* output) {
  const size_t columns = softmax.columns;
  const int32_t max = max_of(row, columns);
  uint32_t e[kBlock];
  uint64_t sum = 0;
  for (size_t x = 0; x < columns; x += kBlock)
    sum += look_up(softmax.exp_table, max, row + x, e, columns - x < kBlock ? columns - x : kBlock);
  const Quotient quotient(softmax, sum);
  if (columns <= kBlock) return store_quotients(quotient, e, output, columns);
  typename Quotient::Output results[256];
  store_quotients(quotient, softmax.exp_table, results, 256);
  for (size_t x = 0; x < columns; ++x) output[x] = results[max - row[x]];
}

template <class Quotient>
void softmax_rows(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  auto* out = static_cast<typename Quotient::Output*>(output);
  for (size_t y = 0; y < rows; ++y)
    softmax_row<Quotient>(softmax, input + y * softmax.columns, out + y * softmax.columns);
}

}  // namespace

void softmax_s8_avx2(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  if (softmax.columns <= 2 || softmax.columns > kColumns)
    return softmax_s8_portable(softmax, input, output, rows);
  if (softmax.output_f32)
    softmax_rows<QuotientF32>(softmax, input, output, rows);
  else
    softmax_rows<QuotientS8>(softmax, input, output, rows);
}

}  // namespace octet::kernels
