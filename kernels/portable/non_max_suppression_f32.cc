// SPDX-License-Identifier: Apache-2.0
//
// See non_max_suppression_f32.h.
#include "kernels/portable/non_max_suppression_f32.h"

#include <algorithm>

namespace octet::kernels {
namespace {

struct Box {
  float top, left, bottom, right;
  float area() const { return (bottom - top) * (right - left); }
};

Box read_box(const float* b, bool center_point) {
  if (center_point) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

// Empty boxes overlap nothing.
bool overlap_exceeds(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0) || !(width > 0) || !(a.area() > 0) || !(b.area() > 0)) return false;
  const float both = height * width;
  return both / (a.area() + b.area() - both) > threshold;
}

// The boxes of one batch and class in the order they are taken; returns their count. NaN never exceeds
// the threshold.
size_t candidates(const NonMaxSuppressionF32& nms, const float* scores, uint32_t* order) {
  size_t count = 0;
  for (size_t i = 0; i < nms.boxes; ++i)
    if (scores[i] > nms.score_threshold) order[count++] = static_cast<uint32_t>(i);
  std::sort(order, order + count, [scores](uint32_t a, uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  });
  return count;
}

// Keeps boxes in place, at the front of `order`; returns how many.
size_t suppress(const NonMaxSuppressionF32& nms, const float* boxes, size_t count, uint32_t* order) {
  size_t kept = 0;
  for (size_t i = 0; i < count && kept < nms.max_per_class; ++i) {
    const Box box = read_box(boxes + size_t{order[i]} * 4, nms.center_point_box);
    bool free = true;
    for (size_t k = 0; k < kept && free; ++k)
      free = !overlap_exceeds(box, read_box(boxes + size_t{order[k]} * 4, nms.center_point_box),
                              nms.iou_threshold);
    if (free) order[kept++] = order[i];
  }
  return kept;
}

}  // namespace

size_t non_max_suppression_scratch_bytes(const NonMaxSuppressionF32& nms) {
  return nms.boxes * sizeof(uint32_t);
}

void non_max_suppression_f32(const NonMaxSuppressionF32& nms, const float* boxes, const float* scores,
                             int64_t* output, void* scratch) {
  uint32_t* order = static_cast<uint32_t*>(scratch);
  size_t row = 0;
  for (size_t b = 0; b < nms.batch; ++b) {
    for (size_t c = 0; c < nms.classes; ++c) {
      const float* batch_boxes = boxes + b * nms.boxes * 4;
      const size_t count = candidates(nms, scores + (b * nms.classes + c) * nms.boxes, order);
      const size_t kept = suppress(nms, batch_boxes, count, order);
      for (size_t k = 0; k < kept && row < nms.output_rows; ++k, ++row) {
        output[row * 3] = static_cast<int64_t>(b);
        output[row * 3 + 1] = static_cast<int64_t>(c);
        output[row * 3 + 2] = order[k];
      }
    }
  }
  std::fill(output + row * 3, output + nms.output_rows * 3, int64_t{-1});
}

}  // namespace octet::kernels
