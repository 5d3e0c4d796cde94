// SPDX-License-Identifier: Apache-2.0
//
// The dot products of vnni_256.h, and wider, on AVX512-VNNI.
// Anonymous: each ISA file has its own copy.
#pragma once

#include <immintrin.h>

namespace octet::kernels {
namespace {

// acc + the sum of four products u8 * s8 in each s32 lane, without saturation.
inline __m512i dot_u8s8(__m512i acc, __m512i u, __m512i s) { return _mm512_dpbusd_epi32(acc, u, s); }
inline __m256i dot_u8s8(__m256i acc, __m256i u, __m256i s) { return _mm256_dpbusd_epi32(acc, u, s); }
inline __m128i dot_u8s8(__m128i acc, __m128i u, __m128i s) { return _mm_dpbusd_epi32(acc, u, s); }

}  // namespace
}  // namespace octet::kernels
