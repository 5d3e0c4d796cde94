// SPDX-License-Identifier: Apache-2.0
//
// The way from accumulators to outputs of the conv_s16 kernels on NEON (AArch64 and ARMv7), eight channels of
// some pixels at a time: the shift and the multiplication of requantize_neon.h, then its zero point and
// narrowing for s8, or the clamp alone for s16.
//
// A header stands in front of the packed weights of eight channels:
//
//   u32 bias[8]            with the rounding term
//   s32 stored_shift[8]    requantize_neon.h; or f32 accumulator_scale[8]
//   s16 multiplier[8]
//
// Inputs come less their zero point. No shift is rare: sqshl saturates to the left, too.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/requantize_neon.h"
#include "kernels/arm/table_neon.h"
#include "kernels/conv_s16.h"

namespace octet::kernels {
namespace {

constexpr size_t kWideEight = 8, kWideEightHeader = kWideEight * (4 + 4 + 2);

// Channels [first, first + columns), zeros behind them.
inline void pack_wide_eight_header(const ConvS16& c, size_t first, size_t columns, uint8_t* to) {
  std::memset(to, 0, kWideEightHeader);
  for (size_t i = 0; i < columns; ++i) {
    const size_t o = first + i;
    uint32_t bias = c.bias ? static_cast<uint32_t>(c.bias[o]) : 0;
    if (c.accumulator_scale) {
      std::memcpy(to + 4 * (kWideEight + i), &c.accumulator_scale[o], 4);
    } else {
      const int32_t p = c.right_shift[o], shift = stored_shift(p);
      bias += rounding_term(p);
      std::memcpy(to + 4 * (kWideEight + i), &shift, 4);
      std::memcpy(to + 8 * kWideEight + 2 * i, &c.multiplier[o], 2);
    }
    std::memcpy(to + 4 * i, &bias, 4);
  }
}

inline const int32_t* wide_bias(const uint8_t* header) { return reinterpret_cast<const int32_t*>(header); }

// What the channels of a convolution share.
struct WideEpilogue {
  RequantizeRange narrow;  // s8
  int16x8_t min, max;      // s16
  const int8_t* table;     // s8
  bool f32, s16;

  explicit WideEpilogue(const ConvS16& c)
      : narrow(c.output_zero_point, c.output_min, c.output_max),
        min(vdupq_n_s16(static_cast<int16_t>(c.output_min))),
        max(vdupq_n_s16(static_cast<int16_t>(c.output_max))),
        table(c.output_table),
        f32(c.accumulator_scale != nullptr),
        s16(c.output_s16) {}
};

// Rows of `columns` outputs, `stride` elements apart, from element `first` of `output` on.
struct WideTarget {
  void* output;
  size_t first, stride, columns;

  template <class T>
  T* row(size_t i) const {
    return static_cast<T*>(output) + first + i * stride;
  }
};

// Eight values of T to `to`, or the first columns of them.
template <class T, class Store>
inline void store_eight(T* to, size_t columns, const Store& store) {
  if (columns == kWideEight) return store(to);
  T values[kWideEight];
  store(values);
  std::memcpy(to, values, columns * sizeof(T));
}

// The s8 outputs of all rows, through the table.
template <size_t kRows>
inline void store_looked_up(const int8x8_t (&q)[kRows], const WideTarget& target, const int8_t* table) {
  int8_t values[kRows * kWideEight];
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) vst1_s8(values + i * kWideEight, q[i]);
  apply_table(TableParts(table), values, values, kRows * kWideEight);
  for (size_t i = 0; i < kRows; ++i)
    std::memcpy(target.row<int8_t>(i), values + i * kWideEight, target.columns);
}

template <size_t kRows>
inline void store_wide_s8(const uint8_t* header, const int32x4_t (&acc)[kRows][2], const WideTarget& target,
                          const WideEpilogue& e) {
  const RequantizeEight r = RequantizeEight::load(wide_bias(header) + kWideEight,
                                                  reinterpret_cast<const int16_t*>(header + 8 * kWideEight));
  int8x8_t q[kRows];
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) q[i] = requantize_8(acc[i][0], acc[i][1], r, e.narrow);
  if (e.table) return store_looked_up(q, target, e.table);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i)
    store_eight(target.row<int8_t>(i), target.columns, [&](int8_t* to) { vst1_s8(to, q[i]); });
}

template <size_t kRows>
inline void store_wide_s16(const uint8_t* header, const int32x4_t (&acc)[kRows][2], const WideTarget& target,
                           const WideEpilogue& e) {
  const RequantizeEight r = RequantizeEight::load(wide_bias(header) + kWideEight,
                                                  reinterpret_cast<const int16_t*>(header + 8 * kWideEight));
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    const int16x8_t t = shift_to_s16(acc[i][0], acc[i][1], r.shift[0], r.shift[1]);
    const int16x8_t q = vminq_s16(vmaxq_s16(vqrdmulhq_s16(t, r.multiplier), e.min), e.max);
    store_eight(target.row<int16_t>(i), target.columns, [&](int16_t* to) { vst1q_s16(to, q); });
  }
}

template <size_t kRows>
inline void store_wide_f32(const uint8_t* header, const int32x4_t (&acc)[kRows][2],
                           const WideTarget& target) {
  const auto* scale = reinterpret_cast<const float*>(header + 4 * kWideEight);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i)
    store_eight(target.row<float>(i), target.columns, [&](float* to) {
      vst1q_f32(to, scale_to_f32(acc[i][0], scale));
      vst1q_f32(to + 4, scale_to_f32(acc[i][1], scale + 4));
    });
}

template <size_t kRows>
__attribute__((always_inline)) inline void finish_wide(const uint8_t* header,
                                                       const int32x4_t (&acc)[kRows][2],
                                                       const WideTarget& target, const WideEpilogue& e) {
  if (e.f32) return store_wide_f32(header, acc, target);
  if (e.s16) return store_wide_s16(header, acc, target, e);
  store_wide_s8(header, acc, target, e);
}

}  // namespace
}  // namespace octet::kernels
