// SPDX-License-Identifier: Apache-2.0
//
// Where height, width and channels are in an image tensor.
#pragma once

#include <cstddef>

#include "runtime/tensor.h"

namespace octet {

struct ImageAxes {
  int height = 0, width = 0, channels = 0;
};

// Finds the axes of images of `channels` channels: [N, H, W, C] or [H, W, C], else
// [N, C, H, W] or [C, H, W]. False when the shape is neither.
inline bool find_image_axes(const Shape& shape, size_t channels, ImageAxes* axes) {
  if (shape.rank != 3 && shape.rank != 4) return false;
  const int first = shape.rank - 3;
  if (static_cast<size_t>(shape[first + 2]) == channels) {
    *axes = {first, first + 1, first + 2};
    return true;
  }
  if (static_cast<size_t>(shape[first]) == channels) {
    *axes = {first + 1, first + 2, first};
    return true;
  }
  return false;
}

}  // namespace octet
