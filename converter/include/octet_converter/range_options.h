// SPDX-License-Identifier: Apache-2.0
//
// How the range of real values that each activation covers is chosen (docs/quantization.md).
#pragma once

#include <map>
#include <string>
#include <utility>

namespace octet::converter {

// What NPUs, DSPs and other runtimes ask of scales; each costs accuracy.
struct ScaleForm {
  bool symmetric = false;           // activations: zero point 0, scale = max |x| / 127
  bool power_of_two = false;        // every scale is 2^n, the next above
  bool per_tensor_weights = false;  // one scale for all output channels
};

struct RangeOptions {
  std::string method = "auto";  // a row of converter/ranges/range_methods.cc
  double percentile = 99.99;    // of method "percentile", in (50, 100]
  double averaging = 0.01;      // c of method "moving-average", in (0, 1]
  // Statistics written by calibrate_file: ranges come from them, and the network does not run for that.
  std::string cache;
  std::map<std::string, std::pair<float, float>>
      fixed;  // tensor or input -> {min, max}, instead of what was seen
  std::map<std::string, std::string> methods;  // tensor or input -> its own method
  // Node -> true: one scale for all its output channels; false: one each. Instead of form.per_tensor_weights.
  std::map<std::string, bool> weights_per_tensor;
  ScaleForm form;
};

}  // namespace octet::converter
