// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache_sizes.h"

#include "kernels/cpu_detect.h"

namespace octet::kernels {
namespace {

CacheSizes detect() {
  CacheSizes sizes = {32 * 1024, 256 * 1024, 0};
  detect_cache_sizes(&sizes);
  return sizes;
}

}  // namespace

CacheSizes cache_sizes() {
  static const CacheSizes sizes = detect();
  return sizes;
}

}  // namespace octet::kernels
