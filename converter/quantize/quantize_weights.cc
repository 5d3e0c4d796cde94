// SPDX-License-Identifier: Apache-2.0
#include "converter/quantize/quantize_weights.h"

#include <algorithm>
#include <cmath>

#include "converter/lower/requantization.h"
#include "converter/quantize/s8_rules.h"
#include "converter/quantize/tables.h"

namespace octet::converter {
namespace {

constexpr double kLargestS32 = 2147483647.0;

// 16-bit inputs fill s32 from about a thousand weights on: their scales rise in small steps, and leave room
// for what repair moves weights and bias by.
constexpr double kWideMargin = 1.02, kWideStep = 1.03125;

double max_abs(const float* data, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max<double>(largest, std::fabs(data[i]));
  return largest;
}

// The scale of a channel whose weights are all zero.
double zero_channel_scale(const ChannelInput& input) {
  if (input.bias != 0) return std::fabs(input.bias) / (input.input_scale * 65536);
  return input.output_scale > 0 ? input.output_scale / (256 * input.input_scale) : 1.0;
}

// Quantizes at `scale`; false if the accumulator does not fit in s32.
bool try_scale(const ChannelInput& input, double scale, ChannelWeights* result) {
  result->scale = static_cast<float>(scale);
  result->weights.resize(input.count);
  double sum = 0;
  for (size_t i = 0; i < input.count; ++i) {
    const double q =
        std::clamp(std::nearbyint(static_cast<double>(input.weights[i]) / result->scale), -127.0, 127.0);
    result->weights[i] = static_cast<int8_t>(q);
    sum += std::fabs(q);
  }
  const bool to_s8 = input.output_type == schema::TensorType_S8;
  const double centred = input.bias - (to_s8 ? input.output_scale / 128 : 0);
  const double bias = std::nearbyint(centred / (input.input_scale * result->scale));
  const double bound = sum * largest_difference(input.input_type, input.input_zero_point) + std::fabs(bias);
  const bool wide = input.input_type == schema::TensorType_S16;
  if (!(bound * (wide ? kWideMargin : 1) <= kLargestS32)) return false;
  result->bias = static_cast<int32_t>(bias);
  FixedPoint pair;
  if (input.output_scale > 0 &&
      !encode_fixed_point(input.input_scale * result->scale / input.output_scale, input.output_type, &pair)
           .ok())
    return false;
  return accumulator_fits(bound, pair);
}

// Below this scale weights add nothing that the output could show, but cost headroom: the bias alone
// would take over 26 bits (30 where the file gave the scale), or one weight step times one input step
// would be under 2^-26 of an output step.
double least_scale(const ChannelInput& input) {
  const int bits = input.pinned_scale > 0 ? 30 : 26;
  const double for_bias = std::ldexp(std::fabs(input.bias) / input.input_scale, -bits);
  const double for_output =
      input.pinned_scale > 0 ? 0 : std::ldexp(input.output_scale / input.input_scale, -26);
  return std::max(for_bias, for_output);
}

}  // namespace

ChannelWeights quantize_channel(const ChannelInput& input) {
  const double largest = max_abs(input.weights, input.count);
  double scale = input.pinned_scale > 0 ? input.pinned_scale : largest / 127;
  if (largest == 0 || scale < 1e-36) scale = std::max(zero_channel_scale(input), 1e-36);
  ChannelWeights result;
  const double least = least_scale(input);
  if (scale < least) {
    scale = least;
    result.raised = true;
  }
  scale = std::max(scale, input.pinned_scale > 0 ? 0 : input.common_scale);
  if (input.power_of_two && input.pinned_scale == 0) scale = power_of_two_above(static_cast<float>(scale));
  const bool wide = input.input_type == schema::TensorType_S16 && !input.power_of_two;
  for (int attempt = 0; attempt < (wide ? 400 : 40) && !try_scale(input, scale, &result); ++attempt) {
    scale *= wide ? kWideStep : 2;
    result.raised = true;
  }
  return result;
}

namespace {

class WeightQuantizer {
 public:
  WeightQuantizer(Graph* graph, const S8Plan& plan, Diagnostics* diagnostics)
      : graph_(*graph), plan_(plan), diagnostics_(diagnostics) {}

