// SPDX-License-Identifier: Apache-2.0
//
// Resize2D on [N, H, W, C]. s8 in resize_2d_s8.cc, f32 in resize_2d_f32.cc.
#include <cmath>

#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// One spatial axis of the options.
struct ResizeAxis {
  const char* name;
  int32_t input, output;
  const flatbuffers::Vector<int32_t>* index0;
  const flatbuffers::Vector<int32_t>* index1;
  const flatbuffers::Vector<int16_t>* weight;
  const flatbuffers::Vector<float>* weight_f32;
};

// As many indices as the output is long, all inside the input.
Status check_indices(const OpView& view, const ResizeAxis& axis,
                     const flatbuffers::Vector<int32_t>* indices) {
  if (vector_length(indices) != static_cast<size_t>(axis.output))
    return invalid(view, "%zu %s indices; must be %d", vector_length(indices), axis.name, axis.output);
  for (size_t i = 0; i < vector_length(indices); ++i) {
    const int32_t index = indices->Get(static_cast<uint32_t>(i));
    if (index < 0 || index >= axis.input)
      return invalid(view, "%s index %d at %zu; must be in [0, %d)", axis.name, index, i, axis.input);
  }
  return Status();
}

Status check_weights(const OpView& view, const ResizeAxis& axis, bool s8) {
  constexpr int16_t kOne = 2048;  // Q11
  const size_t length = s8 ? vector_length(axis.weight) : vector_length(axis.weight_f32);
  if (length != static_cast<size_t>(axis.output))
    return invalid(view, "%zu %s weights; must be %d", length, axis.name, axis.output);
  for (uint32_t i = 0; i < length; ++i) {
    if (s8 && (axis.weight->Get(i) < 0 || axis.weight->Get(i) > kOne))
      return invalid(view, "%s weight %d at %u; must be in [0, 2048]", axis.name, axis.weight->Get(i), i);
    if (!s8 && !std::isfinite(axis.weight_f32->Get(i)))
      return invalid(view, "%s weight %g at %u; must be finite", axis.name,
                     static_cast<double>(axis.weight_f32->Get(i)), i);
  }
  return Status();
}

Status check_resize_axis(const OpView& view, const ResizeAxis& axis, bool bilinear) {
  OCTET_RETURN_IF_ERROR(check_indices(view, axis, axis.index0));
  if (!bilinear) return Status();
  OCTET_RETURN_IF_ERROR(check_indices(view, axis, axis.index1));
  return check_weights(view, axis, view.input(0)->is_s8());
}

}  // namespace

// Checks: one input, one output of rank 4, both f32 or both s8 with the same quantization; batch and channels
// kept; Resize2DOptions with a known mode; an index inside the input for every output row and column;
// bilinear: the second indices alike, and the weights (s8 in [0, 2048], f32 finite).
Status validate_resize_2d(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &x = *view.input(0), &y = *view.output(0);
  OCTET_RETURN_IF_ERROR(check_same_meaning(view, x, y));
  if (!x.is_s8() && !x.is_f32()) return invalid(view, "type %s; must be S8 or F32", type_text(x));
  OCTET_RETURN_IF_ERROR(check_rank(view, x, "input", 4));
  OCTET_RETURN_IF_ERROR(check_rank(view, y, "output", 4));
  if (x.shape[0] != y.shape[0] || x.shape[3] != y.shape[3])
    return invalid(view, "output shape %s of input %s; batch and channels must stay",
                   shape_text(y.shape).c_str(), shape_text(x.shape).c_str());
  const auto* o = view.options<schema::Resize2DOptions>();
  if (o == nullptr) return invalid(view, "no Resize2DOptions");
  if (o->mode() > schema::ResizeMode_MAX)
    return invalid(view, "mode %d; must be at most %d", o->mode(), schema::ResizeMode_MAX);
  const bool bilinear = o->mode() == schema::ResizeMode_Bilinear;
  OCTET_RETURN_IF_ERROR(check_resize_axis(
      view, {"y", x.shape[1], y.shape[1], o->y0(), o->y1(), o->y_weight(), o->y_weight_f32()}, bilinear));
  return check_resize_axis(
      view, {"x", x.shape[2], y.shape[2], o->x0(), o->x1(), o->x_weight(), o->x_weight_f32()}, bilinear);
}

}  // namespace octet
