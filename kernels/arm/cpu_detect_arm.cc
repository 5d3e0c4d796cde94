// SPDX-License-Identifier: Apache-2.0
//
// HWCAP (Linux: Documentation/arm64/elf_hwcaps.rst), sysctl (Apple), the cores' MIDR, and sysfs for caches.
#include "kernels/cpu_detect.h"

#if defined(__aarch64__) || defined(__arm__)
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/arm/core_ids.h"
#include "kernels/cpu_features.h"

#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace octet::kernels {
namespace {

#if defined(__linux__)

uint32_t instruction_bits() {
  const unsigned long hwcap = getauxval(AT_HWCAP);
#if defined(__aarch64__)
  constexpr unsigned long kHwcapAsimdDp = 1ul << 20, kHwcap2I8mm = 1ul << 13;
  uint32_t bits = kNeon;
  if (hwcap & kHwcapAsimdDp) bits |= kDotprod;
  // The i8mm kernels use dot products for what is left over.
  if ((bits & kDotprod) && (getauxval(AT_HWCAP2) & kHwcap2I8mm)) bits |= kI8mm;
  return bits;
#else
  constexpr unsigned long kHwcapNeon = 1ul << 12;
  return hwcap & kHwcapNeon ? kNeon : kPortable;
#endif
}

// One line of /sys/devices/system/cpu/cpu0/cache/index<index>/<name>.
bool read_cache_file(int index, const char* name, char* text, int capacity) {
  char path[96];
  std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
  std::FILE* file = std::fopen(path, "re");
  if (!file) return false;
  const bool read = std::fgets(text, capacity, file) != nullptr;
  std::fclose(file);
  return read;
}

// "0-3,6" -> 5.
size_t listed_cpus(const char* list) {
  size_t count = 0;
  for (char* at = const_cast<char*>(list); *at >= '0' && *at <= '9';) {
    const unsigned long first = std::strtoul(at, &at, 10);
    const unsigned long last = *at == '-' ? std::strtoul(at + 1, &at, 10) : first;
    if (last >= first) count += last - first + 1;
    if (*at == ',') ++at;
  }
  return count > 0 ? count : 1;
}

#elif defined(__APPLE__)

bool sysctl_number(const char* name, uint64_t* number) {
  *number = 0;
  size_t size = sizeof *number;
  return sysctlbyname(name, number, &size, nullptr, 0) == 0;
}

uint32_t instruction_bits() {
  uint64_t there = 0;
  uint32_t bits = kNeon;
  if (sysctl_number("hw.optional.arm.FEAT_DotProd", &there) && there) bits |= kDotprod;
  if ((bits & kDotprod) && sysctl_number("hw.optional.arm.FEAT_I8MM", &there) && there) bits |= kI8mm;
  return bits;
}

#elif defined(__aarch64__)

uint32_t instruction_bits() { return kNeon; }

#else

uint32_t instruction_bits() { return kPortable; }

#endif

bool all_cores_are_in_order() {
  constexpr size_t kMost = 64;
  uint32_t midrs[kMost];
  const size_t count = core_midrs(midrs, kMost);
  for (size_t i = 0; i < count; ++i)
    if (!is_in_order_core(midrs[i])) return false;
  return count > 0;
}

}  // namespace

uint32_t detect_cpu_bits() {
  uint32_t bits = instruction_bits();
  if ((bits & kNeon) && all_cores_are_in_order()) bits |= kInOrder;
  return bits;
}

void detect_cache_sizes(CacheSizes* sizes) {
#if defined(__linux__)
  char level[8], type[32], size[32], cpus[256];
  for (int index = 0; index < 8 && read_cache_file(index, "level", level, sizeof level); ++index) {
    if (!read_cache_file(index, "type", type, sizeof type) || std::strncmp(type, "Instruction", 11) == 0)
      continue;
    if (!read_cache_file(index, "size", size, sizeof size)) continue;
    char* unit = nullptr;
    size_t bytes = std::strtoul(size, &unit, 10);
    if (*unit == 'K') bytes *= 1024;
    if (*unit == 'M') bytes *= 1024 * 1024;
    const size_t cores = read_cache_file(index, "shared_cpu_list", cpus, sizeof cpus) ? listed_cpus(cpus) : 1;
    if (bytes == 0) continue;
    if (level[0] == '1') sizes->l1 = bytes / cores;
    if (level[0] == '2') sizes->l2 = bytes / cores;
    if (level[0] == '3') sizes->l3 = bytes;
  }
#elif defined(__APPLE__)
  uint64_t bytes = 0;
  if (sysctl_number("hw.l1dcachesize", &bytes) && bytes) sizes->l1 = bytes;
  if (sysctl_number("hw.l2cachesize", &bytes) && bytes) sizes->l2 = bytes;
  if (sysctl_number("hw.l3cachesize", &bytes) && bytes) sizes->l3 = bytes;
#else
  (void)sizes;
#endif
}

}  // namespace octet::kernels
#endif
