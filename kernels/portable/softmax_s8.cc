// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8 for any CPU. The exps are looked up one by one; sums and quotients are loops over arrays, which
// compilers turn into vectors. A row of more than 256 values has more values than there are different
// results: they are computed once, into a table over d = max - input. Many rows of two values (a, b) share
// one table: both outputs depend on a - b alone, which has 511 values.
//
// The s8 quotient N / D = (E * output_multiplier + (S << 7)) / (S << 8) is computed in double. N < 2^49 and D
// are exact. If N / D is no integer, it is at least 1 / D from the next: with D <= 2^44 (kColumns) that is
// more than half a step of double below 256, so the rounded quotient has the same integer part; from 256
// on all saturates.
#include "kernels/softmax_s8.h"

#include <algorithm>
#include <cstring>

namespace octet::kernels {
namespace {

constexpr size_t kColumns = size_t{1} << 20;

// What the quotients of a row have in common.
struct Divisor {
  float sum;
  double multiplier, half, whole;  // output_multiplier, S << 7, S << 8
  int32_t zero_point;
};

Divisor divisor_of(const SoftmaxS8& softmax, uint64_t sum) {
  const auto exact = static_cast<int64_t>(sum);
  const auto half = static_cast<double>(exact << 7);
  return {static_cast<float>(exact), static_cast<double>(softmax.output_multiplier), half, 2 * half,
          softmax.zero_point};
}

// The quotients of up to 256 values E.
void store_quotients(const Divisor& divisor, const uint32_t* e, float* output, size_t count) {
  for (size_t i = 0; i < count; ++i) output[i] = static_cast<float>(static_cast<int32_t>(e[i])) / divisor.sum;
}

void store_quotients(const Divisor& divisor, const uint32_t* e, int8_t* output, size_t count) {
  int32_t q[256];
  for (size_t i = 0; i < count; ++i) {
    const double numerator = static_cast<int32_t>(e[i]) * divisor.multiplier + divisor.half;
    const double quotient = numerator / divisor.whole;
    q[i] = static_cast<int32_t>(quotient < 255 ? quotient : 255);
  }
  const int32_t zero_point = divisor.zero_point;
  for (size_t i = 0; i < count; ++i)
    output[i] = static_cast<int8_t>(q[i] + zero_point < 127 ? q[i] + zero_point : 127);
}

int32_t max_of(const int8_t* row, size_t columns) {
  int8_t max = -128;
  for (size_t x = 0; x < columns; ++x) max = row[x] > max ? row[x] : max;
  return max;
}

// E of up to 256 values; their sum.
uint32_t look_up(const uint32_t* exp_table, int32_t max, const int8_t* input, uint32_t* e, size_t count) {
  for (size_t i = 0; i < count; ++i) e[i] = exp_table[max - input[i]];
  uint32_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += e[i];
  return sum;
}

template <class Output>
void softmax_row(const SoftmaxS8& softmax, const int8_t* row, Output* output) {
  const size_t columns = softmax.columns;
  const int32_t max = max_of(row, columns);
  uint32_t e[256];
  uint64_t sum = 0;
  for (size_t x = 0; x < columns; x += 256)
    sum += look_up(softmax.exp_table, max, row + x, e, std::min<size_t>(columns - x, 256));
  if (columns <= 256) return store_quotients(divisor_of(softmax, sum), e, output, columns);
  Output results[256];
  store_quotients(divisor_of(softmax, sum), softmax.exp_table, results, 256);
  for (size_t x = 0; x < columns; ++x) output[x] = results[max - row[x]];
}

// Rows of two from which on the table of all 511 differences costs less than the rows one by one.
constexpr size_t kPairTableRows = 256;

template <class Output>
void softmax_pairs(const SoftmaxS8& softmax, const int8_t* input, Output* output, size_t rows) {
  Output table[511][2];  // entry 255 + a - b: both outputs
  for (size_t d = 0; d <= 255; ++d) {
    const uint32_t e[2] = {softmax.exp_table[0], softmax.exp_table[d]};
    store_quotients(divisor_of(softmax, e[0] + e[1]), e, table[255 + d], 2);
    table[255 - d][0] = table[255 + d][1];
    table[255 - d][1] = table[255 + d][0];
  }
  for (size_t y = 0; y < rows; ++y)
    std::memcpy(output + 2 * y, table[255 + input[2 * y] - input[2 * y + 1]], sizeof table[0]);
}

template <class Output>
void softmax_rows(const SoftmaxS8& softmax, const int8_t* input, Output* output, size_t rows) {
  const size_t columns = softmax.columns;
  if (columns == 2 && rows >= kPairTableRows) return softmax_pairs(softmax, input, output, rows);
  for (size_t y = 0; y < rows; ++y) softmax_row(softmax, input + y * columns, output + y * columns);
}

}  // namespace

void softmax_s8_portable(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  if (softmax.columns > kColumns) return softmax_s8_reference(softmax, input, output, rows);
  if (softmax.output_f32)
    softmax_rows(softmax, input, static_cast<float*>(output), rows);
  else
    softmax_rows(softmax, input, static_cast<int8_t*>(output), rows);
}

}  // namespace octet::kernels
