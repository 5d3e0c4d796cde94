// SPDX-License-Identifier: Apache-2.0
//
// pixels_u8_s8 on NEON. Where all channels have the same table, the pixels are bytes like any others
// (table_neon.h). Otherwise AArch64 takes three and four channels apart with ld3 and ld4, a block of pixels
// at a time, so that each table is in registers for a whole plane, and puts them together with st3 and st4.
#include "kernels/arm/table_neon.h"
#include "kernels/pixels_u8_s8.h"

namespace octet::kernels {
namespace {

inline TableParts table_of(const int8_t* tables, size_t channel) {
  return TableParts(tables + 256 * channel, tables + 256 * channel + 128);
}

#if defined(__aarch64__)

constexpr size_t kBlock = 256;  // pixels

struct ThreeChannels {
  using Vectors = uint8x16x3_t;
  static Vectors load(const uint8_t* from) { return vld3q_u8(from); }
  static void store(uint8_t* to, const Vectors& v) { vst3q_u8(to, v); }
};

struct FourChannels {
  using Vectors = uint8x16x4_t;
  static Vectors load(const uint8_t* from) { return vld4q_u8(from); }
  static void store(uint8_t* to, const Vectors& v) { vst4q_u8(to, v); }
};

// A block of n pixels, a multiple of 16; all are read before any is written.
template <class Channels, size_t kChannels>
inline void look_up_block(const int8_t* tables, const uint8_t* pixels, int8_t* output, size_t n) {
  uint8_t planes[kChannels][kBlock];
  for (size_t i = 0; i < n; i += 16) {
    const typename Channels::Vectors v = Channels::load(pixels + kChannels * i);
    for (size_t c = 0; c < kChannels; ++c) vst1q_u8(planes[c] + i, v.val[c]);
  }
  for (size_t c = 0; c < kChannels; ++c) {
    auto* plane = reinterpret_cast<int8_t*>(planes[c]);
    apply_table(table_of(tables, c), plane, plane, n);
  }
  for (size_t i = 0; i < n; i += 16) {
    typename Channels::Vectors v;
    for (size_t c = 0; c < kChannels; ++c) v.val[c] = vld1q_u8(planes[c] + i);
    Channels::store(reinterpret_cast<uint8_t*>(output) + kChannels * i, v);
  }
}

template <class Channels, size_t kChannels>
void look_up_blocks(const int8_t* tables, const uint8_t* pixels, int8_t* output, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count;) {
    const size_t n = count - i < kBlock ? (count - i) / 16 * 16 : kBlock;
    look_up_block<Channels, kChannels>(tables, pixels + kChannels * i, output + kChannels * i, n);
    i += n;
  }
  pixels_u8_s8_reference(tables, kChannels, pixels + kChannels * i, output + kChannels * i, count - i);
}

#endif

}  // namespace

void pixels_u8_s8_neon(const int8_t* tables, size_t channels, const uint8_t* pixels, int8_t* output,
                       size_t count) {
  if (std::memcmp(tables, tables + 256, 256 * (channels - 1)) == 0)  // each table equals the next
    return apply_table(table_of(tables, 0), reinterpret_cast<const int8_t*>(pixels), output,
                       count * channels);
#if defined(__aarch64__)
  if (channels == 3) return look_up_blocks<ThreeChannels, 3>(tables, pixels, output, count);
  if (channels == 4) return look_up_blocks<FourChannels, 4>(tables, pixels, output, count);
#endif
  pixels_u8_s8_reference(tables, channels, pixels, output, count);
}

}  // namespace octet::kernels
