// SPDX-License-Identifier: Apache-2.0
//
// balance_activations: activations with some channels far larger than the others, on the float graph before
// it is calibrated. One scale for the whole activation leaves few steps to its small channels; a channel's
// factor can move into the weights of the layers on both sides instead (layer_pairs.h).
//
//   depthwise   in front of a depthwise layer every channel gets a factor that makes it fill half of the
//   range.
//               Free: the weights on both sides have a scale for each of these channels.
//   other       a channel that is brought down has larger input weights behind it,
//               which makes the other weights of each output coarser. Candidates: channels beyond a limit (a
//               share of the largest channel's reach) are brought down to it; or, for all channels, s[c] =
//               (reach[c] / max reach)^k / (r[c] / max r)^(1 - k), r[c] = max |W[.., c]| (as SmoothQuant
//               does). The one of least expected error at the second layer's output is taken:
//                 sum over o, c of |W[o,c]|^2 s[c]^2 step^2 / 12  +  sum over o of step[o]^2 / 12 sum over c
//                 of E[x[c]^2] / s[c]^2,    step = range / 255, step[o] = max |W[o,c] s[c]| / 127,
//               with E[x^2] = (reach / 4)^2.
//
// Only where over 12 dB are expected of it ("auto"), or half a decibel ("all"). In front of depthwise layers
// of ordinary networks it does harm: channels seldom show their largest values on the samples
// (docs/quantization.md).
#pragma once

#include "converter/repair/equalize.h"
#include "converter/repair/layer_pairs.h"

namespace octet::converter {

// The factors for one pair, channels of `ranges`. *decibels: what the error at the
// activation (depthwise) or at the second layer's output is expected to fall by.
std::vector<double> balancing_scales(const Graph& graph, const LayerPair& pair,
                                     const std::vector<Range>& ranges, double* decibels);

// Changes the weights of `graph`, and *seen with them. Details and a note say what it gained.
// Returns how many activations changed.
size_t balance_activations(const EqualizeOptions& options, ChannelRanges* seen, Graph* graph,
                           Diagnostics* diagnostics);

}  // namespace octet::converter
