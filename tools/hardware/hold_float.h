// SPDX-License-Identifier: Apache-2.0
//
// Holds XNNPACK, which computes float, to an instruction set, so that INT8 and float can be compared at the
// same one.
#pragma once

#include <string>

namespace octet::tools {

// Takes from cpuinfo's record what a mask (kernels/cpu_features.h) leaves out: AVX-512, and without AVX2 all
// that came after SSE2. XNNPACK chooses its kernels by that record when it is first initialized. It holds for
// the whole process and for good: call it before any session exists, in a program that ends with its one
// measurement. An empty or unknown mask changes nothing, nor does any outside x86 or without XNNPACK.
void hold_float(const std::string& mask);

}  // namespace octet::tools
