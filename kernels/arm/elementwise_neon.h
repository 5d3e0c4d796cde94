// SPDX-License-Identifier: Apache-2.0
//
// kernels/elementwise_frame.h on NEON: 32 columns at a time, two vectors, so that cores which execute in
// order need not wait for results. Anonymous: each ISA file has its own copy.
#pragma once

#include <arm_neon.h>

#include "kernels/elementwise_frame.h"

namespace octet::kernels {
namespace {

struct ElementwiseNeon {
  using Vector = int8x16x2_t;
  static constexpr size_t kColumns = 32;
  static Vector all(int8_t value) { return {{vdupq_n_s8(value), vdupq_n_s8(value)}}; }
  static Vector load(const int8_t* from) { return {{vld1q_s8(from), vld1q_s8(from + 16)}}; }
  static void store(int8_t* to, const Vector& v) {
    vst1q_s8(to, v.val[0]);
    vst1q_s8(to + 16, v.val[1]);
  }
};

// one(a, b) gives sixteen results from sixteen values of each operand.
template <class One>
inline void elementwise_neon(const ElementwiseS8& operands, const One& one) {
  elementwise<ElementwiseNeon>(operands, [one](const int8x16x2_t& a, const int8x16x2_t& b) {
    return int8x16x2_t{{one(a.val[0], b.val[0]), one(a.val[1], b.val[1])}};
  });
}

}  // namespace
}  // namespace octet::kernels
