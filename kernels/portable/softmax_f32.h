// SPDX-License-Identifier: Apache-2.0
//
// Softmax along one axis of x seen as [outer, size, inner]:
//
//   softmax:      out = exp(x - max) / sum exp(x - max)
//   log-softmax:  out = x - max - log(sum exp(x - max))
#pragma once

#include <cstddef>

#include "kernels/exp_f32.h"

namespace octet::kernels {

struct SoftmaxF32 {
  size_t outer, size, inner;
  bool log;
  ExpF32Function* exp = exp_f32_portable;  // no choice changes the bytes
};

// Computes the vectors [first, last) of all outer * inner. May run in place.
void softmax_f32(const SoftmaxF32& softmax, const float* input, float* output, size_t first, size_t last);

}  // namespace octet::kernels