  Status linear(Node* node) {
    const Value weights = graph_.value(node->inputs[1]);
    const Dims shape = weights.shape;
    const size_t channels = shape.empty() ? 0 : static_cast<size_t>(shape[0]);
    if (channels == 0) return error(StatusCode::kInternal, "%s: no output channels", describe(*node).c_str());
    const ValueId bias_id = node->input(2);
    const std::shared_ptr<const Constant> bias =
        bias_id != kNoValue ? graph_.value(bias_id).constant : nullptr;
    if (bias != nullptr && bias->elements() != channels)
      return error(StatusCode::kInternal, "%s: %zu bias values; must be %zu", describe(*node).c_str(),
                   bias->elements(), channels);
    OCTET_RETURN_IF_ERROR(check_finite(*node, *weights.constant, "weights"));
    if (bias != nullptr) OCTET_RETURN_IF_ERROR(check_finite(*node, *bias, "bias"));
    quantize_linear(node, weights, bias.get(), channels);
    return Status();
  }

  Status operand(Node* node, size_t index) {
    const ValueId id = node->inputs[index];
    const Value value = graph_.value(id);
    if (value.type != schema::TensorType_F32) return Status();
    OCTET_RETURN_IF_ERROR(check_finite(*node, *value.constant, "constant operand"));
    Quantization quantization = value.quantization;
    const size_t count = value.constant->elements();
    const float* data = value.constant->as<float>();
    if (find_s8_rule(*node)->same_scale) quantization = plan_.quantization(node->outputs[0]);
    if (quantization.scale == 0) {
      Range range;
      for (size_t i = 0; i < count; ++i) range = {std::min(range.min, data[i]), std::max(range.max, data[i])};
      quantization = range_to_quantization(range, {false, plan_.form.power_of_two, false});
    }
    const bool wide =
        find_s8_rule(*node)->same_scale && plan_.type(node->outputs[0]) == schema::TensorType_S16;
    Constant result;
    result.type = wide ? schema::TensorType_S16 : schema::TensorType_S8;
    result.shape = value.shape;
    result.bytes.resize(wide ? 2 * count : count);
    for (size_t i = 0; i < count; ++i) {
      if (wide)
        result.as<int16_t>()[i] = quantize_value_s16(data[i], quantization);
      else
        result.as<int8_t>()[i] = quantize_value(data[i], quantization);
    }
    node->inputs[index] = graph_.add_constant(value.name + (wide ? "/s16" : "/s8"), std::move(result));
    graph_.value(node->inputs[index]).quantization = quantization;
    return Status();
  }

 private:
  static Status check_finite(const Node& node, const Constant& constant, const char* what) {
    for (size_t i = 0; i < constant.elements(); ++i)
      if (!std::isfinite(constant.as<float>()[i]))
        return error(StatusCode::kInvalidModel, "%s: element %zu of the %s is %g; must be finite",
                     describe(node).c_str(), i, what, static_cast<double>(constant.as<float>()[i]));
    return Status();
  }

  // The scale that requantize aims at, or 0 where the output is f32.
  double output_scale(const Node& node) const {
    return plan_.is_s8(node.outputs[0]) ? plan_.quantization(node.outputs[0]).scale : 0;
  }

  // With `one_scale` the largest scale that a channel needs becomes that of all.
  std::vector<ChannelWeights> quantize_channels(ChannelInput input, const Value& weights,
                                                const Constant* bias, size_t channels, bool one_scale) const {
    const std::vector<float>& pinned = weights.quantization.channel_scales;
    std::vector<ChannelWeights> result(channels);
    for (bool again = true; again;) {
      again = false;
      double largest = 0;
      for (size_t c = 0; c < channels; ++c) {
        input.weights = weights.constant->as<float>() + c * input.count;
        input.bias = bias != nullptr ? bias->as<float>()[c] : 0;
        input.pinned_scale = pinned.size() == channels ? pinned[c] : weights.quantization.scale;
        result[c] = quantize_channel(input);
        if (input.pinned_scale == 0) largest = std::max<double>(largest, result[c].scale);
      }
      if (one_scale && largest > input.common_scale) {
        input.common_scale = largest;
        again = true;
      }
    }
    return result;
  }

