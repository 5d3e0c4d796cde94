// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache_sizes.h"

#include <cstdlib>

#include "kernels/cpu_detect.h"

namespace octet::kernels {
namespace {

// "L1,L2,L3" in bytes.
bool parse(const char* text, CacheSizes* sizes) {
  char* end = nullptr;
  size_t* const fields[] = {&sizes->l1, &sizes->l2, &sizes->l3};
  for (size_t i = 0; i < 3; ++i) {
    *fields[i] = std::strtoul(text, &end, 10);
    if (end == text || *end != (i < 2 ? ',' : '\0')) return false;
    text = end + 1;
  }
  return sizes->l1 > 0 && sizes->l2 > 0;
}

CacheSizes detect() {
  CacheSizes given;
  const char* variable = std::getenv("OCTET_CACHE_SIZES");
  if (variable != nullptr && parse(variable, &given)) return given;
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
