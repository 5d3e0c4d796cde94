// SPDX-License-Identifier: Apache-2.0
//
// CPUID and XGETBV (Intel SDM volume 2A, CPUID; volume 1, 13.3; AMD APM volume 3, appendix E).
#include "kernels/cpu_detect.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

#include "kernels/cpu_features.h"

namespace octet::kernels {
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the CPU has no such leaf.
Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

constexpr bool bit(uint64_t word, unsigned index) { return (word >> index & 1) != 0; }

// XCR0: which registers the operating system saves. The caller has seen OSXSAVE.
uint64_t saved_registers() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | uint64_t{high} << 32;
}

constexpr uint64_t kYmmState = 0x06;  // XMM, upper halves of YMM
constexpr uint64_t kZmmState = 0xe6;  // and opmasks, upper halves of ZMM, ZMM16 to 31

// Leaf 4 (Intel) and leaf 0x8000001d (AMD) describe one cache per subleaf in the same form.
bool describes_caches(unsigned leaf) { return (cpuid(leaf, 0).eax & 31) != 0; }

size_t threads_per_core() {
  const unsigned amd = cpuid(0x8000001e, 0).ebx >> 8 & 255;  // less one
  if (describes_caches(0x8000001d)) return amd + 1;
  const size_t smt = cpuid(0xb, 0).ebx & 0xffff;  // level 0: logical processors of a core
  return smt > 0 ? smt : 1;
}

}  // namespace

uint32_t detect_cpu_bits() {
  const Registers basic = cpuid(1, 0), extended = cpuid(7, 0);
  const bool fma = bit(basic.ecx, 12), osxsave = bit(basic.ecx, 27), avx = bit(basic.ecx, 28);
  const bool avx2 = bit(extended.ebx, 5), bmi2 = bit(extended.ebx, 8);
  // The flags of cmake/isa_kernels.cmake: avx2, fma, bmi2.
  if (!osxsave || !avx || !fma || !avx2 || !bmi2) return kPortable;
  const uint64_t saved = saved_registers();
  if ((saved & kYmmState) != kYmmState) return kPortable;
  uint32_t bits = kAvx2;
  if (extended.eax >= 1 && bit(cpuid(7, 1).eax, 4)) bits |= kAvxVnni;
  const bool avx512 =
      bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) && bit(extended.ebx, 31);
  if (avx512 && bit(extended.ecx, 11) && (saved & kZmmState) == kZmmState) bits |= kAvx512Vnni | kAvxVnniEvex;
  return bits;
}

void detect_cache_sizes(CacheSizes* sizes) {
  const unsigned leaf = describes_caches(0x8000001d) ? 0x8000001d : 4;
  const size_t threads = threads_per_core();
  for (unsigned index = 0; index < 16; ++index) {
    const Registers r = cpuid(leaf, index);
    const unsigned type = r.eax & 31, level = r.eax >> 5 & 7;
    if (type == 0) return;
    if (type == 2) continue;  // instructions
    const size_t line = (r.ebx & 4095) + 1, partitions = (r.ebx >> 12 & 1023) + 1, ways = (r.ebx >> 22) + 1;
    const size_t bytes = line * partitions * ways * (size_t{r.ecx} + 1);
    const size_t sharing = (r.eax >> 14 & 4095) + 1;  // logical processors, rounded up to a power of 2
    const size_t cores = sharing > threads ? sharing / threads : 1;
    if (level == 1) sizes->l1 = bytes / cores;
    if (level == 2) sizes->l2 = bytes / cores;
    if (level == 3) sizes->l3 = bytes;
  }
}

}  // namespace octet::kernels
#endif
