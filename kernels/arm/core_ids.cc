// SPDX-License-Identifier: Apache-2.0
#include "kernels/arm/core_ids.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace octet::kernels {
namespace {

constexpr uint32_t kArm = 0x41;  // implementer
constexpr uint32_t kInOrderParts[] = {0xc05, 0xc07, 0xc08, 0xd01, 0xd02, 0xd03, 0xd04, 0xd05, 0xd46, 0xd80};

#if defined(__linux__)

// A file of numbers such as "0x00000000410fd034".
bool read_number(const char* path, uint64_t* number) {
  std::FILE* file = std::fopen(path, "re");
  if (!file) return false;
  char text[32] = "";
  const bool read = std::fgets(text, sizeof text, file) != nullptr;
  std::fclose(file);
  char* end = text;
  *number = std::strtoull(text, &end, 0);
  return read && end != text;
}

size_t midrs_of_sysfs(uint32_t* midrs, size_t limit) {
  size_t count = 0;
  // A core that is offline has no file; behind a gap of 8 there are no more.
  for (size_t core = 0, missing = 0; count < limit && missing < 8; ++core) {
    char path[96];
    std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%zu/regs/identification/midr_el1", core);
    uint64_t midr = 0;
    if (read_number(path, &midr)) {
      midrs[count++] = static_cast<uint32_t>(midr);
      missing = 0;
    } else {
      ++missing;
    }
  }
  return count;
}

size_t midrs_of_proc(uint32_t* midrs, size_t limit) {
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (!file) return 0;
  size_t count = 0;
  uint32_t midr = 0;
  char line[256];
  while (count < limit && std::fgets(line, sizeof line, file))
    if (read_cpuinfo_line(line, &midr)) midrs[count++] = midr;
  std::fclose(file);
  return count;
}

// Of the core this runs on.
size_t midr_of_register(uint32_t* midrs) {
#if defined(__aarch64__)
  constexpr unsigned long kHwcapCpuid = 1ul << 11;
  if ((getauxval(AT_HWCAP) & kHwcapCpuid) == 0) return 0;
  uint64_t midr = 0;
  __asm__("mrs %0, MIDR_EL1" : "=r"(midr));
  midrs[0] = static_cast<uint32_t>(midr);
  return 1;
#else
  (void)midrs;
  return 0;
#endif
}

#endif

}  // namespace

bool is_in_order_core(uint32_t midr) {
  if (midr >> 24 != kArm) return false;
  const uint32_t part = midr >> 4 & 0xfff;
  for (const uint32_t known : kInOrderParts)
    if (part == known) return true;
  return false;
}

bool read_cpuinfo_line(const char* line, uint32_t* midr) {
  const char* colon = std::strchr(line, ':');
  if (!colon) return false;
  const uint32_t number = static_cast<uint32_t>(std::strtoul(colon + 1, nullptr, 0));
  if (std::strncmp(line, "CPU implementer", 15) == 0) *midr = (number & 0xff) << 24;
  if (std::strncmp(line, "CPU part", 8) != 0) return false;
  *midr = (*midr & 0xff000000u) | (number & 0xfff) << 4;
  return true;
}

size_t core_midrs(uint32_t* midrs, size_t limit) {
#if defined(__linux__)
  if (limit == 0) return 0;
  if (const size_t count = midrs_of_sysfs(midrs, limit)) return count;
  if (const size_t count = midrs_of_proc(midrs, limit)) return count;
  return midr_of_register(midrs);
#else
  (void)midrs;
  (void)limit;
  return 0;
#endif
}

}  // namespace octet::kernels
