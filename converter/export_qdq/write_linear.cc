// SPDX-License-Identifier: Apache-2.0
//
// Conv, ConvTranspose and FullyConnected: s8 weights with one scale per output channel, s32 bias in units of
// input scale * weight scale.
#include <cmath>

#include "converter/export_qdq/writers.h"

namespace octet::converter {
namespace {

// Steps of the output that the node's own requantize aims at; null where it writes f32.
const Quantization* output_quantization(const OnnxWriter& out, const Node& node, Quantization* behind_table) {
  if (node.has("table")) {
    behind_table->scale = node.number("table_scale");
    behind_table->zero_point = static_cast<int32_t>(node.integer("table_zero_point"));
    return behind_table;
  }
  const Quantization& quantization = out.graph().value(node.outputs[0]).quantization;
  return quantization.scale != 0 ? &quantization : nullptr;
}

// The bias less what quantize_weights.h takes from it for its own way of rounding: 1/128 of an s8 output
// step.
Constant nearest_bias(OnnxWriter& out, const Node& node, const Constant& bias,
                      const std::vector<float>& scales) {
  Quantization behind_table;
  const Quantization* output = output_quantization(out, node, &behind_table);
  if (output == nullptr || out.graph().value(node.outputs[0]).type != schema::TensorType_S8) return bias;
  Constant result = bias;
  for (size_t c = 0; c < bias.elements(); ++c) {
    const double step = scales[scales.size() == 1 ? 0 : c];
    const double units = bias.as<int32_t>()[c] + std::nearbyint(output->scale / 128.0 / step);
    result.as<int32_t>()[c] = static_cast<int32_t>(std::fmin(std::fmax(units, -2147483648.0), 2147483647.0));
  }
  return result;
}

std::string write_bias(OnnxWriter& out, const Node& node) {
  const ValueId id = node.input(2);
  if (id == kNoValue) return "";
  const Value& value = out.graph().value(id);
  const std::vector<float>& scales = value.quantization.channel_scales;
  if (value.type != schema::TensorType_S32 || scales.empty()) return out.read(id, AxisOrder::kNative);
  return out.dequantized_constant(value.name, nearest_bias(out, node, *value.constant, scales), scales, 0, 0);
}

// Weights moved to ONNX's order; `axis` is that of the output channels in it.
std::string write_weights(OnnxWriter& out, const Value& value, const Constant& moved, int axis) {
  const Quantization& quantization = value.quantization;
  if (value.type == schema::TensorType_F32) return out.initializer(value.name, moved);
  if (quantization.channel_scales.empty())
    return out.dequantized_constant(value.name, moved, {quantization.scale}, quantization.zero_point, -1);
  return out.dequantized_constant(value.name, moved, quantization.channel_scales, 0, axis);
}

void set_windows(OnnxWriter& out, const Node& node) {
  for (const char* key : {"kernel_shape", "strides", "pads", "dilations"})
    if (node.has(key)) out.set(key, node.integers(key));
  out.set("group", node.integer("group", 1));
}

std::string emit_with_bias(OnnxWriter& out, const Node& node, std::vector<std::string> inputs) {
  const std::string bias = write_bias(out, node);
  if (!bias.empty()) inputs.push_back(bias);
  return out.emit(node.op, node.name, inputs);
}

// Integers times their scales: where ONNX has no place for the scales.
Constant real_weights(const Value& value) {
  if (value.type == schema::TensorType_F32) return *value.constant;
  const std::vector<float>& scales = value.quantization.channel_scales;
  const size_t count = value.constant->elements(), channels = static_cast<size_t>(value.shape[0]);
  std::vector<float> data(count);
  for (size_t i = 0; i < count; ++i)
    data[i] = value.constant->as<int8_t>()[i] *
              (scales.empty() ? value.quantization.scale : scales[i / (count / channels)]);
  return make_f32(value.shape, data);
}

}  // namespace

// [O, h, w, I] -> [O, I, h, w]
Status write_conv(OnnxWriter& out, const Node& node) {
  const Value& weights = out.graph().value(node.inputs[1]);
  const std::string x = out.read(node.inputs[0], AxisOrder::kChannelsFirst);
  const std::string w = write_weights(out, weights, transpose(*weights.constant, to_channels_first()), 0);
  const std::string y = emit_with_bias(out, node, {x, w});
  // The node is not the last one: its bias came before it, nothing behind it.
  set_windows(out, node);
  out.define(node.outputs[0], AxisOrder::kChannelsFirst, write_activation(out, node, y));
  return Status();
}

// [O, h, w, I / g] -> [I, O / g, h, w]. With groups, scales along O have no axis there: the weights are f32.
Status write_conv_transpose(OnnxWriter& out, const Node& node) {
  const Value& weights = out.graph().value(node.inputs[1]);
  const int64_t groups = node.integer("group", 1);
  const Dims& shape = weights.shape;
  const bool tears = groups > 1 && weights.type != schema::TensorType_F32;
  const Constant source = tears ? real_weights(weights) : *weights.constant;
  const Dims split = {groups, shape[0] / groups, shape[1], shape[2], shape[3]};
  const Dims joined = {groups * shape[3], shape[0] / groups, shape[1], shape[2]};
  const Constant moved = reshape(transpose(reshape(source, split), {0, 4, 1, 2, 3}), joined);
  const std::string x = out.read(node.inputs[0], AxisOrder::kChannelsFirst);
  const std::string w = tears ? out.initializer(weights.name, moved) : write_weights(out, weights, moved, 1);
  const std::string y = emit_with_bias(out, node, {x, w});
  set_windows(out, node);
  if (node.has("output_padding")) out.set("output_padding", node.integers("output_padding"));
  out.define(node.outputs[0], AxisOrder::kChannelsFirst, write_activation(out, node, y));
  return Status();
}

// Gemm for a matrix, MatMul + Add for a stack.
Status write_fully_connected(OnnxWriter& out, const Node& node) {
  const Value& weights = out.graph().value(node.inputs[1]);
  const std::string x = out.read(node.inputs[0], AxisOrder::kNative);
  std::string y;
  if (out.graph().value(node.inputs[0]).shape.size() == 2) {
    std::vector<std::string> inputs = {x, write_weights(out, weights, *weights.constant, 0)};
    const std::string bias = write_bias(out, node);
    if (!bias.empty()) inputs.push_back(bias);
    y = out.emit("Gemm", node.name, inputs);
    out.set("transB", int64_t{1});
  } else {
    const std::string w = write_weights(out, weights, transpose(*weights.constant, {1, 0}), 1);
    const std::string bias = write_bias(out, node);
    y = out.emit("MatMul", node.name, {x, w});
    if (!bias.empty()) y = out.emit("Add", node.name + "/add", {y, bias});
  }
  out.define(node.outputs[0], AxisOrder::kNative, write_activation(out, node, y));
  return Status();
}

}  // namespace octet::converter
