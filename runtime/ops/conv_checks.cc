// SPDX-License-Identifier: Apache-2.0
//
// Checks of untrusted convolution-like operators; the header lists them.
#include "runtime/ops/conv_checks.h"

#include <cmath>
#include <cstring>

namespace octet {
namespace {

const char* type_name(const OpView& view) { return schema::EnumNameOperatorType(view.definition->type()); }

template <class... Arguments>
Status invalid(const OpView& view, const char* format, Arguments... arguments) {
  const std::string with_name = std::string("%s '%s': ") + format;
  return error(StatusCode::kInvalidModel, with_name.c_str(), type_name(view), view.name(), arguments...);
}

Status check_types(const OpView& view) {
  const Tensor &input = *view.input(0), &weights = *view.input(1), &output = *view.output(0);
  const Tensor* bias = view.input(2);
  const bool wide = view.definition->type() != schema::OperatorType_ConvTranspose2D;  // has an s16 form
  const bool integers = weights.is_s8() && (output.is_s8() || output.is_f32() || (wide && output.is_s16())) &&
                        (input.is_s8() || (wide && input.is_s16())) &&
                        (!bias || bias->type == schema::TensorType_S32);
  const bool f32 = input.is_f32() && weights.is_f32() && output.is_f32() && (!bias || bias->is_f32());
  if (integers || f32) return {};
  return invalid(view, "types %s x %s (bias %s) -> %s; must be f32, or s8%s x s8 (bias s32) -> s8%s or f32",
                 schema::EnumNameTensorType(input.type), schema::EnumNameTensorType(weights.type),
                 bias ? schema::EnumNameTensorType(bias->type) : "none",
                 schema::EnumNameTensorType(output.type), wide ? " or s16" : "", wide ? ", s16" : "");
}

Status check_s8_weights(const OpView& view) {
  const Tensor& weights = *view.input(1);
  if (weights.zero_point != 0) return invalid(view, "weights' zero point %d; must be 0", weights.zero_point);
  if (weights.bytes > 0 && std::memchr(weights.constant, 0x80, weights.bytes))
    return invalid(view, "a weight is -128; weights must be in [-127, 127]");
  return {};
}

Status check_requantization(const OpView& view, const schema::Requantization* r, size_t channels) {
  if (!r || !r->multiplier() || !r->right_shift())
    return invalid(view, "no requantization; an s8 or s16 output needs one");
  const size_t entries = r->multiplier()->size();
  if ((entries != 1 && entries != channels) || r->right_shift()->size() != entries)
    return invalid(view, "requantization with %zu multipliers and %zu shifts; must be 1 or %zu of each",
                   entries, static_cast<size_t>(r->right_shift()->size()), channels);
  for (size_t i = 0; i < entries; ++i) {
    const int m = r->multiplier()->Get(static_cast<uint32_t>(i));
    const int p = r->right_shift()->Get(static_cast<uint32_t>(i));
    if (m != 0 && m < (1 << 14))
      return invalid(view, "multiplier %d of channel %zu; must be 0 or in [16384, 32767]", m, i);
    if (p < -16 || p > 31) return invalid(view, "right_shift %d of channel %zu; must be in [-16, 31]", p, i);
  }
  if (r->output_min() > r->output_max())
    return invalid(view, "output_min %d above output_max %d", r->output_min(), r->output_max());
  return {};
}

Status check_accumulator_scale(const OpView& view, const flatbuffers::Vector<float>* scale, size_t channels) {
  if (!scale || scale->size() != channels)
    return invalid(view, "accumulator_scale with %zu entries; f32 output needs %zu",
                   scale ? static_cast<size_t>(scale->size()) : size_t{0}, channels);
  for (size_t i = 0; i < channels; ++i)
    if (!std::isfinite(scale->Get(static_cast<uint32_t>(i))))
      return invalid(view, "accumulator_scale of channel %zu is not finite", i);
  return {};
}

Status check_range(const OpView& view, const char* what, int32_t value, int32_t low) {
  constexpr int32_t kHigh = 65536;
  if (value < low) return invalid(view, "%s %d; must be at least %d", what, value, low);
  if (value > kHigh) return invalid(view, "%s %d; must be at most %d", what, value, kHigh);
  return {};
}

}  // namespace

Status validate_conv_tensors(const OpView& view) {
  if (view.inputs.size() < 2 || view.inputs.size() > 3 || !view.input(0) || !view.input(1))
    return invalid(view, "%zu inputs; must be data, weights and optionally bias", view.inputs.size());
  if (view.outputs.size() != 1 || !view.output(0))
    return invalid(view, "%zu outputs; must be 1", view.outputs.size());
  OCTET_RETURN_IF_ERROR(check_types(view));
  for (size_t i = 1; i < 3; ++i)
    if (view.input(i) && !view.input(i)->is_constant())
      return invalid(view, "%s '%s' must be constant", i == 1 ? "weights" : "bias", view.input(i)->name);
  if (view.input(0)->bytes == 0 || view.input(1)->bytes == 0 || view.output(0)->bytes == 0)
    return invalid(view, "a tensor is empty; every dimension must be at least 1");
  return view.input(1)->is_s8() ? check_s8_weights(view) : Status();
}

Status validate_conv_output(const OpView& view, const ConvOutputOptions& options, size_t channels) {
  const Tensor* bias = view.input(2);
  if (bias && bias->shape.elements() != channels)
    return invalid(view, "bias with %zu entries; must be %zu", bias->shape.elements(), channels);
  if (view.input(0)->is_f32()) {
    if (options.activation_min <= options.activation_max) return {};
    return invalid(view, "activation_min %g above activation_max %g",
                   static_cast<double>(options.activation_min), static_cast<double>(options.activation_max));
  }
  const size_t table_entries = options.table ? options.table->size() : 0;
  if (table_entries != 0 && table_entries != 256)
    return invalid(view, "table with %zu entries; must be 256", table_entries);
  if (table_entries != 0 && !view.output(0)->is_s8())
    return invalid(view, "a table behind %s output; only s8 output may have one",
                   schema::EnumNameTensorType(view.output(0)->type));
  if (view.output(0)->is_quantized()) return check_requantization(view, options.requantization, channels);
  return check_accumulator_scale(view, options.accumulator_scale, channels);
}

Status validate_conv_options(const OpView& view, const schema::Conv2DOptions& o) {
  OCTET_RETURN_IF_ERROR(check_range(view, "stride_height", o.stride_height(), 1));
  OCTET_RETURN_IF_ERROR(check_range(view, "stride_width", o.stride_width(), 1));
  OCTET_RETURN_IF_ERROR(check_range(view, "dilation_height", o.dilation_height(), 1));
  OCTET_RETURN_IF_ERROR(check_range(view, "dilation_width", o.dilation_width(), 1));
  OCTET_RETURN_IF_ERROR(check_range(view, "pad_top", o.pad_top(), 0));
  OCTET_RETURN_IF_ERROR(check_range(view, "pad_left", o.pad_left(), 0));
  OCTET_RETURN_IF_ERROR(check_range(view, "pad_bottom", o.pad_bottom(), 0));
  OCTET_RETURN_IF_ERROR(check_range(view, "pad_right", o.pad_right(), 0));
  OCTET_RETURN_IF_ERROR(check_range(view, "output_pad_height", o.output_pad_height(), 0));
  OCTET_RETURN_IF_ERROR(check_range(view, "output_pad_width", o.output_pad_width(), 0));
  return check_range(view, "groups", o.groups(), 1);
}

}  // namespace octet
