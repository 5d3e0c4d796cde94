// SPDX-License-Identifier: Apache-2.0
//
// A table of 256 entries on vectors of bytes: for table_s8, pixels_u8_s8, and the output table of
// convolutions. AArch64: tbl and tbx look up 64 entries in four registers and leave what is out of their
// range, so four of them, with indexes 64 smaller each time, find every entry. ARMv7 would need eight of
// its vtbx for 8 bytes, each of them three or more cycles, and that is what three accesses to memory cost:
// there it is one entry after another, but four bytes are loaded and stored at once.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/partial_neon.h"

namespace octet::kernels {
namespace {

#if defined(__aarch64__)

struct TableParts {
  int8x16x4_t part[4];  // in the order of an index that is u8

  // For look_up: the first and the second half by u8 index.
  TableParts(const int8_t* first, const int8_t* second)
      : part{vld1q_s8_x4(first), vld1q_s8_x4(first + 64), vld1q_s8_x4(second), vld1q_s8_x4(second + 64)} {}
  // table[q + 128]: as u8, the q from 0 on come first.
  explicit TableParts(const int8_t* table) : TableParts(table + 128, table) {}

  // kVectors at once, so that none waits.
  template <size_t kVectors>
  void look_up(uint8x16_t* v) const {
    const uint8x16_t step = vdupq_n_u8(64);
    uint8x16_t i[kVectors];
    int8x16_t found[kVectors];
    for (size_t k = 0; k < kVectors; ++k) found[k] = vqtbl4q_s8(part[0], i[k] = v[k]);
    for (size_t k = 0; k < kVectors; ++k)
      found[k] = vqtbx4q_s8(found[k], part[1], i[k] = vsubq_u8(i[k], step));
    for (size_t k = 0; k < kVectors; ++k)
      found[k] = vqtbx4q_s8(found[k], part[2], i[k] = vsubq_u8(i[k], step));
    for (size_t k = 0; k < kVectors; ++k)
      v[k] = vreinterpretq_u8_s8(vqtbx4q_s8(found[k], part[3], vsubq_u8(i[k], step)));
  }
};

// output[i] = the entry of input[i]; output may be input.
inline void apply_table(const TableParts& parts, const int8_t* input, int8_t* output, size_t count) {
  const auto load = [input](size_t i) { return vreinterpretq_u8_s8(vld1q_s8(input + i)); };
  const auto store = [output](size_t i, uint8x16_t v) { vst1q_s8(output + i, vreinterpretq_s8_u8(v)); };
  uint8x16_t v[2];
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    v[0] = load(i);
    v[1] = load(i + 16);
    parts.look_up<2>(v);
    store(i, v[0]);
    store(i + 16, v[1]);
  }
  for (; i < count; i += 16) {
    const size_t left = count - i < 16 ? count - i : 16;
    v[0] = vreinterpretq_u8_s8(load_part_16(input + i, left));
    parts.look_up<1>(v);
    store_part_16(output + i, vreinterpretq_s8_u8(v[0]), left);
  }
}

#else

struct TableParts {
  const int8_t* table;
  uint32_t flip;  // what makes an index of four bytes

  // table[q + 128]
  explicit TableParts(const int8_t* entries) : table(entries), flip(0x80808080) {}
  // By u8 index, the halves one behind the other.
  TableParts(const int8_t* first, const int8_t*) : table(first), flip(0) {}

  uint32_t look_up_4(uint32_t q) const {
    const uint32_t i = q ^ flip;
    const auto entry = [this](uint32_t at) { return uint32_t{static_cast<uint8_t>(table[at & 255])}; };
    return entry(i) | entry(i >> 8) << 8 | entry(i >> 16) << 16 | entry(i >> 24) << 24;
  }
};

inline void apply_table(const TableParts& parts, const int8_t* input, int8_t* output, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const uint32_t four = parts.look_up_4(load_u32(input + i));
    std::memcpy(output + i, &four, 4);
  }
  for (; i < count; ++i) output[i] = parts.table[static_cast<uint8_t>(input[i]) ^ (parts.flip & 255)];
}

#endif

}  // namespace
}  // namespace octet::kernels
