// SPDX-License-Identifier: Apache-2.0
//
// Runs one conv_s8 kernel on one case and compares it with the reference, byte for byte, over
// the whole output buffer including what it must not touch; inputs, packed weights and scratch end at guard
// pages.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/conv_s8.h"
#include "tests/kernels/conv_s8_case.h"

namespace octet::kernels {

// Empty if the kernel equals the reference; otherwise where it differs first. `seed` cuts the items.
std::string difference_from_reference(const ConvS8Kernel& kernel, const ConvCase& test, uint64_t seed);

}  // namespace octet::kernels
