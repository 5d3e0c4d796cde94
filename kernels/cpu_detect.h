// SPDX-License-Identifier: Apache-2.0
//
// What cpu_features.cc and cache_sizes.cc ask of the machine; one implementation per
// architecture: x86/cpu_detect_x86.cc, arm/cpu_detect_arm.cc. No library is needed for it, so that the
// runtime embeds anywhere.
#pragma once

#include <cstdint>

#include "kernels/cache_sizes.h"

namespace octet::kernels {

// CpuFeature bits that this CPU and operating system offer.
uint32_t detect_cpu_bits();

// Replaces in *sizes what the machine tells; the rest stays.
void detect_cache_sizes(CacheSizes* sizes);

}  // namespace octet::kernels
