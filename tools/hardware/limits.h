// SPDX-License-Identifier: Apache-2.0
//
// What one core of this machine can do at best, in multiply-accumulates: for each instruction set that the
// CPU has, the speed of a loop over registers alone, without a load or store. Benchmarks and `octet bench
// --profile` measure it in their own process, so that "percent of limit" holds on any machine at any clock.
//
// A kernel may exceed its limit where it needs fewer multiplications than it counts (Winograd).
#pragma once

#include <string>
#include <vector>

#include "kernels/cpu_features.h"

namespace octet::tools {

struct Limit {
  const char* name;          // "avx512vnni"
  const char* instructions;  // what the loop consists of
  double gmacs;              // 10^9 multiply-accumulates a second, one core
};

// Every loop that this CPU has, measured at the first call (about 10 ms); empty where no loops were written
// for the architecture, which means: unknown.
const std::vector<Limit>& hardware_limits();

// The limit by name; 0 if unknown.
double hardware_limit(const std::string& name);

// The limit of kernels that need `feature` for s8; 0 if unknown.
double hardware_limit_s8(kernels::CpuFeature feature);

// The limit of a kernel by its name, which ends in its instruction set: "conv_s8_gemm_6x16_avx2". "xnnpack"
// is float at the widest that `cpu` has. 0 if unknown.
double hardware_limit_of_kernel(const std::string& kernel, kernels::CpuFeatures cpu);

}  // namespace octet::tools
