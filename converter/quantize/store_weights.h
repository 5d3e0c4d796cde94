// SPDX-License-Identifier: Apache-2.0
//
// store_weights: the weights of what runs in float become integers in the file (schema StoredConstant), with
// a scale for each group of neighbours; the runtime expands them when it loads the model.
//
//   8 bits: q in [-127, 127], scale = max |w| / 127
//   4 bits: q in [-7, 7], the scale of least squared error among 16 from max |w| / 7 down to half of it
//
// The graph then has the numbers that they stand for, so that all that is measured on it counts the loss.
// Groups lie along the inputs of an output channel. Constants of fewer than 1024 numbers stay as they are, and so
// do those with fewer than 32 inputs a channel (depthwise, first layers): few bytes, and most of the loss.
#pragma once

#include "converter/stages.h"
#include "octet_converter/weight_options.h"

namespace octet::converter {

constexpr size_t kWorthStoring = 1024;
constexpr int64_t kFewestInputs = 32;

// bits 4 or 8, group_size >= 0?
Status check_weight_options(const WeightOptions& options);

// Does nothing where options.store_as_integers is false. A note says what it saved, details what each
// constant lost.
void store_weights(Graph* graph, const WeightOptions& options, Diagnostics* diagnostics);

}  // namespace octet::converter
