// SPDX-License-Identifier: Apache-2.0
//
// Conv2D: x[N,H,W,C], w[O,KH,KW,C/groups], bias[O] -> [N,OH,OW,O];
// OH = (H + pad_top + pad_bottom - dilation_height * (KH - 1) - 1) / stride_height + 1, OW alike.
#include "runtime/ops/conv_checks.h"
#include "runtime/ops/conv_geometry.h"
#include "runtime/ops/conv_s16_op.h"
#include "runtime/ops/conv_s8_op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// One spatial axis of the geometry.
struct Axis {
  const char* name;
  int64_t input, kernel, stride, dilation, pad_before, pad_after, output;
};

Status check_axis(const OpView& view, const Axis& a) {
  const int64_t window = a.dilation * (a.kernel - 1) + 1;
  const int64_t room = a.input + a.pad_before + a.pad_after - window;
  if (room < 0)
    return error(StatusCode::kInvalidModel, "Conv2D '%s': %s window of %lld exceeds the padded input",
                 view.name(), a.name, static_cast<long long>(window));
  const int64_t expected = room / a.stride + 1;
  if (a.output != expected)
    return error(StatusCode::kInvalidModel, "Conv2D '%s': output %s %lld; must be %lld", view.name(), a.name,
                 static_cast<long long>(a.output), static_cast<long long>(expected));
  return {};
}

Status check_channels(const OpView& view, int32_t groups) {
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  if (x[3] % groups != 0 || w[0] % groups != 0)
    return error(StatusCode::kInvalidModel, "Conv2D '%s': groups %d must divide channels %d and %d",
                 view.name(), groups, x[3], w[0]);
  if (w[3] != x[3] / groups)
    return error(StatusCode::kInvalidModel, "Conv2D '%s': weights for %d channels; must be %d / %d",
                 view.name(), w[3], x[3], groups);
  if (y[3] != w[0] || y[0] != x[0])
    return error(StatusCode::kInvalidModel, "Conv2D '%s': output batch %d, channels %d; must be %d, %d",
                 view.name(), y[0], y[3], x[0], w[0]);
  return {};
}

}  // namespace

// Checks: tensors and types (conv_checks.h); options present and in range; ranks 4; groups divide the
// channels; weights, bias and output shapes agree with the geometry; requantization, table and
// accumulator_scale complete (conv_checks.h). Dimensions are 32-bit and products are taken in 64.
Status validate_conv_2d(const OpView& view) {
  OCTET_RETURN_IF_ERROR(validate_conv_tensors(view));
  const auto* o = view.options<schema::Conv2DOptions>();
  if (!o) return error(StatusCode::kInvalidModel, "Conv2D '%s': no Conv2DOptions", view.name());
  OCTET_RETURN_IF_ERROR(validate_conv_options(view, *o));
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  if (x.rank != 4 || w.rank != 4 || y.rank != 4)
    return error(StatusCode::kInvalidModel, "Conv2D '%s': ranks %d, %d -> %d; must be 4", view.name(), x.rank,
                 w.rank, y.rank);
  OCTET_RETURN_IF_ERROR(check_channels(view, o->groups()));
  OCTET_RETURN_IF_ERROR(check_axis(view, {"height", x[1], w[1], o->stride_height(), o->dilation_height(),
                                          o->pad_top(), o->pad_bottom(), y[1]}));
  OCTET_RETURN_IF_ERROR(check_axis(view, {"width", x[2], w[2], o->stride_width(), o->dilation_width(),
                                          o->pad_left(), o->pad_right(), y[2]}));
  return validate_conv_output(view, conv_output_options(*o), static_cast<size_t>(w[0]));
}

Status prepare_conv_2d_s8(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  kernels::ConvS8 conv = {};
  set_conv_geometry(view, &conv);
  OCTET_RETURN_IF_ERROR(set_conv_s8_parameters(view, conv_output_options(o), context->memory, &conv));
  return make_conv_s8_op(view, conv, context, op);
}

Status prepare_conv_2d_s16(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  kernels::ConvS16 conv = {};
  set_conv_geometry(view, &conv);
  return make_conv_s16_op(view, conv_output_options(*view.options<schema::Conv2DOptions>()), conv, context,
                          op);
}

}  // namespace octet
