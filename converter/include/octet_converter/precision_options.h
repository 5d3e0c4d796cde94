// SPDX-License-Identifier: Apache-2.0
//
// Which parts of a network do not run in plain INT8 (docs/quantization.md).
#pragma once

#include <string>
#include <vector>

namespace octet::converter {

// Names are those of nodes, which stand for all their outputs, or of tensors; one that the network does not
// have is an error.
struct PrecisionOptions {
  std::vector<std::string> keep_float;  // nodes that stay in f32
  std::vector<std::string> int16;       // activations in 16 bits, with 8-bit weights at their readers
  std::vector<std::string> int8;        // what a budget (budget_options.h) leaves as it is
};

}  // namespace octet::converter
