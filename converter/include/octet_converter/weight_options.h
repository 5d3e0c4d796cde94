// SPDX-License-Identifier: Apache-2.0
//
// How the file stores the weights of what runs in float (docs/quantization.md).
#pragma once

namespace octet::converter {

struct WeightOptions {
  bool store_as_integers = false;  // --weights-only
  int bits = 8;                    // 8 or 4
  // Weights of an output channel that share a scale; 0: all of them with 8 bits, 32 with 4.
  int group_size = 0;
};

}  // namespace octet::converter
