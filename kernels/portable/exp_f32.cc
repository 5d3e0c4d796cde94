// SPDX-License-Identifier: Apache-2.0
//
// exp_f32 for any CPU, and its definition: the exp of the libm.
#include "kernels/exp_f32.h"

#include <cmath>

namespace octet::kernels {

void exp_f32_portable(const float* input, float* output, size_t count) {
  for (size_t i = 0; i < count; ++i) output[i] = std::exp(input[i]);
}

}  // namespace octet::kernels
