// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of the depthwise conv_s8 kernels with dot products: four input pixels are
// interleaved into quads of bytes per channel, four channels a vector, and sdot with a
// quad of weights adds four taps exactly.
#pragma once

#include "kernels/arm/conv_s8_depthwise.h"

namespace octet::kernels {
namespace {

// The quads of eight channels: 0-3, 4-7.
struct Quads {
  int8x16_t half[2];
};

constexpr uint8_t kNoTap = 0xff;

// Their bytes in turn. In assembly: clang 14 would make three instructions of the intrinsics.
inline int16x8_t zip_bytes(int8x8_t a, int8x8_t b) {
  int16x8_t zipped;
  asm("zip1 %0.16b, %1.16b, %2.16b" : "=w"(zipped) : "w"(a), "w"(b));
  return zipped;
}

// Two pairs of bytes per channel in turn.
inline Quads interleave_pairs(int16x8_t ab, int16x8_t cd) {
  return {{vreinterpretq_s8_s16(vzip1q_s16(ab, cd)), vreinterpretq_s8_s16(vzip2q_s16(ab, cd))}};
}

inline Quads interleave(int8x8_t a, int8x8_t b, int8x8_t c, int8x8_t d) {
  return interleave_pairs(zip_bytes(a, b), zip_bytes(c, d));
}

// Weights as vectors [quad][half of the channels], of the taps that `taps` names.
template <size_t kQuads>
inline void pack_quads(const ConvS8& c, const DepthwiseBlock& block, const uint8_t (&taps)[kQuads][4],
                       uint8_t* to) {
  const size_t count = c.kernel_height * c.kernel_width;
  for (const auto& quad : taps)
    for (size_t i = 0; i < kEight; ++i)
      for (const uint8_t tap : quad) {
        const bool none = tap == kNoTap || i >= block.valid;
        *to++ = none ? 0 : static_cast<uint8_t>(c.weights[(block.first + i) * count + tap]);
      }
}

inline int8x16_t load_weights(const uint8_t* weights, size_t vector) {
  return vreinterpretq_s8_u8(vld1q_u8(weights + 16 * vector));
}

}  // namespace
}  // namespace octet::kernels
