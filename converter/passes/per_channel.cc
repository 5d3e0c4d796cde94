// SPDX-License-Identifier: Apache-2.0
//
// Per-channel arithmetic on the weights of convolution-like nodes, in double.
#include "converter/passes/per_channel.h"

#include <algorithm>

#include "converter/constant_math.h"

namespace octet::converter {

namespace {

bool is_float_constant(const Graph& graph, ValueId id) {
  return graph.value(id).is_constant() && graph.value(id).type == schema::TensorType_F32;
}

}  // namespace

bool takes_affine(const Graph& graph, const Node& node) {
  if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "FullyConnected") return false;
  if (node.has("activation_min") || node.has("activation_max")) return false;
  if (!is_float_constant(graph, node.inputs[1])) return false;
  if (graph.value(node.inputs[1]).quantization.quantized()) return false;
  if (graph.value(node.outputs[0]).quantization.quantized()) return false;
  return node.input(2) == kNoValue || is_float_constant(graph, node.inputs[2]);
}

int64_t output_channels(const Graph& graph, const Node& node) {
  const Dims& weights = graph.value(node.inputs[1]).shape;
  return node.op == "ConvTranspose" ? weights[1] * node.integer("group", 1) : weights[0];
}

size_t channel_axis(const Graph& graph, const Node& node) {
  return node.op == "FullyConnected" ? graph.value(node.outputs[0]).shape.size() - 1 : 1;
}

Node* only_reader(const Graph& graph, ValueId id) {
  if (graph.is_graph_output(id)) return nullptr;
  const std::vector<Node*> readers = graph.consumers(id);
  if (readers.size() != 1) return nullptr;
  return std::count(readers[0]->inputs.begin(), readers[0]->inputs.end(), id) == 1 ? readers[0] : nullptr;
}

void apply_affine(Graph* graph, Node* node, const std::vector<double>& factor, const std::vector<double>& summand) {
  const Constant& weights = *graph->value(node->inputs[1]).constant;
  const int64_t channels = output_channels(*graph, *node);
  std::vector<double> data = to_doubles(weights);
  if (node->op == "ConvTranspose") {
    // [I, O / g, h, w]: input channel i belongs to group i / (I / g), output channel o of it is group * (O / g) + o.
    const int64_t groups = node->integer("group", 1), given = weights.shape[1];
    const int64_t area = weights.shape[2] * weights.shape[3], per_group = weights.shape[0] / groups;
    for (size_t i = 0; i < data.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i) / area, input = row / given;
      data[i] *= factor[static_cast<size_t>(input / per_group * given + row % given)];
    }
  } else {
    const size_t run = data.size() / static_cast<size_t>(channels);
    for (size_t i = 0; i < data.size(); ++i) data[i] *= factor[i / run];
  }
  std::vector<double> bias(static_cast<size_t>(channels), 0);
  if (node->input(2) != kNoValue) bias = to_doubles(*graph->value(node->inputs[2]).constant);
  for (size_t o = 0; o < bias.size(); ++o) bias[o] = bias[o] * factor[o] + summand[o];

  const std::string name = graph->value(node->inputs[1]).name;
  node->inputs[1] = graph->add_constant(name, from_doubles(schema::TensorType_F32, weights.shape, data));
  const std::string bias_name =
      node->input(2) != kNoValue ? graph->value(node->inputs[2]).name : node->name + "/bias";
  node->inputs.resize(3, kNoValue);
  node->inputs[2] = graph->add_constant(bias_name, from_doubles(schema::TensorType_F32, {channels}, bias));
}

void absorb(Graph* graph, Node* producer, const Node& node) {
  producer->outputs[0] = node.outputs[0];
  const auto gone = std::find_if(graph->nodes.begin(), graph->nodes.end(),
                                 [&node](const std::unique_ptr<Node>& other) { return other.get() == &node; });
  graph->nodes.erase(gone);
}

}  // namespace octet::converter
