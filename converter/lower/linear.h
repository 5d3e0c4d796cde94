// SPDX-License-Identifier: Apache-2.0
//
// What Conv, ConvTranspose and FullyConnected share: parameters of the s8
// accumulator per output channel, with the overflow proof, and the activation
// that follows it.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "converter/lower/lower.h"

namespace octet::converter {

struct LinearParts {
  RequantizationData requantization;  // s8 output
  bool has_requantization = false;
  std::vector<float> accumulator_scale;  // s8 input, f32 output
  std::vector<uint8_t> table;            // table activation
  int8_t table_zero_point = 0;
  Activation activation{-INFINITY, INFINITY};  // f32 -> f32: clamped by the operator itself
  int output = -1;                             // tensor that the operator writes
};

// Computes all of it for `node` (inputs X, W [O, ...], B). Weights are constant s8 in the s8 forms.
// The operator must write parts->output; finish_linear then adds what follows it.
Status begin_linear(const Node& node, ModelBuilder* model, LinearParts* parts);

// Adds the f32 clamp or activation operator behind it, if one is needed.
Status finish_linear(const Node& node, const LinearParts& parts, ModelBuilder* model);

// The proof by itself, for quantize: does `node`, quantized as its values say, fit? An error names
// the channel that does not.
Status prove_accumulator(const Graph& graph, const Node& node);

}  // namespace octet::converter
