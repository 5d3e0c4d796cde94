// SPDX-License-Identifier: Apache-2.0
//
// Parts of a vector of bytes or floats: loads and stores that touch exactly n elements. Builds for
// AArch64 and ARMv7. Anonymous: each ISA file has its own copy.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace octet::kernels {
namespace {

inline uint64_t load_u64(const int8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline uint32_t load_u32(const int8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// n in [0, 8] bytes as a number, the rest zero. Overlapping parts, shifted into place.
inline uint64_t load_part_u64(const int8_t* from, size_t n) {
  if (n == 8) return load_u64(from);
  if (n >= 4) return load_u32(from) | static_cast<uint64_t>(load_u32(from + n - 4)) << (8 * (n - 4));
  if (n == 0) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i); };
  return byte(0) | byte(n / 2) | byte(n - 1);
}

// n in [0, 8] bytes, the rest zero.
inline int8x8_t load_part(const int8_t* from, size_t n) {
  return vreinterpret_s8_u64(vcreate_u64(load_part_u64(from, n)));
}

// n in [0, 16] bytes, the rest zero.
inline int8x16_t load_part_16(const int8_t* from, size_t n) {
  if (n == 16) return vld1q_s8(from);
  if (n <= 8) return vcombine_s8(load_part(from, n), vdup_n_s8(0));
  return vcombine_s8(vld1_s8(from), load_part(from + 8, n - 8));
}

// The first n in [0, 8] bytes of v.
inline void store_part(int8_t* to, int8x8_t v, size_t n) {
  if (n == 8) return vst1_s8(to, v);
  uint64_t bytes = vget_lane_u64(vreinterpret_u64_s8(v), 0);
  if (n & 4) {
    const auto four = static_cast<uint32_t>(bytes);
    std::memcpy(to, &four, 4);
    bytes >>= 32;
    to += 4;
  }
  if (n & 2) {
    const auto two = static_cast<uint16_t>(bytes);
    std::memcpy(to, &two, 2);
    bytes >>= 16;
    to += 2;
  }
  if (n & 1) *to = static_cast<int8_t>(bytes);
}

// The first n in [0, 16] bytes of v.
inline void store_part_16(int8_t* to, int8x16_t v, size_t n) {
  if (n == 16) return vst1q_s8(to, v);
  if (n < 8) return store_part(to, vget_low_s8(v), n);
  vst1_s8(to, vget_low_s8(v));
  store_part(to + 8, vget_high_s8(v), n - 8);
}

// The first n in [0, 4] floats of v.
inline void store_part_f32(float* to, float32x4_t v, size_t n) {
  if (n == 4) return vst1q_f32(to, v);
  float32x2_t rest = vget_low_f32(v);
  if (n & 2) {
    vst1_f32(to, rest);
    to += 2;
    rest = vget_high_f32(v);
  }
  if (n & 1) vst1_lane_f32(to, rest, 0);
}

}  // namespace
}  // namespace octet::kernels
