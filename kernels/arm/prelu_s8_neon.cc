// SPDX-License-Identifier: Apache-2.0
//
// prelu_s8 on NEON: 16 channels at a time in s16; the last step as in add_s8_neon.cc.
#include "kernels/arm/neon_widths.h"
#include "kernels/arm/partial_neon.h"
#include "kernels/prelu_s8.h"

namespace octet::kernels {
namespace {

struct PReluVectors {
  int8x8_t zero_point;
  int16x8_t positive, constant;
  int16x8_t shift;  // 8 - f
};

inline int16x8_t s16(int32_t value) { return vdupq_n_s16(static_cast<int16_t>(value)); }

// Eight results, saturated, in the high bytes.
inline int16x8_t prelu_8(int8x8_t q, int16x8_t negative, const PReluVectors& v) {
  const int16x8_t a = vsubl_s8(q, v.zero_point);
  const int16x8_t multiplier = vbslq_s16(vcltq_s16(a, vdupq_n_s16(0)), negative, v.positive);
  const int16x8_t r = vqrdmulhq_s16(vshlq_n_s16(a, 7), multiplier);
  return vqshlq_s16(vqaddq_s16(r, v.constant), v.shift);
}

inline int8x16_t prelu_16(int8x16_t q, int16x8_t negative_low, int16x8_t negative_high,
                          const PReluVectors& v) {
  return high_bytes(prelu_8(vget_low_s8(q), negative_low, v), prelu_8(vget_high_s8(q), negative_high, v));
}

// The first n in [1, 8] of eight multipliers.
inline int16x8_t load_part_s16(const int16_t* from, size_t n) {
  return vreinterpretq_s16_s8(load_part_16(reinterpret_cast<const int8_t*>(from), 2 * n));
}

inline void prelu_part(const int8_t* input, const int16_t* negative, int8_t* output, size_t n,
                       const PReluVectors& v) {
  const int16x8_t low = load_part_s16(negative, n < 8 ? n : 8);
  const int16x8_t high = n > 8 ? load_part_s16(negative + 8, n - 8) : low;
  store_part_16(output, prelu_16(load_part_16(input, n), low, high, v), n);
}

// One row with a slope for each channel.
void prelu_row(const int8_t* input, const int16_t* negative, int8_t* output, size_t channels,
               const PReluVectors& v) {
  size_t c = 0;
  for (; c + 16 <= channels; c += 16)
    vst1q_s8(output + c,
             prelu_16(vld1q_s8(input + c), vld1q_s16(negative + c), vld1q_s16(negative + c + 8), v));
  if (c < channels) prelu_part(input + c, negative + c, output + c, channels - c, v);
}

// One slope for everything.
void prelu_shared(const int8_t* input, int16_t slope, int8_t* output, size_t count, const PReluVectors& v) {
  const int16x8_t negative = vdupq_n_s16(slope);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) vst1q_s8(output + i, prelu_16(vld1q_s8(input + i), negative, negative, v));
  if (i < count)
    store_part_16(output + i, prelu_16(load_part_16(input + i, count - i), negative, negative, v), count - i);
}

}  // namespace

void prelu_s8_neon(const PReluS8& prelu, const int8_t* input, int8_t* output, size_t rows) {
  const int32_t f = prelu.fractional_bits;
  const PReluVectors v = {vdup_n_s8(static_cast<int8_t>(prelu.input_zero_point)),
                          s16(prelu.multiplier_positive),
                          s16(prelu.output_zero_point * (1 << f) + (f > 0 ? 1 << (f - 1) : 0)), s16(8 - f)};
  if (prelu.negative_stride == 0)
    return prelu_shared(input, prelu.multiplier_negative[0], output, rows * prelu.channels, v);
  for (size_t y = 0; y < rows; ++y)
    prelu_row(input + y * prelu.channels, prelu.multiplier_negative, output + y * prelu.channels,
              prelu.channels, v);
}

}  // namespace octet::kernels
