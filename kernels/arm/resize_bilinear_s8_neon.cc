// SPDX-License-Identifier: Apache-2.0
//
// resize_bilinear_s8 on NEON: some channels of an output row at a time, from left to right. A column is the
// mixture of the two input rows at one x,
//
//   column = (2048 - wy) * in[y0] + wy * in[y1]          in s32
//   sum    = (2048 - wx) * column(x0) + wx * column(x1)
//
// and the columns of the previous output serve again: when enlarging, most are mixed once. All of it is
// exact. The last step takes the high half of sum + 2^21, and 6 more bits off it.
#include "kernels/arm/partial_neon.h"
#include "kernels/resize_bilinear_s8.h"

namespace octet::kernels {
namespace {

// How many eights of channels at a time: two columns, and what mixes them, are to stay in registers.
#if defined(__aarch64__)
constexpr size_t kEights = 2;
#else
constexpr size_t kEights = 1;
#endif
constexpr size_t kChannels = 8 * kEights;

// One output row: the two input rows and their weights.
struct Rows {
  const int8_t *top, *bottom;
  int16_t top_weight, bottom_weight;
};

struct Column {
  int32x4_t value[2 * kEights];
  int32_t x;
};

struct WholeVector {
  static int8x8_t load(const int8_t* from, size_t i) { return vld1_s8(from + 8 * i); }
  static void store(int8_t* to, size_t i, int8x8_t v) { vst1_s8(to + 8 * i, v); }
};

struct PartOfVector {
  size_t n;  // in [1, kChannels)
  size_t part(size_t i) const { return n < 8 * i ? 0 : n - 8 * i < 8 ? n - 8 * i : 8; }
  int8x8_t load(const int8_t* from, size_t i) const { return load_part(from + 8 * i, part(i)); }
  void store(int8_t* to, size_t i, int8x8_t v) const { store_part(to + 8 * i, v, part(i)); }
};

inline int32x4_t mix_rows(int16x4_t top, int16x4_t bottom, const Rows& rows) {
  return vmlal_n_s16(vmull_n_s16(top, rows.top_weight), bottom, rows.bottom_weight);
}

template <class Channels>
inline void mix_column(const Rows& rows, int32_t x, size_t offset, const Channels& channels, Column* column) {
  for (size_t i = 0; i < kEights; ++i) {
    const int16x8_t top = vmovl_s8(channels.load(rows.top + offset, i));
    const int16x8_t bottom = vmovl_s8(channels.load(rows.bottom + offset, i));
    column->value[2 * i] = mix_rows(vget_low_s16(top), vget_low_s16(bottom), rows);
    column->value[2 * i + 1] = mix_rows(vget_high_s16(top), vget_high_s16(bottom), rows);
  }
  column->x = x;
}

// The high half of sum + 2^21.
inline int16x4_t mix_columns(int32x4_t left, int32x4_t right, int32_t right_weight) {
  const int32x4_t sum = vmlaq_n_s32(vmulq_n_s32(left, 2048 - right_weight), right, right_weight);
  return vaddhn_s32(sum, vdupq_n_s32(1 << 21));
}

template <class Channels>
inline void store_mixture(const Column& left, const Column& right, int32_t right_weight,
                          const Channels& channels, int8_t* output) {
  for (size_t i = 0; i < kEights; ++i) {
    const int16x4_t low = mix_columns(left.value[2 * i], right.value[2 * i], right_weight);
    const int16x4_t high = mix_columns(left.value[2 * i + 1], right.value[2 * i + 1], right_weight);
    channels.store(output, i, vshrn_n_s16(vcombine_s16(low, high), 6));
  }
}

// kChannels, or as many as `channels` has, from channel c on.
template <class Channels>
void resize_row(const ResizeS8& z, const Rows& rows, size_t c, const Channels& channels, int8_t* output) {
  if (z.output_width == 0) return;
  Column left;
  mix_column(rows, z.x0[0], static_cast<size_t>(z.x0[0]) * z.channels + c, channels, &left);
  Column right = left;
  for (size_t x = 0; x < z.output_width; ++x) {
    const int32_t x0 = z.x0[x], x1 = z.x1[x];
    if (x0 != left.x) {
      if (x0 == right.x)
        left = right;
      else
        mix_column(rows, x0, static_cast<size_t>(x0) * z.channels + c, channels, &left);
    }
    if (x1 != right.x) mix_column(rows, x1, static_cast<size_t>(x1) * z.channels + c, channels, &right);
    store_mixture(left, right, z.x_weight[x], channels, output + x * z.channels + c);
  }
}

}  // namespace

void resize_bilinear_s8_neon(const ResizeS8& resize, const int8_t* input, int8_t* output, size_t first,
                             size_t last) {
  constexpr size_t kFew = 4;  // parts of a vector cost more than that many channels one by one
  if (resize.channels < kFew) return resize_bilinear_s8_reference(resize, input, output, first, last);
  const ResizeS8& z = resize;
  const size_t row_bytes = z.input_width * z.channels;
  for (size_t row = first; row < last; ++row) {
    const size_t y = row % z.output_height;
    const int8_t* image = input + row / z.output_height * z.input_height * row_bytes;
    const Rows rows = {image + static_cast<size_t>(z.y0[y]) * row_bytes,
                       image + static_cast<size_t>(z.y1[y]) * row_bytes,
                       static_cast<int16_t>(2048 - z.y_weight[y]), z.y_weight[y]};
    int8_t* to = output + row * z.output_width * z.channels;
    if (z.channels < kChannels) {
      resize_row(z, rows, 0, PartOfVector{z.channels}, to);
      continue;
    }
    for (size_t c = 0; c < z.channels; c += kChannels)  // the last together with some of those before them
      resize_row(z, rows, c + kChannels <= z.channels ? c : z.channels - kChannels, WholeVector(), to);
  }
}

}  // namespace octet::kernels
