// SPDX-License-Identifier: Apache-2.0
//
// See softmax_f32.h.
#include "kernels/portable/softmax_f32.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet::kernels {

void softmax_f32(const SoftmaxF32& softmax, const float* input, float* output, size_t first, size_t last) {
  const size_t size = softmax.size, step = softmax.inner;
  for (size_t vector = first; vector < last; ++vector) {
    const size_t start = vector / step * size * step + vector % step;
    const float* in = input + start;
    float* out = output + start;
    float max = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < size; ++i) max = std::max(max, in[i * step]);
    double sum = 0;
    if (softmax.log) {
      for (size_t i = 0; i < size; ++i) sum += std::exp(in[i * step] - max);
      const float log_sum = static_cast<float>(std::log(sum));
      for (size_t i = 0; i < size; ++i) out[i * step] = in[i * step] - max - log_sum;
    } else {
      for (size_t i = 0; i < size; ++i) out[i * step] = in[i * step] - max;
      if (step == 1) {
        softmax.exp(out, out, size);
      } else {
        for (size_t i = 0; i < size; ++i) out[i * step] = std::exp(out[i * step]);
      }
      for (size_t i = 0; i < size; ++i) sum += out[i * step];
      const float scale = static_cast<float>(1.0 / sum);
      for (size_t i = 0; i < size; ++i) out[i * step] *= scale;
    }
  }
}

}  // namespace octet::kernels
