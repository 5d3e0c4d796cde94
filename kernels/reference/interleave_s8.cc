// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of interleave_s8; also the kernel for other CPUs.
#include "kernels/interleave_s8.h"

namespace octet::kernels {

void interleave_s8_reference(const int8_t* input, size_t plane, size_t channels, int8_t* output,
                             size_t count) {
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < channels; ++c) output[i * channels + c] = input[c * plane + i];
}

}  // namespace octet::kernels
