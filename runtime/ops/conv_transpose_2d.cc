// SPDX-License-Identifier: Apache-2.0
//
// ConvTranspose2D: x[N,H,W,C], w[O,KH,KW,C/groups], bias[O] -> [N,OH,OW,O];
// OH = (H - 1) * stride_height + dilation_height * (KH - 1) + 1 + output_pad_height - pad_top - pad_bottom,
// OW alike. The s8 form runs one convolution per phase (kernels/conv_transpose_s8.h).
#include <new>
#include <vector>

#include "kernels/conv_transpose_s8.h"
#include "runtime/ops/conv_checks.h"
#include "runtime/ops/conv_s8_op.h"
#include "runtime/ops/ops.h"

namespace octet {
namespace {

// One spatial axis of the geometry.
struct Axis {
  const char* name;
  int64_t input, kernel, stride, dilation, pad_before, pad_after, output_pad, output;
};

Status check_axis(const OpView& view, const Axis& a) {
  const int64_t window = a.dilation * (a.kernel - 1) + 1;
  if (a.pad_before > window)
    return error(StatusCode::kInvalidModel, "ConvTranspose2D '%s': %s pad %lld exceeds the window of %lld",
                 view.name(), a.name, static_cast<long long>(a.pad_before), static_cast<long long>(window));
  const int64_t expected = (a.input - 1) * a.stride + window + a.output_pad - a.pad_before - a.pad_after;
  if (a.output != expected)
    return error(StatusCode::kInvalidModel, "ConvTranspose2D '%s': output %s %lld; must be %lld", view.name(),
                 a.name, static_cast<long long>(a.output), static_cast<long long>(expected));
  return {};
}

Status check_channels(const OpView& view, int32_t groups) {
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  if (x[3] % groups != 0 || w[0] % groups != 0 || w[3] != x[3] / groups)
    return error(StatusCode::kInvalidModel,
                 "ConvTranspose2D '%s': weights %d x ... x %d do not fit %d channels in %d groups",
                 view.name(), w[0], w[3], x[3], groups);
  if (y[3] != w[0] || y[0] != x[0])
    return error(StatusCode::kInvalidModel,
                 "ConvTranspose2D '%s': output batch %d, channels %d; must be %d, %d", view.name(), y[0],
                 y[3], x[0], w[0]);
  return {};
}

class ConvTransposeS8Op final : public Op {
 public:
  struct PreparedPhase {
    PreparedConvS8 conv;
    size_t output_offset;
  };

  ConvTransposeS8Op(const OpView& view, std::vector<PreparedPhase> phases)
      : input_(view.input(0)), output_(view.output(0)), phases_(std::move(phases)) {}

  void run(const RunContext& context) override {
    const size_t element = element_bytes(output_->type);
    for (const PreparedPhase& phase : phases_)
      run_conv_s8(phase.conv, context, input_->as<int8_t>(),
                  output_->as<uint8_t>() + phase.output_offset * element);
  }
  const char* kernel_name() const override { return phases_[0].conv.kernel->name; }

