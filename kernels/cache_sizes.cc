// SPDX-License-Identifier: Apache-2.0
//
// Cache sizes from cpuinfo.
#include "kernels/cache_sizes.h"

#include <cpuinfo.h>

namespace octet::kernels {
namespace {

constexpr CacheSizes kUnknown = {32 * 1024, 256 * 1024, 0};

// Of one core, where several share the cache.
size_t bytes_per_core(const cpuinfo_cache* cache, size_t unknown) {
  if (!cache || cache->size == 0) return unknown;
  const cpuinfo_processor* first = cpuinfo_get_processor(cache->processor_start);
  uint32_t cores = 0;  // processors of one core follow one another
  const cpuinfo_core* last = nullptr;
  for (uint32_t i = 0; first && i < cache->processor_count; ++i) {
    const cpuinfo_processor* processor = cpuinfo_get_processor(cache->processor_start + i);
    if (!processor || processor->core == last) continue;
    last = processor->core;
    ++cores;
  }
  return cache->size / (cores > 0 ? cores : 1);
}

CacheSizes detect() {
  if (!cpuinfo_initialize()) return kUnknown;
  CacheSizes sizes;
  sizes.l1 = bytes_per_core(cpuinfo_get_l1d_cache(0), kUnknown.l1);
  sizes.l2 = bytes_per_core(cpuinfo_get_l2_cache(0), kUnknown.l2);
  const cpuinfo_cache* l3 = cpuinfo_get_l3_caches_count() > 0 ? cpuinfo_get_l3_cache(0) : nullptr;
  sizes.l3 = l3 ? l3->size : kUnknown.l3;
  return sizes;
}

}  // namespace

CacheSizes cache_sizes() {
  static const CacheSizes sizes = detect();
  return sizes;
}

}  // namespace octet::kernels
