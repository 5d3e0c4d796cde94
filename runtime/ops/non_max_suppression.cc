// SPDX-License-Identifier: Apache-2.0
//
// NonMaxSuppression: boxes [B, N, 4], scores [B, C, N] -> [M, 3] s64 (batch, class, box); rows that no box
// fills are -1.
#include <limits>

#include "kernels/portable/non_max_suppression_f32.h"
#include "runtime/ops/float_checks.h"
#include "runtime/ops/make_op.h"
#include "runtime/ops/ops.h"

namespace octet {

// Checks: two f32 inputs, [B, N, 4] and [B, C, N]; one s64 output [M, 3]; options present;
// max_output_boxes_per_class not negative; thresholds not NaN.
Status validate_non_max_suppression(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_counts(view, {2, 2, 1, 1}));
  const auto* o = view.options<schema::NonMaxSuppressionOptions>();
  if (!o) return invalid_op(view, "no NonMaxSuppressionOptions");
  const Tensor &boxes = *view.input(0), &scores = *view.input(1), &output = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_type(view, boxes, "boxes", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_type(view, scores, "scores", {schema::TensorType_F32}));
  OCTET_RETURN_IF_ERROR(check_type(view, output, "output", {schema::TensorType_S64}));
  OCTET_RETURN_IF_ERROR(check_rank(view, boxes, "boxes", 3, 3));
  OCTET_RETURN_IF_ERROR(check_rank(view, scores, "scores", 3, 3));
  OCTET_RETURN_IF_ERROR(check_rank(view, output, "output", 2, 2));
  OCTET_RETURN_IF_ERROR(check_dims(view, boxes, "boxes", {scores.shape[0], scores.shape[2], 4}));
  OCTET_RETURN_IF_ERROR(check_dims(view, output, "output", {output.shape[0], 3}));
  OCTET_RETURN_IF_ERROR(check_value(view, "max_output_boxes_per_class", o->max_output_boxes_per_class(), 0,
                                    std::numeric_limits<int32_t>::max()));
  if (o->iou_threshold() != o->iou_threshold() || o->score_threshold() != o->score_threshold())
    return invalid_op(view, "a threshold is NaN");
  return Status();
}

Status prepare_non_max_suppression(const OpView& view, PrepareContext* context, OpPointer* op) {
  const auto& o = *view.options<schema::NonMaxSuppressionOptions>();
  const Tensor *boxes = view.input(0), *scores = view.input(1);
  Tensor* output = view.output(0);
  kernels::NonMaxSuppressionF32 nms = {};
  nms.batch = static_cast<size_t>(scores->shape[0]);
  nms.classes = static_cast<size_t>(scores->shape[1]);
  nms.boxes = static_cast<size_t>(scores->shape[2]);
  nms.max_per_class = static_cast<size_t>(o.max_output_boxes_per_class());
  nms.output_rows = static_cast<size_t>(output->shape[0]);
  nms.iou_threshold = o.iou_threshold();
  nms.score_threshold =
      o.has_score_threshold() ? o.score_threshold() : -std::numeric_limits<float>::infinity();
  nms.center_point_box = o.center_point_box();
  context->scratch_bytes = kernels::non_max_suppression_scratch_bytes(nms);
  return make_op(
      "non_max_suppression_f32_portable",
      [=](const RunContext& run) {
        kernels::non_max_suppression_f32(nms, boxes->as<float>(), scores->as<float>(), output->as<int64_t>(),
                                         run.scratch);
      },
      op);
}

}  // namespace octet
