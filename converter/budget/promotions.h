// SPDX-License-Identifier: Apache-2.0
//
// promotions_of: the steps by which a network becomes more exact, in the order in which a budget takes them:
//
//   - activations from 8 to 16 bits: worst first, by noise / (1 + cost). The layers that write and read one
//   get
//     slower; cost is that in units of the whole network's time.
//   - layers from 8-bit weights to f32, by the noise of their weights in the same way; one goes ahead of
//   activations
//     that all together cost less than its weights alone. Operators without weights follow at the end, so
//     that all steps together are the float network.
#pragma once

#include "converter/budget/sensitivity.h"
#include "octet_converter/precision_options.h"

namespace octet::converter {

struct Promotion {
  bool to_float = false;           // else to 16 bits
  std::vector<std::string> names;  // what PrecisionOptions::int16 or keep_float gets
  size_t item = 0;                 // in the list of sensitivities; kNoItem: an operator without weights
  double noise = 0;                // that it takes away
  uint64_t macs = 0;               // of the layers that get slower
};
constexpr size_t kNoItem = static_cast<size_t>(-1);

// Leaves out what `options` decides by hand.
std::vector<Promotion> promotions_of(const Graph& quantized, const std::vector<Sensitivity>& items,
                                     const PrecisionOptions& options);

}  // namespace octet::converter
