// SPDX-License-Identifier: Apache-2.0
//
// study_without_samples: what the activations of a network are like, from the network alone.
//
// Synthetic inputs (synthetic_samples.h) go through the float graph node by node. Behind every layer that a
// batch normalization was folded into, and in front of its activation, each channel is moved and stretched so
// that over all inputs and positions it has the mean and deviation that the normalization gave it in
// training: so what comes behind, whatever the operators, sees inputs of the right size, and layers without a
// normalization pass on what they make of them.
//
//   ranges   behind a normalization: from the least to the greatest of mean[c] +- n deviation[c], clamped by
//            the activation; network inputs: what can occur; anything else: twice the synthetic extremes.
//   means    behind a normalization: those of the clipped normal distribution (clip_normal); anything else:
//   the
//            synthetic ones.
#pragma once

#include <map>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

struct Study {
  Ranges ranges;                                 // of f32 activations
  std::map<ValueId, std::vector<double>> means;  // by the last axis
};

Status study_without_samples(const Graph& graph, const ConvertOptions& options, Study* study,
                             Diagnostics* diagnostics);

// quantize() has made `graph` from `reference`. Rounded weights shift the mean of an output channel by
// sum over i of (q[i] * scale - w[i]) E[x[i]]; the biases take that back.
Status correct_means(const Graph& reference, const Study& study, Graph* graph, Diagnostics* diagnostics);

}  // namespace octet::converter
