// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic per output channel behind Conv, ConvTranspose and FullyConnected, taken into their weights and
// bias:
//   y[o] -> factor[o] * y[o] + term[o]    W'[o, ...] = factor[o] * W[o, ...]    b'[o] = factor[o] * b[o] +
//   term[o]
// in double and rounded once. Scales that the weights bring (from a quantized network) follow: s'[o] = s[o] *
// |factor[o]|.
#pragma once

#include <vector>

#include "converter/diagnostics.h"
#include "converter/graph.h"

namespace octet::converter {

struct Affine {
  std::vector<double> factor, term;  // one per output channel
};

// The node that writes `value` for one reader alone, if it is a Conv, ConvTranspose or FullyConnected with
// float constant weights, a float constant bias or none, and no activation; else null.
Node* foldable_linear(const Graph& graph, ValueId value);

int64_t output_channels(const Graph& graph, const Node& linear);
// The axis of its output that counts them.
size_t channel_axis(const Graph& graph, const Node& linear);

// Folds `reader`, which reads `linear` alone and computes `affine`, into `linear`; the reader's own
// activation moves along. False (and a note) if the network rounds in between, or if a number would leave the
// range of f32.
bool fold_affine(const Affine& affine, const char* stage, Graph* graph, Node* linear, Node* reader,
                 Diagnostics* diagnostics);

}  // namespace octet::converter
