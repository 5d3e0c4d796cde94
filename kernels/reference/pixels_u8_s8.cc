// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of pixels_u8_s8; also the kernel in use: a load and a store per byte.
#include "kernels/pixels_u8_s8.h"

namespace octet::kernels {

void pixels_u8_s8_reference(const int8_t* tables, size_t channels, const uint8_t* pixels, int8_t* output,
                            size_t count) {
  if (channels == 3) {  // the common case, unrolled
    for (size_t i = 0; i < 3 * count; i += 3) {
      output[i] = tables[pixels[i]];
      output[i + 1] = tables[256 + pixels[i + 1]];
      output[i + 2] = tables[512 + pixels[i + 2]];
    }
    return;
  }
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < channels; ++c)
      output[i * channels + c] = tables[c * 256 + pixels[i * channels + c]];
}

}  // namespace octet::kernels
