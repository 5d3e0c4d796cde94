// SPDX-License-Identifier: Apache-2.0
//
// reduce_s8 for any CPU: a block of neighbouring columns together, or along the row where inner is 1.
#include "kernels/reduce_s8.h"

#include <cstring>

#include "kernels/portable/requantize_block.h"

namespace octet::kernels {
namespace {

constexpr size_t kBlock = 64;  // columns

// The sums of n columns.
void sum_columns(const ReduceS8& reduce, const int8_t* column, size_t n, const BlockRequantize& r,
                 int8_t* output) {
  int32_t acc[kBlock];
  const int32_t bias = static_cast<int32_t>(reduce.reduced) * reduce.input_zero_point;
  for (size_t i = 0; i < n; ++i) acc[i] = -bias;
  for (size_t k = 0; k < reduce.reduced; ++k, column += reduce.inner)
    for (size_t i = 0; i < n; ++i) acc[i] += column[i];
  requantize_block(acc, n, r, output);
}

template <bool kMax>
void extreme_of_columns(const ReduceS8& reduce, const int8_t* column, size_t n, int8_t* __restrict output) {
  std::memcpy(output, column, n);
  for (size_t k = 1; k < reduce.reduced; ++k) {
    column += reduce.inner;
    for (size_t i = 0; i < n; ++i) output[i] = kMax == (column[i] > output[i]) ? column[i] : output[i];
  }
}

// One row of `reduced` elements.
void reduce_row(const ReduceS8& reduce, const int8_t* row, const BlockRequantize& r, int8_t* output) {
  int32_t acc = -static_cast<int32_t>(reduce.reduced) * reduce.input_zero_point;
  int8_t max = row[0], min = row[0];
  switch (reduce.kind) {
    case ReduceKindS8::kSum:
      for (size_t k = 0; k < reduce.reduced; ++k) acc += row[k];
      requantize_block(&acc, 1, r, output);
      break;
    case ReduceKindS8::kMax:
      for (size_t k = 0; k < reduce.reduced; ++k) max = row[k] > max ? row[k] : max;
      *output = max;
      break;
    case ReduceKindS8::kMin:
      for (size_t k = 0; k < reduce.reduced; ++k) min = row[k] < min ? row[k] : min;
      *output = min;
      break;
  }
}

void reduce_columns(const ReduceS8& reduce, const int8_t* column, size_t n, const BlockRequantize& r,
                    int8_t* output) {
  switch (reduce.kind) {
    case ReduceKindS8::kSum: return sum_columns(reduce, column, n, r, output);
    case ReduceKindS8::kMax: return extreme_of_columns<true>(reduce, column, n, output);
    case ReduceKindS8::kMin: return extreme_of_columns<false>(reduce, column, n, output);
  }
}

}  // namespace

void reduce_s8_portable(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t first,
                        size_t last) {
  const BlockRequantize r = {reduce.multiplier, reduce.right_shift, reduce.output_zero_point,
                             reduce.output_min, reduce.output_max};
  for (size_t item = first; item < last;) {
    const size_t c = item % reduce.inner;
    const int8_t* column = input + item / reduce.inner * reduce.reduced * reduce.inner + c;
    size_t n = reduce.inner - c < last - item ? reduce.inner - c : last - item;
    n = n < kBlock ? n : kBlock;
    if (reduce.inner == 1)
      reduce_row(reduce, column, r, output + item);
    else
      reduce_columns(reduce, column, n, r, output + item);
    item += n;
  }
}

}  // namespace octet::kernels
