// SPDX-License-Identifier: Apache-2.0
//
// Reduce over any axes. s8 in reduce_s8.cc, s16 in reduce_s16.cc, f32, s32 and s64 in reduce_f32.cc.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// The shape after reducing `axes`, which are in range and ascend.
Shape reduced_shape(const Shape& input, const schema::ReduceOptions& options) {
  bool reduced[kMaxRank] = {};
  for (size_t i = 0; i < vector_length(options.axes()); ++i)
    reduced[options.axes()->Get(static_cast<uint32_t>(i))] = true;
  Shape shape;
  for (int i = 0; i < input.rank; ++i) {
    if (!reduced[i]) shape.dims[shape.rank++] = input[i];
    else if (options.keep_dims()) shape.dims[shape.rank++] = 1;
  }
  return shape;
}

Status check_axes(const OpView& view, const flatbuffers::Vector<int32_t>* axes) {
  int previous = -1;
  for (size_t i = 0; i < vector_length(axes); ++i) {
    const int axis = axes->Get(static_cast<uint32_t>(i));
    OCTET_RETURN_IF_ERROR(check_axis(view, axis, view.input(0)->shape.rank));
    if (axis <= previous) return invalid(view, "axis %d after %d; must ascend", axis, previous);
    previous = axis;
  }
  return Status();
}

Status check_quantized(const OpView& view, const schema::ReduceOptions& options) {
  constexpr size_t kMostSummed = (size_t{1} << 22) - 1;
  const schema::ReduceKind kind = options.kind();
  if (kind > schema::ReduceKind_Min)
    return invalid(view, "%s of S8 or S16; it is defined for Mean, Sum, Max, Min", schema::EnumNameReduceKind(kind));
  size_t count = 1;
  for (size_t i = 0; i < vector_length(options.axes()); ++i)
    count *= static_cast<size_t>(view.input(0)->shape[options.axes()->Get(static_cast<uint32_t>(i))]);
  if (count == 0) return invalid(view, "nothing to reduce: an axis has no elements");
  if (kind == schema::ReduceKind_Max || kind == schema::ReduceKind_Min)
    return check_same_meaning(view, *view.input(0), *view.output(0));
  if (count > kMostSummed) return invalid(view, "a sum of %zu; must be at most %zu", count, kMostSummed);
  return check_requantization_entries(view, options.requantization(), 1);
}

}  // namespace

// Checks: one input and output of one type (or s8 and s16), which the kind is defined for; ReduceOptions with axes in
// range and ascending; the output's shape; s8 and s16: axes not empty, at most 2^22 - 1 elements in a sum, one
// requantization (Mean, Sum) or the same quantization (Max, Min).
Status validate_reduce(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 1));
  const Tensor &input = *view.input(0), &output = *view.output(0);
  const auto* options = view.options<schema::ReduceOptions>();
  if (options == nullptr) return invalid(view, "no ReduceOptions");
  if (options->kind() > schema::ReduceKind_MAX)
    return invalid(view, "kind %d; must be at most %d", options->kind(), schema::ReduceKind_MAX);
  if (!input.is_quantized() || !output.is_quantized())
    OCTET_RETURN_IF_ERROR(check_type(view, output, "output", input.type));
  OCTET_RETURN_IF_ERROR(check_axes(view, options->axes()));
  OCTET_RETURN_IF_ERROR(check_shape(view, output, "output", reduced_shape(input.shape, *options)));
  if (input.is_quantized()) return check_quantized(view, *options);
  const schema::ReduceKind kind = options->kind();
  const bool whole = input.type == schema::TensorType_S32 || input.type == schema::TensorType_S64;
  const bool needs_f32 = kind == schema::ReduceKind_L2 || kind == schema::ReduceKind_LogSum ||
                         kind == schema::ReduceKind_LogSumExp;
  if (input.is_f32() || (whole && !needs_f32)) return Status();
  return invalid(view, "%s of %s is not defined", schema::EnumNameReduceKind(kind), type_text(input));
}

}  // namespace octet
