// SPDX-License-Identifier: Apache-2.0
//
// Folds per-channel factors and terms into weights and bias, in either layout.
#include "converter/passes/affine_fold.h"

#include <algorithm>
#include <cmath>

#include "converter/constant_math.h"
#include "converter/passes/rewrite.h"
#include "converter/repair/channel_statistics.h"

namespace octet::converter {

namespace {

bool is_linear(const Node& node) {
  return node.op == "Conv" || node.op == "ConvTranspose" || node.op == "FullyConnected";
}

bool is_floating_constant(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).is_constant() && graph.value(id).type == schema::TensorType_F32;
}

// Where the output channel of a weight is: element i belongs to channel `of(i)`.
struct WeightChannels {
  int64_t channels = 0, step = 1, per_group = 0, inputs_per_group = 0;

  size_t of(size_t i) const {
    const int64_t slice = static_cast<int64_t>(i) / step;
    if (per_group == 0) return static_cast<size_t>(slice);                // axis 0
    const int64_t input = slice / per_group, within = slice % per_group;  // [I, O / g, ...]
    return static_cast<size_t>(input / inputs_per_group * per_group + within);
  }
};

WeightChannels weight_channels(const Graph& graph, const Node& node) {
  const Dims& shape = graph.value(node.inputs[1]).shape;
  WeightChannels where;
  where.channels = shape[0];
  where.step = element_count(Dims(shape.begin() + 1, shape.end()));
  if (node.op != "ConvTranspose" || graph.layout == Layout::kNhwc) return where;
  const int64_t groups = node.integer("group", 1);
  where.per_group = shape[1];
  where.inputs_per_group = shape[0] / groups;
  where.channels = shape[1] * groups;
  where.step = shape[2] * shape[3];
  return where;
}

bool all_finite(const std::vector<float>& data) {
  return std::all_of(data.begin(), data.end(), [](float x) { return std::isfinite(x); });
}

struct Folded {
  std::vector<float> weights, bias;
};

// False if an element leaves the range of f32.
bool fold_numbers(const Graph& graph, const Node& linear, const Affine& affine, Folded* folded) {
  const WeightChannels where = weight_channels(graph, linear);
  folded->weights = to_floats(*graph.value(linear.inputs[1]).constant);
  for (size_t i = 0; i < folded->weights.size(); ++i)
    folded->weights[i] = static_cast<float>(folded->weights[i] * affine.factor[where.of(i)]);
  folded->bias.assign(affine.term.size(), 0);
  if (linear.input(2) != kNoValue) folded->bias = to_floats(*graph.value(linear.inputs[2]).constant);
  for (size_t o = 0; o < folded->bias.size(); ++o)
    folded->bias[o] = static_cast<float>(folded->bias[o] * affine.factor[o] + affine.term[o]);
  return folded->bias.size() == affine.term.size() && all_finite(folded->weights) && all_finite(folded->bias);
}

// The scales of the new weights: the same integers stand for the new numbers. channel_axis = -1 where no one
// axis counts the channels.
Quantization scaled_pin(const Quantization& pin, int channel_axis, const std::vector<double>& factor) {
  Quantization result = pin;
  if (!pin.quantized()) return result;
  const bool varies = std::any_of(factor.begin(), factor.end(),
                                  [&factor](double f) { return std::fabs(f) != std::fabs(factor[0]); });
  const auto times = [](float scale, double f) {
    return f == 0 ? scale : static_cast<float>(scale * std::fabs(f));  // weights are all 0 then: any scale
  };
  if (pin.channel_scales.empty() && !varies) {
    result.scale = times(pin.scale, factor[0]);
    return result;
  }
  if (pin.channel_scales.empty()) result.channel_scales.assign(factor.size(), pin.scale);
  if (channel_axis < 0 || result.channel_scales.size() != factor.size())
    return Quantization();  // quantized anew
  for (size_t o = 0; o < factor.size(); ++o)
    result.channel_scales[o] = times(result.channel_scales[o], factor[o]);
  if (pin.channel_scales.empty()) result.channel_axis = channel_axis;
  result.scale = 0;
  return result;
}

void store(Graph* graph, Node* linear, const Folded& folded, const std::vector<double>& factor) {
  const Value weights = graph->value(linear->inputs[1]);
  const bool channels_second = linear->op == "ConvTranspose" && graph->layout == Layout::kNchw;
  const int axis = !channels_second ? 0 : linear->integer("group", 1) == 1 ? 1 : -1;
  const bool scaled = std::any_of(factor.begin(), factor.end(), [](double f) { return f != 1; });
  if (scaled) {
    linear->inputs[1] = graph->add_constant(weights.name, make_f32(weights.shape, folded.weights));
    graph->value(linear->inputs[1]).quantization = scaled_pin(weights.quantization, axis, factor);
  }
  const ValueId old = linear->input(2);
  const std::string name = old != kNoValue ? graph->value(old).name : linear->name + "/bias";
  linear->inputs.resize(3, kNoValue);
  linear->inputs[2] =
      graph->add_constant(name, make_f32({static_cast<int64_t>(folded.bias.size())}, folded.bias));
}

}  // namespace

Node* foldable_linear(const Graph& graph, ValueId value) {
  Node* linear = graph.producer(value);
  if (linear == nullptr || !is_linear(*linear) || has_activation(*linear) || !has_one_reader(graph, value))
    return nullptr;
  if (!is_floating_constant(graph, linear->input(1))) return nullptr;
  const ValueId bias = linear->input(2);
  return bias == kNoValue || is_floating_constant(graph, bias) ? linear : nullptr;
}

int64_t output_channels(const Graph& graph, const Node& linear) {
  return weight_channels(graph, linear).channels;
}

size_t channel_axis(const Graph& graph, const Node& linear) {
  const bool second = linear.op != "FullyConnected" && graph.layout == Layout::kNchw;
  return second ? 1 : graph.value(linear.outputs[0]).shape.size() - 1;
}

bool fold_affine(const Affine& affine, const char* stage, Graph* graph, Node* linear, Node* reader,
                 Diagnostics* diagnostics) {
  if (graph->value(linear->outputs[0]).quantization.quantized()) {
    note_pinned(*graph, linear->outputs[0], *reader, stage, diagnostics);
    return false;
  }
  Folded folded;
  if (!fold_numbers(*graph, *linear, affine, &folded)) return false;
  store(graph, linear, folded, affine.factor);
  change_channel_statistics(affine.factor, affine.term, linear);
  for (const char* key : {"activation_min", "activation_max", "table_activation"})
    if (reader->has(key)) linear->attributes[key] = reader->attributes[key];
  linear->outputs = reader->outputs;
  diagnostics->detail(stage, linear->name, "takes " + reader->op + " '" + reader->name + "'");
  retire(reader);
  return true;
}

}  // namespace octet::converter
