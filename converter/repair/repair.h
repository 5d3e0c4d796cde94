// SPDX-License-Identifier: Apache-2.0
//
// repair: takes back what quantization costs, as far as weights and biases can.
//
// The quantized graph is walked node by node over up to kRepairSamples samples, in s8, on the runtime's own
// kernels. At every Conv, ConvTranspose and FullyConnected the weights are rounded for the layer's output
// error (round_weights.h), then the layer runs and its bias is corrected (correct_bias.h); so each layer sees
// the inputs that it will get. Memory is the samples' times the activations alive at one time; fewer samples
// are used where that would pass 1 GB.
#pragma once

#include "converter/stages.h"

namespace octet::converter {

constexpr size_t kRepairSamples = 100;

// Are the names in `options` known?
Status check_repair_options(const RepairOptions& options);

// `graph` is quantized; `reference` is the float graph it was made from (same value ids, same names of
// nodes). Samples come from options.samples, spread over all of them if their number is known. Progress
// stage "repair". Notes say what it gained.
Status repair(const Graph& reference, const ConvertOptions& options, Graph* graph, Diagnostics* diagnostics);

}  // namespace octet::converter
