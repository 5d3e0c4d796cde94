// SPDX-License-Identifier: Apache-2.0
//
// FullyConnected: x[..., K], w[O, K], bias[O] -> [..., O]. The s8 and s16 forms
// are 1x1 convolutions.
#include "runtime/ops/conv_checks.h"
#include "runtime/ops/conv_s16_op.h"
#include "runtime/ops/conv_s8_op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// The 1x1 convolution over an image of height 1 and width = rows.
void set_rows_geometry(const OpView& view, kernels::ConvS8* conv) {
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape;
  conv->batch = conv->input_height = conv->output_height = conv->kernel_height = conv->kernel_width = 1;
  conv->stride_height = conv->stride_width = conv->dilation_height = conv->dilation_width = conv->groups = 1;
  conv->input_width = conv->output_width = x.elements(0, x.rank - 1);
  conv->input_channels = static_cast<size_t>(w[1]);
  conv->output_channels = static_cast<size_t>(w[0]);
}

}  // namespace

// Checks: tensors and types (conv_checks.h); options present; weights of rank 2, data and output of rank
// 1 or more; last dimensions K and O; as many rows out as in; requantization, table and
// accumulator_scale complete (conv_checks.h).
Status validate_fully_connected(const OpView& view) {
  OCTET_RETURN_IF_ERROR(validate_conv_tensors(view));
  const auto* o = view.options<schema::FullyConnectedOptions>();
  if (!o)
    return error(StatusCode::kInvalidModel, "FullyConnected '%s': no FullyConnectedOptions", view.name());
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  if (x.rank < 1 || w.rank != 2 || y.rank < 1)
    return error(StatusCode::kInvalidModel,
                 "FullyConnected '%s': ranks %d, %d -> %d; must be >= 1, 2 -> >= 1", view.name(), x.rank,
                 w.rank, y.rank);
  if (x[x.rank - 1] != w[1] || y[y.rank - 1] != w[0])
    return error(StatusCode::kInvalidModel,
                 "FullyConnected '%s': [..., %d] x [%d, %d] -> [..., %d] do not agree", view.name(),
                 x[x.rank - 1], w[0], w[1], y[y.rank - 1]);
  if (x.elements(0, x.rank - 1) != y.elements(0, y.rank - 1))
    return error(StatusCode::kInvalidModel, "FullyConnected '%s': %zu rows in and %zu out; must be equal",
                 view.name(), x.elements(0, x.rank - 1), y.elements(0, y.rank - 1));
  return validate_conv_output(view, conv_output_options(*o), static_cast<size_t>(w[0]));
}

Status prepare_fully_connected_s8(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  kernels::ConvS8 conv = {};
  set_rows_geometry(view, &conv);
  OCTET_RETURN_IF_ERROR(set_conv_s8_parameters(
      view, conv_output_options(*view.options<schema::FullyConnectedOptions>()), context->memory, &conv));
  return make_conv_s8_op(view, conv, context, op);
}

Status prepare_fully_connected_s16(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  kernels::ConvS16 conv = {};
  set_rows_geometry(view, &conv);
  return make_conv_s16_op(view, conv_output_options(*view.options<schema::FullyConnectedOptions>()), conv,
                          context, op);
}

}  // namespace octet
