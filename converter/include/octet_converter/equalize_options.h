// SPDX-License-Identifier: Apache-2.0
//
// How the converter evens out the channels of neighbouring layers before anything is rounded
// (docs/quantization.md).
#pragma once

#include <string>

namespace octet::converter {

struct EqualizeOptions {
  // Weights of pairs of layers (repair/equalize.h): "off"; "exact", which leaves channels alone that a clamp
  // such as ReLU6's cuts; or "relu", which replaces such a clamp by ReLU where it is in the way.
  std::string weights = "off";
  // Activations (repair/balance_activations.h): "off"; "auto", where channels are so far apart that over 12
  // dB are expected of it; or "all", where it is expected to gain anything worth while.
  std::string activations = "auto";
};

}  // namespace octet::converter
