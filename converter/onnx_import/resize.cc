// SPDX-License-Identifier: Apache-2.0
//
// Resize (opset 10, 11, 13, 18, 19) and Upsample (7, 9).
#include <algorithm>
#include <cmath>

#include "converter/onnx_import/handlers.h"

namespace octet::converter {

namespace {

struct Plan {
  std::vector<float> scales;  // one per axis
  Dims to;
  std::string mode, coordinate_mode, nearest_mode;
};

// Emits a Resize of the two axes that change, in a [1 or N, 1 or C, H, W] frame.
void emit_resize(OnnxOp& op, const Plan& plan) {
  const Dims from = op.shape(0);
  if (element_count(from) == 0) op.fail("an empty input");
  std::vector<size_t> changed;
  for (size_t i = 0; i < from.size(); ++i)
    if (plan.to[i] != from[i] || plan.scales[i] != 1.0f) changed.push_back(i);
  if (changed.empty()) return op.output(0, op.input(0));
  if (changed.size() > 2) op.unsupported("resizing more than two axes");
  if (plan.mode != "nearest" && plan.mode != "linear") op.unsupported("mode " + plan.mode);
  // The frame: the axes before, between and behind the ones that change.
  const size_t w = changed.back();
  size_t h = changed.size() == 2 ? changed[0] : w > 0 ? w - 1 : w;
  const bool one = h == w;  // rank 1: no axis for the height
  Permutation order;        // the rest, h, w
  for (size_t i = 0; i < from.size(); ++i)
    if (i != h && i != w) order.push_back(static_cast<int>(i));
  if (!one) order.push_back(static_cast<int>(h));
  order.push_back(static_cast<int>(w));
  ValueId x = op.emit_transpose(op.input(0), order);
  const Dims moved = op.value(x).shape;
  Dims frame = moved;
  if (frame.size() != 4) {
    const int64_t width = from[w], height = one ? 1 : from[h];
    frame = {1, element_count(moved) / (width * height), height, width};
  }
  x = op.emit_reshape(x, frame);
  Dims to = frame;
  to[2] = one ? 1 : plan.to[h];
  to[3] = plan.to[w];
  x = op.emit_stated("Resize", {x},
                     {{"mode", plan.mode},
                      {"coordinate_mode", plan.coordinate_mode},
                      {"nearest_mode", plan.nearest_mode},
                      {"scales_height", one ? 1.0f : plan.scales[h]},
                      {"scales_width", plan.scales[w]}},
                     op.element_type(0), to);
  x = op.emit_reshape(x, permute(plan.to, order));
  op.output(0, op.emit_transpose(x, inverse(order)));
}

Plan plan_from_scales(OnnxOp& op, const std::vector<float>& scales) {
  Plan plan;
  plan.to = op.shape(0);
  plan.scales = scales;
  if (scales.size() != plan.to.size())
    op.fail(std::to_string(scales.size()) + " scales for an input of rank " + std::to_string(plan.to.size()));
  for (size_t i = 0; i < scales.size(); ++i) {
    if (!(scales[i] > 0)) op.fail("scale " + std::to_string(scales[i]) + "; must be positive");
    const float length = std::floor(static_cast<float>(plan.to[i]) * scales[i]);
    if (!(length < 1e9f)) op.fail("scale " + std::to_string(scales[i]) + " is out of range");
    plan.to[i] = static_cast<int64_t>(length);
    if (plan.to[i] < 1) op.fail("scale " + std::to_string(scales[i]) + " leaves nothing");
  }
  return plan;
}

// Opset 7 to 10: corners at the same place, x_in = x_out / scale; nearest takes the floor on the way up and
// the ceiling on the way down.
void finish_old(OnnxOp& op, Plan plan) {
  plan.mode = op.text("mode", "nearest");
  if (plan.mode == "bilinear") plan.mode = "linear";
  plan.coordinate_mode = "asymmetric";
  bool up = false, down = false;
  for (float scale : plan.scales) {
    up = up || scale > 1;
    down = down || scale < 1;
  }
  if (plan.mode == "nearest" && up && down) op.unsupported("nearest up one axis and down another");
  plan.nearest_mode = down ? "ceil" : "floor";
  emit_resize(op, plan);
}

// The whole-rank lists of opset 18's `axes`.
template <class T>
std::vector<T> spread(OnnxOp& op, const std::vector<T>& given, const std::vector<T>& fallback) {
  if (!op.has("axes")) return given;
  const std::vector<int64_t> axes = op.integers("axes");
  if (axes.size() != given.size()) op.fail("axes differ in number from scales or sizes");
  std::vector<T> all = fallback;
  for (size_t i = 0; i < axes.size(); ++i)
    all[static_cast<size_t>(op.axis(axes[i], static_cast<int64_t>(fallback.size())))] = given[i];
  return all;
}

Plan plan_from_sizes(OnnxOp& op) {
  const Dims from = op.shape(0);
  Plan plan;
  plan.to = spread(op, op.static_integers(3, "sizes"), from);
  if (plan.to.size() != from.size())
    op.fail(std::to_string(plan.to.size()) + " sizes for an input of rank " + std::to_string(from.size()));
  for (size_t i = 0; i < from.size(); ++i) {
    if (plan.to[i] < 1) op.fail("size " + std::to_string(plan.to[i]) + "; must be at least 1");
    plan.scales.push_back(static_cast<float>(plan.to[i]) / static_cast<float>(from[i]));
  }
  const std::string policy = op.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") return plan;
  float scale = 0;
  const std::vector<int64_t> axes = op.integers("axes");
  const auto takes_part = [&](size_t i) {
    return !op.has("axes") || std::count(axes.begin(), axes.end(), static_cast<int64_t>(i)) != 0;
  };
  for (size_t i = 0; i < from.size(); ++i)
    if (takes_part(i) && (scale == 0 || (policy == "not_larger") == (plan.scales[i] < scale)))
      scale = plan.scales[i];
  for (size_t i = 0; i < from.size(); ++i)
    if (takes_part(i)) {
      plan.scales[i] = scale;
      plan.to[i] = static_cast<int64_t>(std::floor(static_cast<float>(from[i]) * scale + 0.5f));
    }
  return plan;
}

}  // namespace

void import_upsample(OnnxOp& op) {
  finish_old(
      op, plan_from_scales(op, op.opset() < 9 ? op.numbers("scales") : to_floats(op.constant(1, "scales"))));
}

void import_resize(OnnxOp& op) {
  if (op.opset() < 11) return finish_old(op, plan_from_scales(op, to_floats(op.constant(1, "scales"))));
  if (op.integer("antialias", 0) != 0) op.unsupported("antialias = 1");
  const bool by_scales = op.has_input(2) && element_count(op.shape(2)) > 0;
  Plan plan = by_scales ? plan_from_scales(op, spread(op, to_floats(op.constant(2, "scales")),
                                                      std::vector<float>(op.shape(0).size(), 1.0f)))
                        : plan_from_sizes(op);
  plan.mode = op.text("mode", "nearest");
  plan.coordinate_mode = op.text("coordinate_transformation_mode", "half_pixel");
  plan.nearest_mode = op.text("nearest_mode", "round_prefer_floor");
  static const char* const kModes[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                       "align_corners", "asymmetric",           "tf_half_pixel_for_nn"};
  if (std::find(std::begin(kModes), std::end(kModes), plan.coordinate_mode) == std::end(kModes))
    op.unsupported("coordinate_transformation_mode " + plan.coordinate_mode);
  emit_resize(op, plan);
}

}  // namespace octet::converter
