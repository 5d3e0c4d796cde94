// SPDX-License-Identifier: Apache-2.0
//
// Sizes of this CPU's data caches. Kernels may size their blocks by them and choose by them, but no
// answer depends on them.
#pragma once

#include <cstddef>

namespace octet::kernels {

struct CacheSizes {
  size_t l1, l2, l3;  // bytes; l1 and l2 of one core, l3 as a whole (0 where there is none)
};

// Detected once; what the machine does not tell is the size that small CPUs of the last ten years have. The
// environment variable OCTET_CACHE_SIZES=L1,L2,L3 (bytes) replaces all three, for counts that must be alike
// on every machine (benchmarks/arm/count_instructions); anything else in it is ignored.
CacheSizes cache_sizes();

}  // namespace octet::kernels
