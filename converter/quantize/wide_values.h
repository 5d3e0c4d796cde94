// SPDX-License-Identifier: Apache-2.0
//
// Which activations are stored in 16 bits (PrecisionOptions::int16).
//
// A value that is asked for takes others along: an operator that only moves or selects elements has one type
// on both sides, so its output is wide where its input is, and its input where its output is; a Concat is
// wide where one of its inputs is, and takes the others through Requantize. An operator without a 16-bit form
// (s8_rules.h) gets a Requantize to 8 bits in front.
#pragma once

#include <string>
#include <vector>

#include "converter/diagnostics.h"
#include "converter/quantize/precision.h"

namespace octet::converter {

using WideValues = std::vector<bool>;  // index = ValueId

// The f32 activations of `names`: tensors, or nodes, which stand for all their outputs. An error names one
// that the graph does not have.
Status find_wide_values(const Graph& graph, const std::vector<std::string>& names, WideValues* wanted);

// Those that can be wide if the nodes of `s8` run in integers, and those that they take along. What cannot is
// a warning with the reason.
WideValues spread_wide_values(const Graph& graph, const S8Nodes& s8, const WideValues& wanted,
                              Diagnostics* diagnostics);

}  // namespace octet::converter
