// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of resize_bilinear_s8. Each Q11 weight is off by at most 2^-12, so
// against the real mixture the error is under 255 * 2 * 2^-12 + 1/2: at most 1 from the ideally
// rounded value.
#include "kernels/resize_bilinear_s8.h"

namespace octet::kernels {

void resize_bilinear_s8_reference(const ResizeS8& resize, const int8_t* input, int8_t* output, size_t first,
                                  size_t last) {
  const ResizeS8& z = resize;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % z.output_height;
    const int8_t* image = input + row / z.output_height * z.input_height * z.input_width * z.channels;
    const int8_t* row0 = image + static_cast<size_t>(z.y0[y]) * z.input_width * z.channels;
    const int8_t* row1 = image + static_cast<size_t>(z.y1[y]) * z.input_width * z.channels;
    const int32_t wy = z.y_weight[y];
    for (size_t x = 0; x < z.output_width; ++x) {
      const size_t left = static_cast<size_t>(z.x0[x]) * z.channels;
      const size_t right = static_cast<size_t>(z.x1[x]) * z.channels;
      const int32_t wx = z.x_weight[x];
      for (size_t c = 0; c < z.channels; ++c) {
        const int32_t top = (2048 - wx) * row0[left + c] + wx * row0[right + c];
        const int32_t bottom = (2048 - wx) * row1[left + c] + wx * row1[right + c];
        const int32_t sum = (2048 - wy) * top + wy * bottom;
        output[(row * z.output_width + x) * z.channels + c] = static_cast<int8_t>((sum + (1 << 21)) >> 22);
      }
    }
  }
}

}  // namespace octet::kernels
