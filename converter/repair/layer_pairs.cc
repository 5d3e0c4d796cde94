// SPDX-License-Identifier: Apache-2.0
#include "converter/repair/layer_pairs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/repair/channel_statistics.h"

namespace octet::converter {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_float_constant(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).is_constant() && graph.value(id).type == schema::TensorType_F32;
}

bool is_layer(const Graph& graph, const Node& node) {
  if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "FullyConnected") return false;
  if (node.has("table_activation") || !is_float_constant(graph, node.input(1))) return false;
  return node.input(2) == kNoValue || is_float_constant(graph, node.input(2));
}

int64_t last(const Graph& graph, ValueId id) {
  return graph.value(id).shape.empty() ? 0 : graph.value(id).shape.back();
}

// Takes note of a clamp; false if its lower bound is neither 0 nor absent.
bool take_clamp(const Node& node, const char* low_key, const char* high_key, LayerPair* pair) {
  const double low = static_cast<double>(node.number(low_key, -std::numeric_limits<float>::infinity()));
  const double high = static_cast<double>(node.number(high_key, std::numeric_limits<float>::infinity()));
  pair->top = std::min(pair->top, high);
  return (low == 0 || low == -kInfinity) && high > 0;
}

bool has_pads(const Node& node) {
  for (const int64_t pad : node.integers("pads"))
    if (pad != 0) return true;
  return false;
}

bool keeps_channels_apart(const Graph& graph, const Node& node, LayerPair* pair) {
  const int64_t from = last(graph, node.inputs[0]), to = last(graph, node.outputs[0]);
  const int64_t rank = static_cast<int64_t>(graph.value(node.inputs[0]).shape.size());
  if (node.op == "Reshape") return to > 0 && to % static_cast<int64_t>(pair->channels) == 0;
  if (from != static_cast<int64_t>(pair->channels) || to != from) return false;
  if (node.op == "Reduce") {
    const std::string kind = node.text("kind");
    const std::vector<int64_t> axes = node.integers("axes");
    pair->shifts &= kind != "Sum";
    return (kind == "Mean" || kind == "Max" || kind == "Min" || kind == "Sum") &&
           std::count(axes.begin(), axes.end(), rank - 1) == 0;
  }
  if (node.op == "Pad") {
    const std::vector<int64_t> pads = node.integers("pads");
    pair->shifts = false;
    return node.text("mode", "constant") == "constant" && node.number("value", 0) == 0 &&
           pads.size() == static_cast<size_t>(2 * rank) && pads[static_cast<size_t>(rank - 1)] == 0 &&
           pads.back() == 0;
  }
  if (node.op == "Clip") return take_clamp(node, "min", "max", pair);
  if (node.op == "AveragePool") pair->shifts &= !has_pads(node);
  return node.op == "AveragePool" || node.op == "MaxPool" || node.op == "Relu" || node.op == "LeakyRelu" ||
         node.op == "Identity" || (node.op == "PRelu" && is_float_constant(graph, node.input(1)));
}

// Walks from `first` to the next layer.
bool complete(const Graph& graph, LayerPair* pair) {
  pair->top = kInfinity;
  pair->shifts = true;
  pair->channels = static_cast<size_t>(std::max<int64_t>(last(graph, pair->link()), 0));
  if (pair->channels == 0 || !take_clamp(*pair->first, "activation_min", "activation_max", pair))
    return false;
  for (ValueId value = pair->link();;) {
    const std::vector<Node*> readers = graph.consumers(value);
    if (readers.size() != 1 || graph.is_graph_output(value) || graph.value(value).quantization.quantized())
      return false;
    Node* reader = readers[0];
    if (reader->inputs[0] != value || std::count(reader->inputs.begin(), reader->inputs.end(), value) != 1)
      return false;
    if (is_layer(graph, *reader)) {
      pair->second = reader;
      pair->shifts &= !has_pads(*reader) && reader->op != "ConvTranspose";
      return last(graph, value) % static_cast<int64_t>(pair->channels) == 0;
    }
    if (!keeps_channels_apart(graph, *reader, pair)) return false;
    pair->between.push_back(reader);
    value = reader->outputs[0];
  }
}

// Where the weight at flat index i of `node` belongs: its output and its input channel.
struct WeightPlaces {
  size_t outputs, per_output, group_inputs, group_outputs;

  WeightPlaces(const Graph& graph, const Node& node) {
    const Dims& shape = graph.value(node.inputs[1]).shape;
    const size_t count = graph.value(node.inputs[1]).constant->elements();
    outputs = static_cast<size_t>(shape[0]);
    per_output = count / std::max<size_t>(outputs, 1);
    group_inputs = static_cast<size_t>(shape.back());
    group_outputs = outputs / static_cast<size_t>(std::max<int64_t>(node.integer("group", 1), 1));
  }
  size_t output(size_t i) const { return i / per_output; }
  size_t input(size_t i) const { return output(i) / group_outputs * group_inputs + i % group_inputs; }
};

std::vector<float> floats(const Graph& graph, ValueId id) {
  const Constant& constant = *graph.value(id).constant;
  return std::vector<float>(constant.as<float>(), constant.as<float>() + constant.elements());
}

