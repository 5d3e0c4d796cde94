// SPDX-License-Identifier: Apache-2.0
//
// How fast a model runs on this machine: a short real run, operator by operator.
#pragma once

#include <string>
#include <vector>

#include "tools/arguments.h"

namespace octet::tools {

struct Speed {
  double run_ms = 0;  // the fastest of `runs`; 0: not measured
  size_t runs = 0, threads = 1;
  std::string cpu, cpu_features;
  // Per operator, the fastest run and the kernel. Of a float island its first operator has all of its time,
  // and the others say so: ms < 0.
  std::vector<double> operator_ms;
  std::vector<std::string> kernels;
};

// Runs `path` for about a quarter of a second, at least 3 and at most 50 times.
Status measure_speed(const std::string& path, const Arguments& arguments, Speed* speed);

}  // namespace octet::tools
