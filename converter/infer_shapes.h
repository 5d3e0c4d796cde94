// SPDX-License-Identifier: Apache-2.0
//
// Types and shapes of canonical operators (list in graph.h), in either layout.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

struct TypedShape {
  TensorType type = schema::TensorType_F32;
  Dims shape;
};

// What `node` writes, from its inputs and attributes. Operators whose output shape is theirs to state
// (Reshape, Expand, Slice, Resize, Quantize and the like) are checked against the shape that their output
// value has already. Errors name the node and the rule: "Conv 'c1': input has 3 channels; weights take 8 *
// 1".
Status infer_node(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);

// Every node of the graph has the types and shapes that infer_node says. For tests and after passes.
Status check_graph(const Graph& graph);

// One axis of a convolution or pooling window, resolved.
struct Window {
  int64_t kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;

  int64_t extent() const { return dilation * (kernel - 1) + 1; }
  // floor((input + pads - extent) / stride) + 1; below 1 if the window does not fit.
  int64_t output(int64_t input) const;
};
// Axis 0 = height, 1 = width of a Conv, ConvTranspose or pool node.
Window window_of(const Node& node, int axis);

namespace shapes {

// "Conv 'conv1'", the start of every message about a node.
std::string label(const Node& node);
// An error about a node.
Status bad(const Node& node, const std::string& rule);
const Value& in(const Graph& graph, const Node& node, size_t i);
// The attribute `axis`, made non-negative.
Status axis_of(const Node& node, int64_t rank, int64_t* axis);

// The rows of the table: one function per group of operators.
using Rule = Status (*)(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
const std::map<std::string, Rule>& movement_rules();
Status conv(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status conv_transpose(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status fully_connected(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status mat_mul(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status pool(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status depth_space(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status recurrent(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);
Status stated_resize(const Graph& graph, const Node& node, std::vector<TypedShape>* outputs);

}  // namespace shapes

}  // namespace octet::converter
