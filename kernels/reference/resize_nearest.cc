// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of resize_nearest; also the kernel in use. An output row with the
// same source as the one before it is copied from there.
#include "kernels/resize_nearest.h"

#include <cstring>

namespace octet::kernels {

void resize_nearest(const ResizeNearest& resize, const void* input, void* output, size_t first, size_t last) {
  const ResizeNearest& z = resize;
  const uint8_t* from = static_cast<const uint8_t*>(input);
  const size_t row_bytes = z.output_width * z.block_bytes;
  for (size_t row = first; row < last; ++row) {
    uint8_t* to = static_cast<uint8_t*>(output) + row * row_bytes;
    const size_t y = row % z.output_height;
    if (row > first && y > 0 && z.y0[y] == z.y0[y - 1]) {
      std::memcpy(to, to - row_bytes, row_bytes);
      continue;
    }
    const size_t source_row = row / z.output_height * z.input_height + static_cast<size_t>(z.y0[y]);
    const uint8_t* source = from + source_row * z.input_width * z.block_bytes;
    for (size_t x = 0; x < z.output_width; ++x)
      std::memcpy(to + x * z.block_bytes, source + static_cast<size_t>(z.x0[x]) * z.block_bytes,
                  z.block_bytes);
  }
}

}  // namespace octet::kernels