  void quantize_linear(Node* node, const Value& weights, const Constant* bias, size_t channels) {
    ChannelInput input;
    input.count = weights.constant->elements() / channels;
    input.input_scale = plan_.quantization(node->inputs[0]).scale;
    input.input_zero_point = plan_.quantization(node->inputs[0]).zero_point;
    input.output_scale = output_scale(*node);
    input.power_of_two = plan_.form.power_of_two;
    input.input_type = plan_.type(node->inputs[0]);
    input.output_type = plan_.type(node->outputs[0]);
    Constant s8;
    s8.type = schema::TensorType_S8;
    s8.shape = weights.shape;
    s8.bytes.resize(weights.constant->elements());
    std::vector<int32_t> biases(channels);
    Quantization of_weights, of_bias;
    size_t raised = 0;
    for (const ChannelWeights& channel :
         quantize_channels(input, weights, bias, channels, plan_.one_weight_scale(*node))) {
      const size_t c = of_weights.channel_scales.size();
      std::copy(channel.weights.begin(), channel.weights.end(), s8.as<int8_t>() + c * input.count);
      biases[c] = channel.bias;
      of_weights.channel_scales.push_back(channel.scale);
      of_bias.channel_scales.push_back(static_cast<float>(input.input_scale * channel.scale));
      raised += channel.raised;
    }
    if (raised > 0)
      diagnostics_->detail("quantize", node->name,
                           std::to_string(raised) + " of " + std::to_string(channels) +
                               " channels have a coarser weight scale, so that the accumulator fits in s32");
    of_weights.channel_axis = of_bias.channel_axis = 0;
    node->inputs[1] = graph_.add_constant(weights.name + "/s8", std::move(s8));
    graph_.value(node->inputs[1]).quantization = of_weights;
    const bool any = std::any_of(biases.begin(), biases.end(), [](int32_t b) { return b != 0; });
    if (bias != nullptr || any) replace_bias(node, weights.name, biases, of_bias);
  }

  void replace_bias(Node* node, const std::string& weights, const std::vector<int32_t>& biases,
                    const Quantization& quantization) {
    Constant s32;
    s32.type = schema::TensorType_S32;
    s32.shape = {static_cast<int64_t>(biases.size())};
    s32.bytes.resize(biases.size() * 4);
    std::copy(biases.begin(), biases.end(), s32.as<int32_t>());
    const bool had = node->input(2) != kNoValue;
    const std::string name = had ? graph_.value(node->inputs[2]).name + "/s32" : weights + "/bias";
    node->inputs.resize(std::max<size_t>(node->inputs.size(), 3), kNoValue);
    node->inputs[2] = graph_.add_constant(name, std::move(s32));
    graph_.value(node->inputs[2]).quantization = quantization;
  }

  Graph& graph_;
  const S8Plan& plan_;
  Diagnostics* diagnostics_;
};

}  // namespace

Status quantize_weights(Graph* graph, const S8Plan& plan, Diagnostics* diagnostics) {
  WeightQuantizer quantizer(graph, plan, diagnostics);
  for (const auto& node : graph->nodes) {
    if (plan.nodes.count(node.get()) == 0) continue;
    if (find_s8_rule(*node)->kind == S8Class::kHeavy) {
      OCTET_RETURN_IF_ERROR(quantizer.linear(node.get()));
      continue;
    }
    if (node->op == "PRelu" || node->op == "Gather" || has_scalar_operand(*graph, *node)) continue;
    for (size_t i = 0; i < node->inputs.size(); ++i)
      if (node->inputs[i] != kNoValue && graph->value(node->inputs[i]).is_constant())
        OCTET_RETURN_IF_ERROR(quantizer.operand(node.get(), i));
  }
  return Status();
}

}  // namespace octet::converter
