// SPDX-License-Identifier: Apache-2.0
//
// reduce_s8 on NEON. inner > 1: neighbouring columns together, down the rows (sums as in sum_neon.h).
// inner = 1: along the row.
#include "kernels/arm/neon_widths.h"
#include "kernels/arm/sum_neon.h"
#include "kernels/reduce_s8.h"

namespace octet::kernels {
namespace {

template <bool kMax>
inline int8x16_t better(int8x16_t a, int8x16_t b) {
  return kMax ? vmaxq_s8(a, b) : vminq_s8(a, b);
}

template <bool kMax, class Loads>
inline int8x16_t extreme_of_vector(const ReduceS8& reduce, const int8_t* column, const Loads& loads) {
  int8x16_t extreme = loads.load(column, 0);
  for (size_t r = 1; r < reduce.reduced; ++r) {
    column += reduce.inner;
    extreme = better<kMax>(extreme, loads.load(column, 0));
  }
  return extreme;
}

// n neighbouring columns.
template <bool kMax>
void extreme_of_columns(const ReduceS8& reduce, const int8_t* column, int8_t* output, size_t n) {
  if (n < 16) return store_part_16(output, extreme_of_vector<kMax>(reduce, column, PartOfVector{n}), n);
  for (size_t c = 0; c < n; c += 16) {
    if (c + 16 > n) c = n - 16;
    vst1q_s8(output + c, extreme_of_vector<kMax>(reduce, column + c, WholeVectors()));
  }
}

void reduce_columns(const ReduceS8& reduce, const int8_t* column, int8_t* output, size_t n,
                    const SumRequantize& r) {
  switch (reduce.kind) {
    case ReduceKindS8::kSum:
      return sum_channels({column, 1, reduce.reduced, 0, reduce.inner}, n, r, output);
    case ReduceKindS8::kMax:
      return extreme_of_columns<true>(reduce, column, output, n);
    case ReduceKindS8::kMin:
      return extreme_of_columns<false>(reduce, column, output, n);
  }
}

// The sum of n bytes: pairs in s16, at most 128 of them in a lane, then in s32.
int32_t sum_of_row(const int8_t* row, size_t n) {
  constexpr size_t kBlock = 128 * 32;
  int32x4_t sum = vdupq_n_s32(0);
  while (n >= 32) {
    const size_t block = n < kBlock ? n / 32 * 32 : kBlock;
    int16x8_t even = vdupq_n_s16(0), odd = even;
    for (size_t i = 0; i < block; i += 32) {
      even = vpadalq_s8(even, vld1q_s8(row + i));
      odd = vpadalq_s8(odd, vld1q_s8(row + i + 16));
    }
    sum = vpadalq_s16(vpadalq_s16(sum, even), odd);
    row += block;
    n -= block;
  }
  const int8x16_t first = load_part_16(row, n < 16 ? n : 16),
                  rest = load_part_16(row + 16, n < 16 ? 0 : n - 16);
  return sum_of_lanes(vpadalq_s16(sum, vpadalq_s8(vpaddlq_s8(first), rest)));
}

template <bool kMax>
int8_t extreme_of_row(const int8_t* row, size_t n) {
  if (n < 16) {
    int8_t extreme = row[0];
    for (size_t i = 1; i < n; ++i) extreme = kMax == (row[i] > extreme) ? row[i] : extreme;
    return extreme;
  }
  int8x16_t extreme = vld1q_s8(row + n - 16);
  for (size_t i = 0; i + 16 <= n; i += 16) extreme = better<kMax>(extreme, vld1q_s8(row + i));
  return kMax ? max_of_lanes(extreme) : min_of_lanes(extreme);
}

// Up to 16 rows, so that their sums are requantized together.
void reduce_rows(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t rows,
                 const SumRequantize& r) {
  int32_t sums[16] = {};
  for (size_t y = 0; y < rows; ++y) {
    const int8_t* row = input + y * reduce.reduced;
    switch (reduce.kind) {
      case ReduceKindS8::kSum:
        sums[y] = sum_of_row(row, reduce.reduced);
        break;
      case ReduceKindS8::kMax:
        output[y] = extreme_of_row<true>(row, reduce.reduced);
        break;
      case ReduceKindS8::kMin:
        output[y] = extreme_of_row<false>(row, reduce.reduced);
        break;
    }
  }
  if (reduce.kind != ReduceKindS8::kSum) return;
  int32x4_t acc[4];
  for (size_t i = 0; i < 4; ++i) acc[i] = vaddq_s32(r.start, vld1q_s32(sums + 4 * i));
  store_part_16(output, r.requantize(acc), rows);
}

}  // namespace

void reduce_s8_neon(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t first, size_t last) {
  const int32_t bias = static_cast<int32_t>(reduce.reduced) * reduce.input_zero_point;
  const SumRequantize r(bias, reduce.multiplier, reduce.right_shift,
                        RequantizeRange(reduce.output_zero_point, reduce.output_min, reduce.output_max));
  if (reduce.inner == 1) {
    for (size_t item = first; item < last; item += 16)
      reduce_rows(reduce, input + item * reduce.reduced, output + item, last - item < 16 ? last - item : 16,
                  r);
    return;
  }
  for (size_t item = first; item < last;) {  // as much of one outer element as is wanted
    const size_t c = item % reduce.inner;
    const size_t n = reduce.inner - c < last - item ? reduce.inner - c : last - item;
    reduce_columns(reduce, input + item / reduce.inner * reduce.reduced * reduce.inner + c, output + item, n,
                   r);
    item += n;
  }
}

}  // namespace octet::kernels
