// SPDX-License-Identifier: Apache-2.0
//
// How the range of real values that each activation covers is chosen (docs/quantization.md).
#pragma once

#include <string>

namespace octet::converter {

struct RangeOptions {
  std::string method = "minmax";  // a row of converter/ranges/range_methods.cc
  double percentile = 99.99;      // of method "percentile", in (50, 100]
  double averaging = 0.01;        // c of method "moving-average", in (0, 1]
  std::string cache;  // statistics written by calibrate_file; the network does not run for ranges then
};

}  // namespace octet::converter
