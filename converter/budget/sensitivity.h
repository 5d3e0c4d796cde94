// SPDX-License-Identifier: Apache-2.0
//
// measure_sensitivity: what each activation, and the weights of each layer, cost at the network's outputs if
// they alone are rounded to 8 bits and all else is in float.
//
//   activation  y -> scale * (clamp(round(y / scale) + zero_point) - zero_point), with the quantized graph's
//               scale, on every value of a group that shares one scale (s8_rules.h: same_scale)
//   weights     the quantized graph's, times their scales; the bias takes back what that shifts in the mean,
//               sum over taps and channels of (w - w_q) * mean of the input channel, as the repair does
//
// Errors of this size add up nearly as squares, so that their sum foretells what promoting some of them
// brings.
#pragma once

#include "converter/budget/answers.h"

namespace octet::converter {

struct Sensitivity {
  std::string name;             // of the first value, or of the layer
  std::vector<ValueId> values;  // an activation: the group, first written first; empty for weights
  const Node* node = nullptr;   // weights: the layer, in the quantized graph
  double noise = 0;             // sum of squared errors at the outputs / sum of squares of the outputs
};

// reference and quantized: the same values and names of nodes, as quantize() leaves them. The result does not
// depend on `threads`. Activations in the order they are written, then weights. progress(done, total).
struct SensitivityInputs {
  const Graph& reference;
  const Graph& quantized;
  const std::vector<Sample>& samples;
  size_t threads = 1;
  std::function<void(size_t, size_t)> progress;
};
Status measure_sensitivity(const SensitivityInputs& inputs, std::vector<Sensitivity>* result);

// Multiplications of a Conv, ConvTranspose or FullyConnected; 0 for others.
uint64_t count_macs(const Graph& graph, const Node& node);

}  // namespace octet::converter
