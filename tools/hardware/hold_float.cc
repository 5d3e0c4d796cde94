// SPDX-License-Identifier: Apache-2.0
#include "tools/hardware/hold_float.h"

#if OCTET_WITH_XNNPACK && (defined(__x86_64__) || defined(__i386__))

#include <cpuinfo.h>

#include "kernels/cpu_features.h"

namespace octet::tools {

namespace {

using Isa = cpuinfo_x86_isa;

constexpr bool Isa::*kAvx512[] = {&Isa::avx512f,         &Isa::avx512cd,    &Isa::avx512dq,
                                  &Isa::avx512bw,        &Isa::avx512vl,    &Isa::avx512ifma,
                                  &Isa::avx512vbmi,      &Isa::avx512vbmi2, &Isa::avx512bitalg,
                                  &Isa::avx512vpopcntdq, &Isa::avx512vnni,  &Isa::avx512bf16};
constexpr bool Isa::*kBehindSse2[] = {&Isa::sse3, &Isa::ssse3, &Isa::sse4_1, &Isa::sse4_2,
                                      &Isa::avx,  &Isa::fma3,  &Isa::f16c,   &Isa::avx2};

}  // namespace

void hold_float(const std::string& mask) {
  kernels::CpuFeatures allowed{~uint32_t{0}};
  std::string unknown;
  if (!kernels::mask_cpu_features(mask.c_str(), &allowed, &unknown) || !cpuinfo_initialize())
    return;
  if (!allowed.has(kernels::kAvx512Vnni))
    for (bool Isa::*const field : kAvx512) cpuinfo_isa.*field = false;
  if (!allowed.has(kernels::kAvx2))
    for (bool Isa::*const field : kBehindSse2) cpuinfo_isa.*field = false;
}

}  // namespace octet::tools

#else

namespace octet::tools {

void hold_float(const std::string&) {}

}  // namespace octet::tools

#endif
