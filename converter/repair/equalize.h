// SPDX-License-Identifier: Apache-2.0
//
// equalize: cross-layer equalization and bias absorption (Nagel et al., Data-Free Quantization Through Weight
// Equalization and Bias Correction, 2019), on the float graph before it is calibrated. For targets with one
// scale for all weights of a layer, and where there are no samples.
//
// Before   channels of a layer whose weights differ by orders of magnitude: one scale for all of them leaves
//          nothing of the small ones.
// After    for every pair of layers (layer_pairs.h) and channel c, with r1[c] = max |first.W[c]| and
//          r2[c] = max |second.W[.., c]|, both are sqrt(r1[c] r2[c]).
// Formula  s[c] = sqrt(r1[c] / r2[c]), pair by pair, again and again until no s differs from 1 by over 1%,
// since
//          a layer between two others belongs to two pairs.
//          A channel's values never outgrow the activation's largest, and channels with no weights to speak
//          of stay.
// Clamps   such as ReLU6's: a channel that reaches the bound keeps s[c] = 1 ("exact"), and in the others the
//          largest value still fits below it. "relu" instead takes the clamp away where it would hold a
//          channel, and says so. What a channel reaches comes from the samples, or from its normalization
//          (mean + 6 deviations); where neither is known the bound counts as reached.
// Then     where a channel before its ReLU is always above t > 0, t moves into the bias of the second layer
//          (shift_channels): t = the least value of the samples, or mean - 3 deviations.
#pragma once

#include <map>
#include <vector>

#include "converter/stages.h"

namespace octet::converter {

// The least and greatest value of each channel of activations, behind the fused clamp.
struct ChannelRanges {
  std::map<ValueId, std::vector<Range>> of;
  bool from_normalization = false;  // and not from samples
};

Status check_equalize_options(const ConvertOptions& options);

// Ranges of channels of the layers' outputs as far as batch normalization tells: mean +- 6 deviations,
// clamped.
ChannelRanges ranges_from_normalization(const Graph& graph);

// Changes the weights of `graph`, and *seen with them. Notes say what it gained.
void equalize_weights(const EqualizeOptions& options, ChannelRanges* seen, Graph* graph,
                      Diagnostics* diagnostics);

// What options.equalize asks for, by what batch normalization tells.
void equalize_without_samples(const ConvertOptions& options, Graph* graph, Diagnostics* diagnostics);

// calibrate() (stages.h), after what options.equalize asks for; where that changed the graph, the samples run
// a second time.
Status calibrate_equalized(const ConvertOptions& options, Graph* graph, Ranges* ranges,
                           Diagnostics* diagnostics, size_t* samples);

// The mean over the channels of their signal to noise ratio, in dB, when a layer's weights are rounded with
// one scale for all.
double per_tensor_weight_sqnr(const Graph& graph, const Node& layer);

}  // namespace octet::converter
