// SPDX-License-Identifier: Apache-2.0
//
// round_weights: rounds the weights of one s8 Conv, ConvTranspose or FullyConnected so that the layer's
// outputs, not its weights, are nearest to float's.
//
// Before   every weight is the nearest integer to w / scale.
// After    some are a neighbour of it, so that their errors cancel over the inputs that occur together.
// Applies  in the walk of repair.h: the inputs are quantized, by the layers already repaired. Scales stay. A
//          channel keeps its nearest integers where those are better, and a layer where the accumulator proof
//          would fail. A matrix G of more than kLargestGram weights is cut along the input channels, and the
//          parts are rounded independently.
#pragma once

#include "converter/repair/layer_inputs.h"
#include "converter/repair/rounding.h"

namespace octet::converter {

constexpr size_t kLargestGram = 2304;
constexpr size_t kLeastPositions = 4096, kMostPositions = 8192;

// Of one layer, summed over its output channels: squares of values and errors of the outputs at the
// positions.
struct RoundingResult {
  double signal = 0, before = 0, after = 0;
  size_t positions = 0, parts = 1;
  size_t changed = 0, weights = 0;
  std::string kept;  // why the nearest integers stay, or empty
};

// reference: the weights in float.
struct RoundingLayer {
  const Graph& graph;
  const Node& node;
  const Constant& reference;
  const LayerInputs& inputs;
};

// How many positions a layer of `weights` per output channel asks for.
size_t wanted_positions(size_t weights);

// *rounded: the layer's weights, as its constant holds them, get the answer.
RoundingResult round_weights(const RoundingLayer& layer, const RoundingRow& method, const Workers& workers,
                             std::vector<int8_t>* rounded);

}  // namespace octet::converter
