// SPDX-License-Identifier: Apache-2.0
//
// interleave_s8 on NEON for two, three and four channels: st2, st3 and st4 store pixels from planes, 16 at a
// time, the last ones together with some of those before them. Other channel counts go pixel by pixel.
#include <arm_neon.h>

#include "kernels/interleave_s8.h"

namespace octet::kernels {
namespace {

inline void store_pixels(int8_t* to, const int8x16x2_t& v) { vst2q_s8(to, v); }
inline void store_pixels(int8_t* to, const int8x16x3_t& v) { vst3q_s8(to, v); }
inline void store_pixels(int8_t* to, const int8x16x4_t& v) { vst4q_s8(to, v); }

// count >= 16.
template <class Vectors>
void interleave(const int8_t* input, size_t plane, int8_t* output, size_t count) {
  constexpr size_t kChannels = sizeof(Vectors) / 16;
  for (size_t i = 0; i < count; i += 16) {
    if (i + 16 > count) i = count - 16;
    Vectors v;
    for (size_t c = 0; c < kChannels; ++c) v.val[c] = vld1q_s8(input + c * plane + i);
    store_pixels(output + i * kChannels, v);
  }
}

}  // namespace

void interleave_s8_neon(const int8_t* input, size_t plane, size_t channels, int8_t* output, size_t count) {
  if (channels < 2 || channels > 4 || count < 16)
    return interleave_s8_reference(input, plane, channels, output, count);
  switch (channels) {
    case 2:
      return interleave<int8x16x2_t>(input, plane, output, count);
    case 3:
      return interleave<int8x16x3_t>(input, plane, output, count);
    default:
      return interleave<int8x16x4_t>(input, plane, output, count);
  }
}

}  // namespace octet::kernels
