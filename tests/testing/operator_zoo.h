// SPDX-License-Identifier: Apache-2.0
//
// One small valid model for every operator type, and for both forms where a
// type has s8 and f32: to damage, and as seeds of the fuzzer.
#pragma once

#include <string>
#include <vector>

#include "tests/testing/model_builder.h"

namespace octet::testing {

struct ZooModel {
  std::string name;  // "conv_2d_s8"
  AlignedBytes bytes;
};

std::vector<ZooModel> operator_zoo();

}  // namespace octet::testing
