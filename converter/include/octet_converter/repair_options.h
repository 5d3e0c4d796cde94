// SPDX-License-Identifier: Apache-2.0
//
// How the converter makes up for the error that quantization brings (docs/quantization.md).
#pragma once

#include <string>

namespace octet::converter {

struct RepairOptions {
  std::string round = "gptq";  // how weights are rounded: nearest, gptq, descent, admm
  bool correct_bias = true;    // match the layers' means with float's on the samples
};

}  // namespace octet::converter