// A new constant for this node alone; in place where nobody else reads the old one, so that many rounds of
// scaling do not pile up copies.
void replace(Graph* graph, Node* node, size_t input, const std::vector<float>& data) {
  const ValueId id = node->inputs[input];
  const std::string name = graph->value(id).name;
  Constant constant = make_f32(graph->value(id).shape, data);
  const bool alone = graph->consumers(id).size() == 1 && !graph->is_graph_output(id) &&
                     std::count(node->inputs.begin(), node->inputs.end(), id) == 1;
  if (alone)
    graph->value(id).constant = std::make_shared<const Constant>(std::move(constant));
  else
    node->inputs[input] = graph->add_constant(name, std::move(constant));
}

std::vector<float> bias_of(const Graph& graph, const Node& node, size_t channels) {
  return node.input(2) == kNoValue ? std::vector<float>(channels, 0) : floats(graph, node.inputs[2]);
}

void set_bias(Graph* graph, Node* node, const std::vector<float>& bias) {
  const bool had = node->input(2) != kNoValue;
  const std::string name = had ? graph->value(node->inputs[2]).name : node->name + "/bias";
  node->inputs.resize(std::max<size_t>(node->inputs.size(), 3), kNoValue);
  node->inputs[2] = graph->add_constant(name, make_f32({static_cast<int64_t>(bias.size())}, bias));
}

}  // namespace

std::vector<LayerPair> find_layer_pairs(const Graph& graph) {
  std::vector<LayerPair> pairs;
  for (const auto& node : graph.nodes) {
    LayerPair pair;
    pair.first = node.get();
    if (is_layer(graph, *node) && complete(graph, &pair)) pairs.push_back(pair);
  }
  return pairs;
}

std::vector<std::vector<float>> first_weights(const Graph& graph, const LayerPair& pair) {
  const std::vector<float> data = floats(graph, pair.first->inputs[1]);
  std::vector<std::vector<float>> channels(pair.channels);
  const WeightPlaces places(graph, *pair.first);
  for (size_t i = 0; i < data.size(); ++i) channels[places.output(i)].push_back(data[i]);
  return channels;
}

std::vector<std::vector<float>> second_weights(const Graph& graph, const LayerPair& pair) {
  const std::vector<float> data = floats(graph, pair.second->inputs[1]);
  std::vector<std::vector<float>> channels(pair.channels);
  const WeightPlaces places(graph, *pair.second);
  for (size_t i = 0; i < data.size(); ++i) channels[places.input(i) % pair.channels].push_back(data[i]);
  return channels;
}

void scale_channels(const LayerPair& pair, const std::vector<double>& scales, Graph* graph) {
  std::vector<float> weights = floats(*graph, pair.first->inputs[1]);
  const WeightPlaces first(*graph, *pair.first);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(weights[i] / scales[first.output(i)]);
  replace(graph, pair.first, 1, weights);
  std::vector<double> factor(pair.channels), term(pair.channels, 0);
  for (size_t c = 0; c < factor.size(); ++c) factor[c] = 1 / scales[c];
  if (pair.first->input(2) != kNoValue) {
    std::vector<float> bias = floats(*graph, pair.first->inputs[2]);
    for (size_t c = 0; c < bias.size(); ++c) bias[c] = static_cast<float>(bias[c] * factor[c]);
    replace(graph, pair.first, 2, bias);
  }
  change_channel_statistics(factor, term, pair.first);
  weights = floats(*graph, pair.second->inputs[1]);
  const WeightPlaces second(*graph, *pair.second);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(weights[i] * scales[second.input(i) % pair.channels]);
  replace(graph, pair.second, 1, weights);
}

void shift_channels(const LayerPair& pair, const std::vector<double>& shifts, Graph* graph) {
  std::vector<float> bias = bias_of(*graph, *pair.first, pair.channels);
  for (size_t c = 0; c < bias.size(); ++c) bias[c] = static_cast<float>(bias[c] - shifts[c]);
  set_bias(graph, pair.first, bias);
  std::vector<double> term(pair.channels);
  for (size_t c = 0; c < term.size(); ++c) term[c] = -shifts[c];
  change_channel_statistics(std::vector<double>(pair.channels, 1), term, pair.first);
  const std::vector<float> weights = floats(*graph, pair.second->inputs[1]);
  const WeightPlaces places(*graph, *pair.second);
  const std::vector<float> old = bias_of(*graph, *pair.second, places.outputs);
  std::vector<double> sums(old.begin(), old.end());
  for (size_t i = 0; i < weights.size(); ++i)
    sums[places.output(i)] += static_cast<double>(weights[i]) * shifts[places.input(i) % pair.channels];
  set_bias(graph, pair.second, std::vector<float>(sums.begin(), sums.end()));
}

void drop_clamps(const LayerPair& pair) {
  pair.first->attributes.erase("activation_max");
  for (Node* node : pair.between)
    if (node->op == "Clip") node->attributes.erase("max");
}

}  // namespace octet::converter
