// SPDX-License-Identifier: Apache-2.0
//
// BatchNormalization in inference as arithmetic per channel.
#pragma once

#include <string>

#include "converter/passes/affine_fold.h"
#include "converter/repair/channel_statistics.h"

namespace octet::converter {

// factor = scale / sqrt(var + epsilon), term = shift - mean * factor. An error where the variance leaves no
// number.
Status read_batch_norm(const Graph& graph, const Node& norm, Affine* affine);

// What its output has in training: mean = shift, deviation = |scale|.
ChannelStatistics normalized_channels(const Graph& graph, const Node& norm);

}  // namespace octet::converter
