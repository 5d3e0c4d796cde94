// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of softmax_s8.
//
// Each E is off by at most 1/2 of 2^16, so S by columns / 2, and E / S is within
// (columns + 1) * 2^-17 of the real softmax. The s8 quotient is floor(x + 1/2) of the exact ratio E / S: its
// error is under 1/2 + (columns + 1) * 2^-17 / output_scale steps. float(E) is exact (E <= 2^16) and
// float(S) correctly rounded, so the f32 form adds 2^-23 relatively.
#include "kernels/softmax_s8.h"

namespace octet::kernels {

void softmax_s8_reference(const SoftmaxS8& softmax, const int8_t* input, void* output, size_t rows) {
  for (size_t y = 0; y < rows; ++y) {
    const int8_t* row = input + y * softmax.columns;
    int32_t max = -128;
    for (size_t x = 0; x < softmax.columns; ++x) max = row[x] > max ? row[x] : max;
    uint64_t sum = 0;
    for (size_t x = 0; x < softmax.columns; ++x) sum += softmax.exp_table[max - row[x]];
    for (size_t x = 0; x < softmax.columns; ++x) {
      const uint64_t e = softmax.exp_table[max - row[x]];
      const size_t item = y * softmax.columns + x;
      if (softmax.output_f32) {
        static_cast<float*>(output)[item] = static_cast<float>(e) / static_cast<float>(sum);
        continue;
      }
      const uint64_t quotient = (e * softmax.output_multiplier + (sum << 7)) / (sum << 8);
      const int32_t q = static_cast<int32_t>(quotient > 255 ? 255 : quotient) + softmax.zero_point;
      static_cast<int8_t*>(output)[item] = static_cast<int8_t>(q > 127 ? 127 : q);
    }
  }
}

}  // namespace octet::kernels
