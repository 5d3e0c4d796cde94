// SPDX-License-Identifier: Apache-2.0
//
// Which instruction sets the kernels may use on this CPU. All detection is in
// cpu_features.cc; any feature can be masked off from outside.
#pragma once

#include <cstdint>
#include <string>

namespace octet::kernels {

enum CpuFeature : uint32_t {
  kPortable = 0,             // always present
  kAvx2 = 1u << 0,           // AVX2 and FMA
  kAvxVnni = 1u << 1,        // 256-bit VNNI, VEX encoded
  kAvx512Vnni = 1u << 2,     // AVX512 F, BW, VL, DQ and VNNI
  kNeon = 1u << 3,
  kDotprod = 1u << 4,
  kI8mm = 1u << 5,
  kAvxVnniEvex = 1u << 6,    // the same 256-bit VNNI, EVEX encoded (AVX512-VNNI and VL): see kernels/x86/vnni_256.h
};

// A set of CpuFeature bits.
struct CpuFeatures {
  uint32_t bits = 0;
  bool has(CpuFeature feature) const { return (bits & feature) == static_cast<uint32_t>(feature); }
};

// What this CPU and operating system offer, detected once with cpuinfo.
// AVX-VNNI comes from CPUID leaf 7.1, which older cpuinfo does not report.
CpuFeatures detect_cpu_features();

// Applies a mask such as "avx2", "avx2,avxvnni" or "portable": keeps only the
// features named (and those they imply: avx512vnni and avxvnni imply avx2,
// dotprod and i8mm imply neon). "avxvnni" keeps 256-bit VNNI in either encoding,
// "avx512vnni" in its own.
// An empty mask keeps everything.
// Returns false, leaving *features unchanged, for an unknown name; *unknown then
// holds it.
bool mask_cpu_features(const char* mask, CpuFeatures* features, std::string* unknown);

// "avx2 avx512vnni", or "portable". 256-bit VNNI in EVEX encoding alone, which a mask leaves, reads "avxvnni".
std::string cpu_feature_names(CpuFeatures features);

}  // namespace octet::kernels
