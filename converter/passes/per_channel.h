// SPDX-License-Identifier: Apache-2.0
//
// What the passes that fold into Conv, ConvTranspose and FullyConnected share. All in NCHW, before move_to_nhwc.
#pragma once

#include <vector>

#include "converter/graph.h"

namespace octet::converter {

// Conv, ConvTranspose or FullyConnected with float constant weights that bring no scales of their own, a float
// constant bias or none, no activation, and an output that is not rounded. What can take a factor and a summand.
bool takes_affine(const Graph& graph, const Node& node);
// How many output channels the node has, and where they lie in its output.
int64_t output_channels(const Graph& graph, const Node& node);
size_t channel_axis(const Graph& graph, const Node& node);

// The only node that reads `id`, once; null if there are others or `id` is a graph output.
Node* only_reader(const Graph& graph, ValueId id);

// weights[o, ...] *= factor[o] and bias[o] = bias[o] * factor[o] + summand[o]; the node gets a bias if it has none.
void apply_affine(Graph* graph, Node* node, const std::vector<double>& factor, const std::vector<double>& summand);

// `node`, the only reader of `producer`, is gone: `producer` writes its output.
void absorb(Graph* graph, Node* producer, const Node& node);

}  // namespace octet::converter
