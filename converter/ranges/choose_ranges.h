// SPDX-License-Identifier: Apache-2.0
//
// The method asked for, applied to every tensor; `auto` decides for each by what it is.
#pragma once

#include "converter/ranges/range_methods.h"
#include "converter/statistics/collect.h"

namespace octet::converter {

// What `auto` does with `value`: false, min-max, for
//   - inputs of the network: samples show what pixels can be,
//   - what an operator bounds (ReLU, ReLU6, Clip, Sigmoid, Softmax, Tanh, ...): extremes are frequent at a
//   bound, and
//     behind an open ReLU they are the strongest features (clipping them gains 0.2 to 0.9 dB on three
//     networks and costs 0.6 and 2.6 on two);
//   - what reaches an output of the network through data movement, pooling, Softmax or Sigmoid alone: classes
//   and
//     boxes, whose extremes are the answer;
// true, least squared error, for the others: linear bottlenecks and sums, and what moves their data.
bool clips_by_error(const Graph& graph, ValueId value);

// Ranges that the user gave, by the name of a tensor or of an input, in place of those in *ranges.
Status fix_ranges(const Graph& graph, const RangeOptions& options, Ranges* ranges);

Status choose_ranges(const Graph& graph, const Statistics& statistics, const RangeOptions& options,
                     Ranges* ranges, Diagnostics* diagnostics);

}  // namespace octet::converter
