// SPDX-License-Identifier: Apache-2.0
//
// Accumulator parameters of Conv, ConvTranspose and FullyConnected. Per output channel c:
//   k = input_scale * weight_scale[c] / output_scale      in double
//   |acc| <= sum |w[c]| * max |q_in - zero_point| + |bias[c]|
#include "converter/lower/linear.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "converter/quantize/tables.h"

namespace octet::converter {

namespace {

struct Channel {
  double weight_scale = 0;
  double accumulator_bound = 0;
};

Status check_linear_operands(const Node& node, const Graph& graph) {
  const Value& weights = graph.value(node.input(1));
  if (!weights.is_constant() || weights.type != schema::TensorType_S8 || weights.shape.empty() ||
      weights.shape[0] <= 0)
    return node_error(StatusCode::kInternal, node,
                      "weights '" + weights.name + "' must be constant s8 of rank 1 or more");
  const size_t channels = static_cast<size_t>(weights.shape[0]);
  const Quantization& q = weights.quantization;
  if (!q.channel_scales.empty() && (q.channel_scales.size() != channels || q.channel_axis != 0))
    return node_error(StatusCode::kInternal, node,
                      std::to_string(q.channel_scales.size()) + " weight scales along axis " +
                          std::to_string(q.channel_axis) + "; must be one per output channel along axis 0");
  if (q.channel_scales.empty() && !(q.scale > 0))
    return node_error(StatusCode::kInternal, node, "weights '" + weights.name + "' have no scale");
  if (q.zero_point != 0) return node_error(StatusCode::kInternal, node, "weights with a zero point");
  if (node.input(2) == kNoValue) return Status();
  const Value& bias = graph.value(node.input(2));
  if (!bias.is_constant() || bias.type != schema::TensorType_S32 || bias.constant->elements() != channels)
    return node_error(StatusCode::kInternal, node,
                      "bias '" + bias.name + "' must be constant s32, one per output channel");
  return Status();
}

Status measure_channel(const Node& node, const Graph& graph, size_t c, Channel* channel) {
  const Value& weights = graph.value(node.input(1));
  const Quantization& q = weights.quantization;
  const size_t count = weights.constant->elements() / static_cast<size_t>(weights.shape[0]);
  const int8_t* w = weights.constant->as<int8_t>() + c * count;
  int64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    if (w[i] == -128)
      return node_error(StatusCode::kInternal, node,
                        "channel " + std::to_string(c) + ": weight -128; must be in [-127, 127]");
    sum += std::abs(static_cast<int>(w[i]));
  }
  const Value& input = graph.value(node.input(0));
  channel->accumulator_bound =
      static_cast<double>(sum) * largest_difference(input.type, input.quantization.zero_point);
  if (node.input(2) != kNoValue)
    channel->accumulator_bound += std::fabs(graph.value(node.input(2)).constant->as<int32_t>()[c]);
  channel->weight_scale = q.channel_scales.empty() ? q.scale : q.channel_scales[c];
  return Status();
}

Status overflow_error(const Node& node, size_t channel, double bound, FixedPoint pair) {
  char rule[256];
  std::snprintf(
      rule, sizeof rule,
      "output channel %zu: the accumulator may reach %.0f with right_shift %d, which does not fit in s32 "
      "(%.2f bits too many)",
      channel, bound, pair.right_shift, -headroom_bits(bound, pair));
  return node_error(StatusCode::kUnsupported, node, rule);
}

// What requantize aims at: the output's quantization, or the one in front of the table.
Quantization requantize_target(const Node& node, const Graph& graph) {
  if (!node.has("table")) return graph.value(node.outputs[0]).quantization;
  Quantization target;
  target.scale = node.number("table_scale");
  target.zero_point = static_cast<int32_t>(node.integer("table_zero_point"));
  return target;
}

// Appends to `parts` for every channel; lowest headroom in *bits.
Status compute_channels(const Node& node, const Graph& graph, bool to_s8, LinearParts* parts, double* bits) {
  OCTET_RETURN_IF_ERROR(check_linear_operands(node, graph));
  const double input_scale = graph.value(node.input(0)).quantization.scale;
  const Quantization target = requantize_target(node, graph);
  const size_t channels = static_cast<size_t>(graph.value(node.input(1)).shape[0]);
  for (size_t c = 0; c < channels; ++c) {
    Channel channel;
    OCTET_RETURN_IF_ERROR(measure_channel(node, graph, c, &channel));
    FixedPoint pair;
    if (to_s8) {
      const Status encoded = encode_fixed_point(input_scale * channel.weight_scale / target.scale,
                                                graph.value(node.outputs[0]).type, &pair);
      if (!encoded.ok())
        return node_error(encoded.code(), node,
                          "output channel " + std::to_string(c) + ": " + encoded.message());
      parts->requantization.add(pair);
    } else {
      parts->accumulator_scale.push_back(static_cast<float>(input_scale * channel.weight_scale));
    }
    if (!accumulator_fits(channel.accumulator_bound, pair))
      return overflow_error(node, c, channel.accumulator_bound, pair);
    *bits = std::min(*bits, headroom_bits(channel.accumulator_bound, pair));
  }
  return Status();
}

Status read_table(const Node& node, LinearParts* parts) {
  if (!node.has("table")) {
    if (!node.text("table_activation").empty())
      return node_error(StatusCode::kInternal, node, "table_activation without a table in its s8 form");
    return Status();
  }
  const auto* held = std::get_if<std::shared_ptr<const Constant>>(&node.attributes.at("table"));
  if (held == nullptr || *held == nullptr || (*held)->bytes.size() != 256)
    return node_error(StatusCode::kInternal, node, "table must be 256 bytes");
  parts->table = (*held)->bytes;
  parts->table_zero_point = static_cast<int8_t>(node.integer("table_zero_point"));
  return Status();
}

Status begin_s8(const Node& node, ModelBuilder* model, bool to_s8, LinearParts* parts) {
  OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.input(0)));
  if (to_s8) OCTET_RETURN_IF_ERROR(require_quantized(node, *model, node.outputs[0]));
  if (to_s8) OCTET_RETURN_IF_ERROR(read_table(node, parts));
  double bits = 31;
  OCTET_RETURN_IF_ERROR(compute_channels(node, model->graph(), to_s8, parts, &bits));
  model->note_headroom(node, bits);
  if (!to_s8) return Status();
  parts->has_requantization = true;
  clamp_output(activation_of(node), requantize_target(node, model->graph()),
               model->value(node.outputs[0]).type, &parts->requantization);
  return Status();
}

