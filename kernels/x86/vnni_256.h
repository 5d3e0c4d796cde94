// SPDX-License-Identifier: Apache-2.0
//
// 256-bit VNNI. A file <name>_avxvnni.cc is compiled twice: for AVX-VNNI (VEX
// encoded, 16 registers), and for CPUs that have the same instructions only in
// EVEX encoding (AVX512-VNNI with VL), where it serves when 512-bit kernels are
// masked off, and to test and measure the source on such a machine. The rows are
// <name>_avxvnni and <name>_avxvnni_evex:
//
//   extern const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_foo);
//   const ConvS8Kernel OCTET_AVXVNNI_SYMBOL(conv_s8_foo) = {OCTET_AVXVNNI_NAME("conv_s8_foo"), kVnni256, ...};
#pragma once

#include <immintrin.h>

#include "kernels/cpu_features.h"

#if defined(__AVX512VNNI__)
#define OCTET_AVXVNNI_SYMBOL(name) name##_avxvnni_evex_kernel
#define OCTET_AVXVNNI_NAME(name) name "_avxvnni_evex"
#else
#define OCTET_AVXVNNI_SYMBOL(name) name##_avxvnni_kernel
#define OCTET_AVXVNNI_NAME(name) name "_avxvnni"
#endif

namespace octet::kernels {
namespace {

#if defined(__AVX512VNNI__)
constexpr CpuFeature kVnni256 = kAvxVnniEvex;

// acc + the sum of four products u8 * s8 in each s32 lane, without saturation.
inline __m256i dot_u8s8(__m256i acc, __m256i u, __m256i s) { return _mm256_dpbusd_epi32(acc, u, s); }
// acc + the sum of two products s16 * s16 in each s32 lane, modulo 2^32.
inline __m256i dot_s16(__m256i acc, __m256i a, __m256i b) { return _mm256_dpwssd_epi32(acc, a, b); }
inline __m128i dot_u8s8(__m128i acc, __m128i u, __m128i s) { return _mm_dpbusd_epi32(acc, u, s); }
#else
constexpr CpuFeature kVnni256 = kAvxVnni;

inline __m256i dot_u8s8(__m256i acc, __m256i u, __m256i s) { return _mm256_dpbusd_avx_epi32(acc, u, s); }
inline __m256i dot_s16(__m256i acc, __m256i a, __m256i b) { return _mm256_dpwssd_avx_epi32(acc, a, b); }
inline __m128i dot_u8s8(__m128i acc, __m128i u, __m128i s) { return _mm_dpbusd_avx_epi32(acc, u, s); }
#endif

}  // namespace
}  // namespace octet::kernels