 private:
  const Tensor* input_;
  Tensor* output_;
  std::vector<PreparedPhase> phases_;
};

kernels::ConvS8 transposed_geometry(const OpView& view, const schema::Conv2DOptions& o) {
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  kernels::ConvS8 t = {};
  t.batch = static_cast<size_t>(x[0]);
  t.input_height = static_cast<size_t>(x[1]);
  t.input_width = static_cast<size_t>(x[2]);
  t.input_channels = static_cast<size_t>(x[3]);
  t.output_height = static_cast<size_t>(y[1]);
  t.output_width = static_cast<size_t>(y[2]);
  t.output_channels = static_cast<size_t>(y[3]);
  t.kernel_height = static_cast<size_t>(w[1]);
  t.kernel_width = static_cast<size_t>(w[2]);
  t.stride_height = static_cast<size_t>(o.stride_height());
  t.stride_width = static_cast<size_t>(o.stride_width());
  t.dilation_height = static_cast<size_t>(o.dilation_height());
  t.dilation_width = static_cast<size_t>(o.dilation_width());
  t.pad_top = static_cast<size_t>(o.pad_top());
  t.pad_left = static_cast<size_t>(o.pad_left());
  t.groups = static_cast<size_t>(o.groups());
  return t;
}

Status prepare_phase(const OpView& view, const kernels::ConvS8& transposed, size_t index,
                     PrepareContext* context, ConvTransposeS8Op::PreparedPhase* prepared) {
  kernels::ConvTransposeS8Phase phase = kernels::conv_transpose_s8_phase(transposed, index);
  auto* weights = static_cast<int8_t*>(context->memory->allocate(phase.weights_bytes));
  if (!weights)
    return error(StatusCode::kOutOfMemory, "ConvTranspose2D '%s': no memory for %zu bytes of weights",
                 view.name(), phase.weights_bytes);
  kernels::conv_transpose_s8_phase_weights(transposed, index, weights);
  phase.conv.weights = weights;
  prepared->output_offset = phase.output_offset;
  return prepare_conv_s8(view, phase.conv, context, &prepared->conv);
}

}  // namespace

// Checks: tensors and types (conv_checks.h); options present and in range; ranks 4; groups divide the
// channels; pads within the window; weights, bias and output shapes agree with the geometry;
// requantization, table and accumulator_scale complete (conv_checks.h).
Status validate_conv_transpose_2d(const OpView& view) {
  OCTET_RETURN_IF_ERROR(validate_conv_tensors(view));
  const auto* o = view.options<schema::Conv2DOptions>();
  if (!o) return error(StatusCode::kInvalidModel, "ConvTranspose2D '%s': no Conv2DOptions", view.name());
  OCTET_RETURN_IF_ERROR(validate_conv_options(view, *o));
  const Shape &x = view.input(0)->shape, &w = view.input(1)->shape, &y = view.output(0)->shape;
  if (x.rank != 4 || w.rank != 4 || y.rank != 4)
    return error(StatusCode::kInvalidModel, "ConvTranspose2D '%s': ranks %d, %d -> %d; must be 4",
                 view.name(), x.rank, w.rank, y.rank);
  OCTET_RETURN_IF_ERROR(check_channels(view, o->groups()));
  OCTET_RETURN_IF_ERROR(check_axis(view, {"height", x[1], w[1], o->stride_height(), o->dilation_height(),
                                          o->pad_top(), o->pad_bottom(), o->output_pad_height(), y[1]}));
  OCTET_RETURN_IF_ERROR(check_axis(view, {"width", x[2], w[2], o->stride_width(), o->dilation_width(),
                                          o->pad_left(), o->pad_right(), o->output_pad_width(), y[2]}));
  return validate_conv_output(view, conv_output_options(*o), static_cast<size_t>(w[0]));
}

Status prepare_conv_transpose_2d_s8(const OpView& view, PrepareContext* context, std::unique_ptr<Op>* op) {
  const auto& o = *view.options<schema::Conv2DOptions>();
  kernels::ConvS8 transposed = transposed_geometry(view, o);
  OCTET_RETURN_IF_ERROR(set_conv_s8_parameters(view, conv_output_options(o), context->memory, &transposed));
  constexpr size_t kMostPhases = 4096;  // each is a convolution with weights of its own
  const size_t count = kernels::conv_transpose_s8_phase_count(transposed);
  if (count > kMostPhases)
    return error(StatusCode::kUnsupported,
                 "ConvTranspose2D '%s': strides %zu x %zu make %zu convolutions; at most %zu", view.name(),
                 transposed.stride_height, transposed.stride_width, count, kMostPhases);
  std::vector<ConvTransposeS8Op::PreparedPhase> phases(count);
  for (size_t i = 0; i < phases.size(); ++i)
    OCTET_RETURN_IF_ERROR(prepare_phase(view, transposed, i, context, &phases[i]));
  op->reset(new (std::nothrow) ConvTransposeS8Op(view, std::move(phases)));
  return *op ? Status() : error(StatusCode::kOutOfMemory, "ConvTranspose2D '%s': no memory", view.name());
}

}  // namespace octet