// The node as a function of one variable: table_activation, or the clamp.
Node activation_node(const Node& node) {
  Node function = node;
  function.op = node.text("table_activation");
  if (function.op.empty()) {
    const Activation activation = activation_of(node);
    function.op = "Clip";
    function.attributes["min"] = activation.min;
    function.attributes["max"] = activation.max;
  }
  return function;
}

}  // namespace

Status begin_linear(const Node& node, ModelBuilder* model, LinearParts* parts) {
  const Form form = node_form(node, *model);
  if (form == Form::kMixed)
    return node_error(StatusCode::kInternal, node, "input and output types do not go together");
  if (form != Form::kF32) OCTET_RETURN_IF_ERROR(begin_s8(node, model, form == Form::kS8, parts));
  if (form == Form::kF32) parts->activation = activation_of(node);
  const bool table_behind = form != Form::kS8 && !node.text("table_activation").empty();
  const bool clamp_behind = form == Form::kS8ToF32 && activation_of(node).bounded();
  const Value& output = model->value(node.outputs[0]);
  parts->output = table_behind || clamp_behind ? model->add_activation(output.name + "/before_activation",
                                                                       output.type, output.shape, {})
                                               : model->tensor(node.outputs[0]);
  return Status();
}

Status finish_linear(const Node& node, const LinearParts& parts, ModelBuilder* model) {
  const int output = model->tensor(node.outputs[0]);
  if (parts.output == output) return Status();
  const Node function = activation_node(node);
  const UnaryFunction* unary = find_unary(function.op);
  if (unary == nullptr)
    return node_error(StatusCode::kInternal, node,
                      "table_activation '" + function.op + "' is no unary operator");
  OperatorParts behind;
  behind.type = schema::OperatorType_Unary;
  behind.name_suffix = "/activation";
  behind.inputs = {parts.output};
  behind.outputs = {output};
  model->add_operator(
      node, behind,
      schema::CreateUnaryOptions(model->fbb(), unary->kind, static_cast<float>(unary->alpha(function)),
                                 static_cast<float>(unary->beta(function))));
  return Status();
}

Status prove_accumulator(const Graph& graph, const Node& node) {
  LinearParts parts;
  double bits = 31;
  const bool to_s8 = is_quantized(graph.value(node.outputs[0]));
  return compute_channels(node, graph, to_s8, &parts, &bits);
}

}  // namespace octet::converter
