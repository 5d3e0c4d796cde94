// SPDX-License-Identifier: Apache-2.0
//
// Detection of instruction sets (cpuinfo, which also asks whether the operating
// system saves the registers) and the mask that narrows it.
#include "kernels/cpu_features.h"

#include <cpuinfo.h>

#include <cstddef>

#if CPUINFO_ARCH_X86 || CPUINFO_ARCH_X86_64
#include <cpuid.h>
#elif CPUINFO_ARCH_ARM64 && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace octet::kernels {
namespace {

// What naming a feature in a mask keeps: the feature and those it implies.
struct FeatureName {
  const char* name;
  uint32_t bit;
  uint32_t keeps;
};

constexpr FeatureName kFeatureNames[] = {
    {"portable", kPortable, kPortable},
    {"avx2", kAvx2, kAvx2},
    {"avxvnni", kAvxVnni, kAvxVnni | kAvxVnniEvex | kAvx2},
    {"avx512vnni", kAvx512Vnni, kAvx512Vnni | kAvxVnniEvex | kAvx2},
    {"neon", kNeon, kNeon},
    {"dotprod", kDotprod, kDotprod | kNeon},
    {"i8mm", kI8mm, kI8mm | kNeon},
};

const FeatureName* find_feature(const std::string& name) {
  for (const FeatureName& row : kFeatureNames)
    if (name == row.name) return &row;
  return nullptr;
}

#if CPUINFO_ARCH_X86 || CPUINFO_ARCH_X86_64

// CPUID leaf 7, subleaf 1, EAX bit 4. It needs the same operating system
// support as AVX2, so the caller asks for AVX2 first.
bool cpuid_has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && eax >= 1 &&
         __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & (1u << 4)) != 0;
}

uint32_t detect_bits() {
  // The flags of cmake/isa_kernels.cmake: avx2, fma, bmi2.
  if (!cpuinfo_has_x86_avx2() || !cpuinfo_has_x86_fma3() || !cpuinfo_has_x86_bmi2()) return kPortable;
  uint32_t bits = kAvx2;
  if (cpuid_has_avx_vnni()) bits |= kAvxVnni;
  if (cpuinfo_has_x86_avx512f() && cpuinfo_has_x86_avx512bw() && cpuinfo_has_x86_avx512vl() &&
      cpuinfo_has_x86_avx512dq() && cpuinfo_has_x86_avx512vnni()) {
    bits |= kAvx512Vnni | kAvxVnniEvex;
  }
  return bits;
}

#elif CPUINFO_ARCH_ARM || CPUINFO_ARCH_ARM64

bool has_i8mm() {
#if CPUINFO_ARCH_ARM64 && defined(__linux__)
  constexpr unsigned long kHwcap2I8mm = 1ul << 13;
  return (getauxval(AT_HWCAP2) & kHwcap2I8mm) != 0;
#else
  return false;
#endif
}

uint32_t detect_bits() {
  uint32_t bits = kPortable;
  if (cpuinfo_has_arm_neon()) bits |= kNeon;
  if (cpuinfo_has_arm_neon_dot()) bits |= kDotprod;
  if (has_i8mm()) bits |= kI8mm;
  return bits;
}

#else

uint32_t detect_bits() { return kPortable; }

#endif

}  // namespace

CpuFeatures detect_cpu_features() {
  static const CpuFeatures features{cpuinfo_initialize() ? detect_bits() : uint32_t{kPortable}};
  return features;
}

bool mask_cpu_features(const char* mask, CpuFeatures* features, std::string* unknown) {
  const std::string text = mask ? mask : "";
  if (text.empty()) return true;
  uint32_t keep = kPortable;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = text.find_first_of(", ", begin);
    if (end == std::string::npos) end = text.size();
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    const FeatureName* row = find_feature(name);
    if (!row) {
      *unknown = name;
      return false;
    }
    keep |= row->keeps;
  }
  features->bits &= keep;
  return true;
}

std::string cpu_feature_names(CpuFeatures features) {
  std::string names;
  if (features.has(kAvxVnniEvex) && !features.has(kAvx512Vnni)) features.bits |= kAvxVnni;
  for (const FeatureName& row : kFeatureNames) {
    if (row.bit == kPortable || (features.bits & row.bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += row.name;
  }
  return names.empty() ? "portable" : names;
}

}  // namespace octet::kernels
