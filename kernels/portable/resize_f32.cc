// SPDX-License-Identifier: Apache-2.0
//
// See resize_f32.h.
#include "kernels/portable/resize_f32.h"

#include <algorithm>

namespace octet::kernels {
namespace {

struct Corners {
  const float *top_left, *top_right, *bottom_left, *bottom_right;
};

void mix(const Corners& at, float wx, float wy, size_t channels, float* out) {
  for (size_t c = 0; c < channels; ++c) {
    const float top = at.top_left[c] * (1 - wx) + at.top_right[c] * wx;
    const float bottom = at.bottom_left[c] * (1 - wx) + at.bottom_right[c] * wx;
    out[c] = top * (1 - wy) + bottom * wy;
  }
}

}  // namespace

void resize_f32(const ResizeF32& r, const float* input, float* output, size_t first, size_t last) {
  const size_t pixel = r.channels, line = r.input_width * pixel;
  for (size_t row = first; row < last; ++row) {
    const size_t n = row / r.output_height, y = row % r.output_height;
    const float* image = input + n * r.input_height * line;
    const float* top = image + static_cast<size_t>(r.y0[y]) * line;
    const float* bottom = r.bilinear ? image + static_cast<size_t>(r.y1[y]) * line : top;
    float* out = output + row * r.output_width * pixel;
    for (size_t x = 0; x < r.output_width; ++x, out += pixel) {
      const size_t left = static_cast<size_t>(r.x0[x]) * pixel;
      if (!r.bilinear) {
        std::copy(top + left, top + left + pixel, out);
        continue;
      }
      const size_t right = static_cast<size_t>(r.x1[x]) * pixel;
      mix({top + left, top + right, bottom + left, bottom + right}, r.x_weight[x], r.y_weight[y], pixel, out);
    }
  }
}

}  // namespace octet::kernels
