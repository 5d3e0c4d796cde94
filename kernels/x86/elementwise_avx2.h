// SPDX-License-Identifier: Apache-2.0
//
// kernels/elementwise_frame.h on AVX2, 32 columns at a time. Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/elementwise_frame.h"
#include "kernels/x86/partial_avx2.h"

namespace octet::kernels {
namespace {

struct ElementwiseAvx2 {
  using Vector = __m256i;
  static constexpr size_t kColumns = 32;
  static Vector all(int8_t value) { return _mm256_set1_epi8(value); }
  static Vector load(const int8_t* from) { return load_s8x32(from); }
  static void store(int8_t* to, Vector v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }
};

}  // namespace
}  // namespace octet::kernels
