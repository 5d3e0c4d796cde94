// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8 for any CPU: a row of s8 holds at most 256 different values, so each quotient is
// computed once, into a table over d = max - input, and the row is looked up. Many rows of two values (a, b)
// share one table: both outputs depend on a - b alone, which has 511 values.
#include "kernels/softmax_s8.h"

#include <cstring>

namespace octet::kernels {
namespace {

struct RowFacts {
  int32_t max, range;  // range = max - min
  uint64_t sum;        // of exp_table[max - input]
};

RowFacts row_facts(const SoftmaxS8& softmax, const int8_t* row) {
  int32_t max = -128, min = 127;
  for (size_t x = 0; x < softmax.columns; ++x) {
    max = row[x] > max ? row[x] : max;
    min = row[x] < min ? row[x] : min;
  }
  uint64_t sum = 0;
  for (size_t x = 0; x < softmax.columns; ++x) sum += softmax.exp_table[max - row[x]];
  return {max, max - min, sum};
}

float quotient_f32(const SoftmaxS8& softmax, const RowFacts& facts, int32_t d) {
  return static_cast<float>(softmax.exp_table[d]) / static_cast<float>(facts.sum);
}

int8_t quotient_s8(const SoftmaxS8& softmax, const RowFacts& facts, int32_t d) {
  const uint64_t scaled = static_cast<uint64_t>(softmax.exp_table[d]) * softmax.output_multiplier;
  const uint64_t half = facts.sum << 7;
  // Most of a long row rounds to zero, which needs no division.
  const uint64_t quotient = scaled < half ? 0 : (scaled + half) / (2 * half);
  const int32_t q = static_cast<int32_t>(quotient > 255 ? 255 : quotient) + softmax.zero_point;
  return static_cast<int8_t>(q > 127 ? 127 : q);
}

// One row; `quotient` computes the output for a difference d.
template <class Output, class Quotient>
void softmax_row(const SoftmaxS8& softmax, const int8_t* row, Output* output, const Quotient& quotient) {
  const RowFacts facts = row_facts(softmax, row);
  if (static_cast<size_t>(facts.range) >= softmax.columns) {  // fewer values than table entries
    for (size_t x = 0; x < softmax.columns; ++x) output[x] = quotient(softmax, facts, facts.max - row[x]);
    return;
  }
  Output table[256];
  for (int32_t d = 0; d <= facts.range; ++d) table[d] = quotient(softmax, facts, d);
  for (size_t x = 0; x < softmax.columns; ++x) output[x] = table[facts.max - row[x]];
}

// Rows of two from which on the table of all 511 differences costs less than a quotient for each output.
constexpr size_t kPairTableRows = 512;

template <class Output, class Quotient>
void softmax_pairs(const SoftmaxS8& softmax, const int8_t* input, Output* output, size_t rows,
                   const Quotient& quotient) {
  Output table[511][2];  // entry 255 + a - b: both outputs
  for (int32_t d = 0; d <= 255; ++d) {
    const uint64_t sum = static_cast<uint64_t>(softmax.exp_table[0]) + softmax.exp_table[d];
    const Output larger = quotient(softmax, {0, d, sum}, 0), smaller = quotient(softmax, {0, d, sum}, d);
    table[255 + d][0] = table[255 - d][1] = larger;
    table[255 + d][1] = table[255 - d][0] = smaller;
  }
  for (size_t y = 0; y < rows; ++y)
    std::memcpy(output + 2 * y, table[255 + input[2 * y] - input[2 * y + 1]], sizeof table[0]);
}

template <class Output, class Quotient>
void softmax_rows(const SoftmaxS8& softmax, const int8_t* input, Output* output, size_t rows,
                  const Quotient& quotient) {
  const size_t columns = softmax.columns;
  if (columns == 2 && rows >= kPairTableRows) return softmax_pairs(softmax, input, output, rows, quotient);
  for (size_t y = 0; y < rows; ++y) softmax_row(softmax, input + y * columns, output + y * columns, quotient);
}

}  // namespace

void softmax_s8_portable(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  if (softmax.output_f32)
    softmax_rows(softmax, input, static_cast<float*>(output), rows, quotient_f32);
  else
    softmax_rows(softmax, input, static_cast<int8_t*>(output), rows, quotient_s8);
}

}  // namespace octet::kernels
