// SPDX-License-Identifier: Apache-2.0
//
// Non-maximum suppression as in ONNX. For each batch and class, boxes are taken in the order of falling
// score (of equal scores the lower index first), if their score exceeds the threshold, and kept unless
// their intersection over union with a kept box of that batch and class exceeds iou_threshold; at most
// max_per_class are kept. Each kept box gives a row (batch, class, box); rows left over are -1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

struct NonMaxSuppressionF32 {
  size_t batch, classes, boxes;
  size_t max_per_class;
  size_t output_rows;
  float iou_threshold;
  float score_threshold;  // -inf for none
  bool center_point_box;  // boxes are (x, y, width, height) instead of two opposite corners (y, x, y, x)
};

size_t non_max_suppression_scratch_bytes(const NonMaxSuppressionF32& nms);

// boxes [batch][boxes][4], scores [batch][classes][boxes], output [output_rows][3].
void non_max_suppression_f32(const NonMaxSuppressionF32& nms, const float* boxes, const float* scores,
                             int64_t* output, void* scratch);

}  // namespace octet::kernels
