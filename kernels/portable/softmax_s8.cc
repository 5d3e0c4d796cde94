// SPDX-License-Identifier: Apache-2.0
//
// softmax_s8 for any CPU: a row of s8 holds at most 256 different values, so each quotient is
// computed once, into a table over d = max - input, and the row is looked up.
#include "kernels/softmax_s8.h"

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
  const uint64_t e = softmax.exp_table[d];
  const uint64_t quotient = (e * softmax.output_multiplier + (facts.sum << 7)) / (facts.sum << 8);
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

}  // namespace

void softmax_s8_portable(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  for (size_t y = 0; y < rows; ++y) {
    const int8_t* row = input + y * softmax.columns;
    if (softmax.output_f32)
      softmax_row(softmax, row, static_cast<float*>(output) + y * softmax.columns, quotient_f32);
    else softmax_row(softmax, row, static_cast<int8_t*>(output) + y * softmax.columns, quotient_s8);
  }
}

}  // namespace octet::kernels
