// SPDX-License-Identifier: Apache-2.0
//
// The loops of hardware/limits.h, by architecture: inline assembly on registers alone, with enough
// independent accumulators to hide the latency. A new architecture adds its file limit_loops_<name>.cc.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cpu_features.h"

namespace octet::tools {

struct LimitLoop {
  const char* name;  // the limit that it measures; of several with one name the fastest counts
  const char* instructions;
  kernels::CpuFeature feature;
  bool is_f32;
  size_t macs;  // in one iteration
  void (*run)(size_t iterations);
};

// Empty where no loops were written for the architecture.
std::vector<LimitLoop> limit_loops();

}  // namespace octet::tools
