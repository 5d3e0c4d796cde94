// SPDX-License-Identifier: Apache-2.0
//
// Quantization without samples: what the network itself tells about its activations (docs/quantization.md).
#pragma once

#include <cstdint>

namespace octet::converter {

struct DataFreeOptions {
  bool enabled = false;
  // Ranges of normalized activations: mean +- this many standard deviations of each channel.
  double deviations = 6;
  uint64_t seed = 1;  // of the synthetic inputs
};

}  // namespace octet::converter
