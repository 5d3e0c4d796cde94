// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of reduce_s8. |acc| <= 255 * reduced < 2^30.
#include "kernels/reduce_s8.h"
#include "kernels/requantize.h"

namespace octet::kernels {

void reduce_s8_reference(const ReduceS8& reduce, const int8_t* input, int8_t* output, size_t first,
                         size_t last) {
  for (size_t item = first; item < last; ++item) {
    const int8_t* column = input + item / reduce.inner * reduce.reduced * reduce.inner + item % reduce.inner;
    int32_t sum = 0, max = -128, min = 127;
    for (size_t r = 0; r < reduce.reduced; ++r) {
      const int32_t value = column[r * reduce.inner];
      sum += value - reduce.input_zero_point;
      max = value > max ? value : max;
      min = value < min ? value : min;
    }
    switch (reduce.kind) {
      case ReduceKindS8::kSum:
        output[item] = requantize(sum, reduce.multiplier, reduce.right_shift, reduce.output_zero_point,
                                  reduce.output_min, reduce.output_max);
        break;
      case ReduceKindS8::kMax: output[item] = static_cast<int8_t>(max); break;
      case ReduceKindS8::kMin: output[item] = static_cast<int8_t>(min); break;
    }
  }
}

}  // namespace octet::kernels
