// SPDX-License-Identifier: Apache-2.0
//
// Before   x -> BatchNormalization that nothing could fold
// After    rank 4: a depthwise 1x1 Conv, which has an INT8 kernel and takes a fused activation;
//          other ranks: Mul, Add with constants of shape [C, 1, ...]
// Applies  always
// Formula  f = scale / sqrt(var + epsilon);  y = x * f + (shift - mean * f)
#include <cmath>

#include "converter/constant_math.h"
#include "converter/passes/passes.h"

namespace octet::converter {

namespace {

struct Affine {
  std::vector<double> factor, summand;
};

Status read_affine(const Graph& graph, const Node& norm, Affine* affine) {
  const auto read = [&](size_t input) { return to_doubles(*graph.value(norm.inputs[input]).constant); };
  const std::vector<double> scale = read(1), shift = read(2), mean = read(3), variance = read(4);
  const double epsilon = static_cast<double>(norm.number("epsilon", 1e-5f));
  for (size_t c = 0; c < scale.size(); ++c) {
    affine->factor.push_back(scale[c] / std::sqrt(variance[c] + epsilon));
    affine->summand.push_back(shift[c] - mean[c] * affine->factor[c]);
    if (!std::isfinite(affine->factor[c]))
      return Status(StatusCode::kInvalidModel, "BatchNormalization '" + norm.name + "': variance of channel " +
                                                   std::to_string(c) + " is negative or too small");
  }
  return {};
}

void become_conv(Graph* graph, Node* node, const Affine& affine) {
  const int64_t channels = static_cast<int64_t>(affine.factor.size());
  const auto constant = [&](const char* suffix, Dims shape, const std::vector<double>& data) {
    return graph->add_constant(node->name + suffix, from_doubles(schema::TensorType_F32, std::move(shape), data));
  };
  const ValueId x = node->inputs[0];
  const ValueId weights = constant("/weights", {channels, 1, 1, 1}, affine.factor);
  const ValueId bias = constant("/bias", {channels}, affine.summand);
  const std::vector<int64_t> ones = {1, 1};
  node->op = "Conv";
  node->inputs = {x, weights, bias};
  node->attributes = {{"kernel_shape", ones}, {"strides", ones}, {"dilations", ones},
                      {"pads", std::vector<int64_t>(4, 0)}, {"group", channels}};
}

// Inserts a Mul in front of the node, which becomes the Add.
void become_mul_add(Graph* graph, size_t index, const Affine& affine) {
  Node* add = graph->nodes[index].get();
  const Value x = graph->value(add->inputs[0]);
  const ValueId input = add->inputs[0];
  Dims shape(x.shape.size() > 1 ? x.shape.size() - 1 : 1, 1);
  shape[0] = static_cast<int64_t>(affine.factor.size());
  const ValueId factor = graph->add_constant(add->name + "/factor", from_doubles(schema::TensorType_F32, shape, affine.factor));
  const ValueId summand = graph->add_constant(add->name + "/summand", from_doubles(schema::TensorType_F32, shape, affine.summand));
  const ValueId product = graph->add_value(add->name + "/product", x.type, x.shape);
  add->op = "Add";
  add->attributes.clear();
  add->inputs = {product, summand};
  Node& mul = graph->insert_node(index, "Mul", add->name + "/mul");
  mul.source = add->source;
  mul.inputs = {input, factor};
  mul.outputs = {product};
}

}  // namespace

Status replace_batch_norm_with_depthwise_conv(Graph* graph, Diagnostics* diagnostics, bool* changed) {
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    Node* norm = graph->nodes[i].get();
    if (norm->op != "BatchNormalization") continue;
    Affine affine;
    OCTET_RETURN_IF_ERROR(read_affine(*graph, *norm, &affine));
    const bool image = graph->value(norm->inputs[0]).shape.size() == 4;
    if (image) become_conv(graph, norm, affine);
    else become_mul_add(graph, i, affine);
    diagnostics->detail("replace_batch_norm_with_depthwise_conv", norm->name,
                        image ? "a depthwise 1x1 Conv" : "Mul and Add");
    *changed = true;
  }
  return {};
}

}  // namespace octet::converter
