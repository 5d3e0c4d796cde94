// SPDX-License-Identifier: Apache-2.0
//
// A JSON file that decides for single nodes and tensors what the converter would choose by itself:
//
//   {
//     "nodes":   {"conv1": {"precision": "fp32", "weights": "per-tensor"}},
//     "tensors": {"relu1": {"precision": "int16", "range": [0, 6]}, "add3": {"method": "mse"}}
//   }
//
//   precision   "int8" (a budget leaves it alone), "int16", or, for nodes, "fp32"
//   weights     of a node: "per-tensor" or "per-channel" scales
//   range       of a tensor: [min, max];  method: a name that --method takes
//
// A key or a value that is none of these is an error that names it. Whether the names are in the network is
// the converter's to say.
#pragma once

#include <string>

#include "octet_converter/converter.h"

namespace octet::tools {

// Adds what `path` says to *options.
Status read_overrides(const std::string& path, converter::ConvertOptions* options);

// The same from the text itself; `path` is for messages.
Status parse_overrides(const std::string& path, const std::string& text, converter::ConvertOptions* options);

}  // namespace octet::tools
