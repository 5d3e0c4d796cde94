// SPDX-License-Identifier: Apache-2.0
//
// Which instruction sets the kernels may use on this CPU. Detection is one file per
// architecture (cpu_detect.h); any feature can be masked off from outside.
#pragma once

#include <cstdint>
#include <string>

namespace octet::kernels {

enum CpuFeature : uint32_t {
  kPortable = 0,              // always present
  kAvx2 = 1u << 0,            // AVX2 and FMA
  kAvxVnni = 1u << 1,         // 256-bit VNNI, VEX encoded
  kAvx512Vnni = 1u << 2,      // AVX512 F, BW, VL, DQ and VNNI
  kNeon = 1u << 3,            // AArch64, or ARMv7 with NEON
  kDotprod = 1u << 4,         // AArch64: sdot
  kI8mm = 1u << 5,            // AArch64: smmla (and sdot)
  kAvxVnniEvex = 1u << 6,     // the same 256-bit VNNI, EVEX encoded: see kernels/x86/vnni_256.h
  kInOrder = 1u << 7,         // a hint, not a capability: every core of this ARM machine executes in order
};

// A set of CpuFeature bits.
struct CpuFeatures {
  uint32_t bits = 0;
  bool has(CpuFeature feature) const { return (bits & feature) == static_cast<uint32_t>(feature); }
  // Whether code that needs `feature` runs here, be it the best or not: hints do not count.
  bool can_run(CpuFeature feature) const {
    const uint32_t needed = feature & ~static_cast<uint32_t>(kInOrder);
    return (bits & needed) == needed;
  }
};

// What this CPU and operating system offer, detected once.
CpuFeatures detect_cpu_features();

// Applies a mask such as "avx2", "avx2,avxvnni" or "portable": keeps only the
// features named (and those they imply: avx512vnni and avxvnni imply avx2,
// dotprod implies neon, i8mm implies both). "avxvnni" keeps 256-bit VNNI in either encoding,
// "avx512vnni" in its own. The in-order hint has the name "in-order" and is kept with each ARM feature.
// An empty mask keeps everything.
// Returns false, leaving *features unchanged, for an unknown name; *unknown then
// holds it.
bool mask_cpu_features(const char* mask, CpuFeatures* features, std::string* unknown);

// "avx2 avx512vnni", or "portable". 256-bit VNNI in EVEX encoding alone, which a mask leaves, reads
// "avxvnni".
std::string cpu_feature_names(CpuFeatures features);

}  // namespace octet::kernels
