// SPDX-License-Identifier: Apache-2.0
//
// correct_bias: takes the shift out of the mean that rounding the weights and activations causes.
//
// Before   every channel of a quantized layer has a mean a little off float's: errors of rounding do not
//          average out over its few weights, and they add up from layer to layer.
// After    the mean of each output channel, behind its activation, equals float's on the samples.
// Applies  to every s8 Conv, ConvTranspose and FullyConnected, in order: the inputs of a layer come from
//          the corrected layers before it, run in s8 on the runtime's own kernels.
// Formula  bias[c] += round((mean_float[c] - mean_s8[c]) / (input_scale * weight_scale[c])), twice, since
//          part of a correction is cut off by the activation.
//
// The walk runs one node at a time over up to kCorrectionSamples samples at once, so its memory is theirs
// times the activations alive at one time; fewer samples are used where that would pass 1 GB.
#pragma once

#include "converter/stages.h"

namespace octet::converter {

constexpr size_t kCorrectionSamples = 32;

// `graph` is quantized; `reference` is the float graph it was made from (same value ids). Samples come
// from options.samples, spread over all of them if their number is known. Progress stage "correct".
Status correct_bias(const Graph& reference, const ConvertOptions& options, Graph* graph,
                    Diagnostics* diagnostics);

}  // namespace octet::converter
