// SPDX-License-Identifier: Apache-2.0
//
// Pairs of layers of the float graph (NHWC) whose channels can be scaled against each other:
//
//   first (Conv, ConvTranspose, FullyConnected; clamp [0 or -inf, top]) -> between ... -> second
//
// where every value from first to second has one reader, and the operators between work on each channel alone
// and let a positive factor through: f(x * s) = f(x) * s. So for any s[c] > 0 the network computes the same
// with
//
//   first.W[c] / s[c], first.b[c] / s[c]        second.W[.., c] * s[c]
//
// as long as no clamp with another bound than 0 is at work in the channel: it would have to be divided by
// s[c] as well, and the kernels have one bound for all channels.
#pragma once

#include <string>
#include <vector>

#include "converter/graph.h"

namespace octet::converter {

struct LayerPair {
  Node* first = nullptr;
  Node* second = nullptr;
  std::vector<Node*> between;  // in order
  size_t channels = 0;         // of first's output; input channel i of second is channel i % channels
  double top = 0;              // the least upper bound of the clamps on the way; infinite if there is none
  bool shifts = false;         // a constant goes through as well: y + t reaches second as + t, where y >= 0

  ValueId link() const { return first->outputs[0]; }
};

// In the order of the second layers.
std::vector<LayerPair> find_layer_pairs(const Graph& graph);

// The weights of a pair that belong to each channel: first's output channel, second's input channel.
std::vector<std::vector<float>> first_weights(const Graph& graph, const LayerPair& pair);
std::vector<std::vector<float>> second_weights(const Graph& graph, const LayerPair& pair);

// As above; what is known of first's channels (channel_statistics.h) follows.
void scale_channels(const LayerPair& pair, const std::vector<double>& scales, Graph* graph);

// first.b[c] -= shift[c], second.b += W[.., c] * shift[c]: the same numbers wherever first's output, before
// its clamp at 0, is at least shift[c]. Only where pair.shifts.
void shift_channels(const LayerPair& pair, const std::vector<double>& shifts, Graph* graph);

// Takes the upper clamps of the pair away (ReLU6 becomes ReLU).
void drop_clamps(const LayerPair& pair);

}  // namespace octet::converter
