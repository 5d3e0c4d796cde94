// SPDX-License-Identifier: Apache-2.0
//
// Conv and ConvTranspose, in f32, s8, and s8 with f32 output. NHWC, weights OHWI.
#include "converter/lower/linear.h"

namespace octet::converter {

namespace {

struct Window {
  std::vector<int64_t> kernel, strides, pads, dilations, output_padding;
  int64_t groups;
};

Status read_window(const Node& node, const ModelBuilder& model, Window* window) {
  OCTET_RETURN_IF_ERROR(require_nhwc(node, model));
  const Dims& weights = model.value(node.input(1)).shape;
  if (weights.size() != 4 || model.value(node.input(0)).shape.size() != 4)
    return node_error(StatusCode::kUnsupported, node,
                      "input " + shape_text(model.value(node.input(0)).shape) + ", weights " +
                          shape_text(weights) + "; both must have rank 4");
  const auto or_default = [&](const char* key, std::vector<int64_t> fallback) {
    const std::vector<int64_t> given = node.integers(key);
    return given.empty() ? fallback : given;
  };
  window->kernel = {weights[1], weights[2]};
  window->strides = or_default("strides", {1, 1});
  window->pads = or_default("pads", {0, 0, 0, 0});
  window->dilations = or_default("dilations", {1, 1});
  window->output_padding = or_default("output_padding", {0, 0});
  window->groups = node.integer("group", 1);
  if (window->strides.size() != 2 || window->pads.size() != 4 || window->dilations.size() != 2 ||
      window->output_padding.size() != 2)
    return node_error(StatusCode::kInternal, node, "strides, pads and dilations must be those of two axes");
  return Status();
}

flatbuffers::Offset<schema::Conv2DOptions> create_options(const Window& window, const LinearParts& parts,
                                                          ModelBuilder* model) {
  auto& fbb = model->fbb();
  const auto requantization = parts.has_requantization ? model->create(parts.requantization) : 0;
  const auto scale = parts.accumulator_scale.empty() ? 0 : fbb.CreateVector(parts.accumulator_scale);
  const auto table = parts.table.empty() ? 0 : fbb.CreateVector(parts.table);
  schema::Conv2DOptionsBuilder options(fbb);
  options.add_stride_height(static_cast<int32_t>(window.strides[0]));
  options.add_stride_width(static_cast<int32_t>(window.strides[1]));
  options.add_dilation_height(static_cast<int32_t>(window.dilations[0]));
  options.add_dilation_width(static_cast<int32_t>(window.dilations[1]));
  options.add_pad_top(static_cast<int32_t>(window.pads[0]));
  options.add_pad_left(static_cast<int32_t>(window.pads[1]));
  options.add_pad_bottom(static_cast<int32_t>(window.pads[2]));
  options.add_pad_right(static_cast<int32_t>(window.pads[3]));
  options.add_groups(static_cast<int32_t>(window.groups));
  options.add_output_pad_height(static_cast<int32_t>(window.output_padding[0]));
  options.add_output_pad_width(static_cast<int32_t>(window.output_padding[1]));
  options.add_activation_min(parts.activation.min);
  options.add_activation_max(parts.activation.max);
  options.add_requantization(requantization);
  options.add_accumulator_scale(scale);
  options.add_table(table);
  options.add_table_zero_point(parts.table_zero_point);
  return options.Finish();
}

// The useful multiply-accumulates: one weight slice per pixel of the side that the window walks over.
uint64_t count_macs(const Node& node, const ModelBuilder& model, schema::OperatorType type) {
  const Dims& weights = model.value(node.input(1)).shape;
  const uint64_t slice = static_cast<uint64_t>(element_count(weights)) / static_cast<uint64_t>(weights[0]);
  if (type == schema::OperatorType_Conv2D)
    return static_cast<uint64_t>(element_count(model.value(node.outputs[0]).shape)) * slice;
  const Dims& input = model.value(node.input(0)).shape;
  return static_cast<uint64_t>(input[0] * input[1] * input[2]) * slice * static_cast<uint64_t>(weights[0]);
}

Status lower_window(const Node& node, schema::OperatorType type, ModelBuilder* model) {
  Window window;
  OCTET_RETURN_IF_ERROR(read_window(node, *model, &window));
  LinearParts parts;
  OCTET_RETURN_IF_ERROR(begin_linear(node, model, &parts));
  OperatorParts op;
  op.type = type;
  op.inputs = model->tensors(node.inputs);
  op.outputs = {parts.output};
  op.macs = element_count(model->value(node.input(1)).shape) == 0 ? 0 : count_macs(node, *model, type);
  model->add_operator(node, op, create_options(window, parts, model));
  return finish_linear(node, parts, model);
}

}  // namespace

Status lower_conv(const Node& node, ModelBuilder* model) {
  return lower_window(node, schema::OperatorType_Conv2D, model);
}

Status lower_conv_transpose(const Node& node, ModelBuilder* model) {
  return lower_window(node, schema::OperatorType_ConvTranspose2D, model);
}

}  // namespace octet::converter
