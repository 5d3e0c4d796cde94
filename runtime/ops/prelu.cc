// SPDX-License-Identifier: Apache-2.0
//
// PRelu: x where x >= 0, slope * x elsewhere. s8 in prelu_s8.cc, f32 in prelu_f32.cc.
#include "runtime/ops/op_checks.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

Status check_f32(const OpView& view) {
  if (view.input(1) == nullptr) return invalid(view, "input 1, the slope, is missing");
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(1), "slope", schema::TensorType_F32));
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", schema::TensorType_F32));
  const Shape &x = view.input(0)->shape, &slope = view.input(1)->shape;
  bool fits = slope.rank <= x.rank;
  for (int i = 1; fits && i <= slope.rank; ++i)
    fits = slope[slope.rank - i] == 1 || slope[slope.rank - i] == x[x.rank - i];
  if (fits) return Status();
  return invalid(view, "slope %s does not broadcast to %s", shape_text(slope).c_str(), shape_text(x).c_str());
}

Status check_s8(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_type(view, *view.output(0), "output", schema::TensorType_S8));
  const auto* options = view.options<schema::PReluOptions>();
  if (options == nullptr) return invalid(view, "no PReluOptions");
  if (options->fractional_bits() < 0 || options->fractional_bits() > 6)
    return invalid(view, "fractional_bits %d; must be in [0, 6]", options->fractional_bits());
  const Shape& x = view.input(0)->shape;
  const size_t channels = x.rank > 0 ? static_cast<size_t>(x[x.rank - 1]) : 1;
  const size_t slopes = vector_length(options->multiplier_negative());
  if (slopes != 1 && slopes != channels)
    return invalid(view, "%zu entries of multiplier_negative; must be 1 or %zu", slopes, channels);
  bool lowest = options->multiplier_positive() == -32768;
  for (size_t i = 0; i < slopes; ++i)
    lowest = lowest || options->multiplier_negative()->Get(static_cast<uint32_t>(i)) == -32768;
  return lowest ? invalid(view, "multiplier -32768; must be in [-32767, 32767]") : Status();
}

}  // namespace

// Checks: x and output of one shape; f32: the slope f32 and broadcastable to x; s8: PReluOptions with
// fractional_bits in range and one multiplier_negative, or one per channel of the last axis (the slope
// tensor is then not read and may be left out).
Status validate_prelu(const OpView& view) {
  OCTET_RETURN_IF_ERROR(check_operands(view, 1, 2));
  OCTET_RETURN_IF_ERROR(check_shape(view, *view.output(0), "output", view.input(0)->shape));
  if (view.input(0)->is_s8()) return check_s8(view);
  OCTET_RETURN_IF_ERROR(check_type(view, *view.input(0), "input", schema::TensorType_F32));
  return check_f32(view);
}

}  // namespace octet
