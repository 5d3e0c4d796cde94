// SPDX-License-Identifier: Apache-2.0
//
// Before   x -> BatchNormalization that nothing could fold
// After    rank 4: a depthwise 1x1 Conv, which has an INT8 kernel and takes a fused activation;
//          other ranks: Mul, Add with constants of shape [C, 1, ...]
// Applies  always
// Formula  f = scale / sqrt(var + epsilon);  y = x * f + (shift - mean * f)
#include "converter/constant_math.h"
#include "converter/passes/batch_norm.h"
#include "converter/passes/passes.h"

namespace octet::converter {

namespace {

void become_conv(Graph* graph, Node* node, const Affine& affine) {
  const int64_t channels = static_cast<int64_t>(affine.factor.size());
  const auto constant = [&](const char* suffix, Dims shape, const std::vector<double>& data) {
    return graph->add_constant(node->name + suffix,
                               from_doubles(schema::TensorType_F32, std::move(shape), data));
  };
  const ValueId x = node->inputs[0];
  const ValueId weights = constant("/weights", {channels, 1, 1, 1}, affine.factor);
  const ValueId bias = constant("/bias", {channels}, affine.term);
  const std::vector<int64_t> ones = {1, 1};
  node->op = "Conv";
  node->inputs = {x, weights, bias};
  node->attributes = {{"kernel_shape", ones},
                      {"strides", ones},
                      {"dilations", ones},
                      {"pads", std::vector<int64_t>(4, 0)},
                      {"group", channels}};
}

// Inserts a Mul in front of the node, which becomes the Add.
void become_mul_add(Graph* graph, size_t index, const Affine& affine) {
  Node* add = graph->nodes[index].get();
  const Value x = graph->value(add->inputs[0]);
  const ValueId input = add->inputs[0];
  Dims shape(x.shape.size() > 1 ? x.shape.size() - 1 : 1, 1);
  shape[0] = static_cast<int64_t>(affine.factor.size());
  const auto constant = [&](const char* suffix, const std::vector<double>& data) {
    return graph->add_constant(add->name + suffix, from_doubles(schema::TensorType_F32, shape, data));
  };
  const ValueId factor = constant("/factor", affine.factor), term = constant("/term", affine.term);
  const ValueId product = graph->add_value(add->name + "/product", x.type, x.shape);
  add->op = "Add";
  add->attributes.clear();
  add->inputs = {product, term};
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
    OCTET_RETURN_IF_ERROR(read_batch_norm(*graph, *norm, &affine));
    const bool image = graph->value(norm->inputs[0]).shape.size() == 4;
    const ChannelStatistics left = normalized_channels(*graph, *norm);
    if (image)
      become_conv(graph, norm, affine);
    else
      become_mul_add(graph, i, affine);
    if (image) keep_channel_statistics(left, norm);
    diagnostics->detail("replace_batch_norm_with_depthwise_conv", norm->name,
                        image ? "a depthwise 1x1 Conv" : "Mul and Add");
    *changed = true;
  }
  return {};
}

}  // namespace octet::converter
