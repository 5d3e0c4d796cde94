// SPDX-License-Identifier: Apache-2.0
//
// A table of 256 entries on vectors of bytes: for table_s8 and for the output table of convolutions.
// AArch64: tbl and tbx look up 64 entries in four registers and leave what is out of their range, so
// four of them, with indexes 64 smaller each time, find every entry. ARMv7's tables are too short to pay:
// there it is one byte after another.
//
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/arm/partial_neon.h"

namespace octet::kernels {
namespace {

#if defined(__aarch64__)

struct TableParts {
  int8x16x4_t part[4];

  explicit TableParts(const int8_t* table)
      : part{vld1q_s8_x4(table), vld1q_s8_x4(table + 64), vld1q_s8_x4(table + 128),
             vld1q_s8_x4(table + 192)} {}

  // table[q + 128] of each byte.
  int8x16_t look_up(int8x16_t q) const {
    const uint8x16_t step = vdupq_n_u8(64);
    uint8x16_t i = veorq_u8(vreinterpretq_u8_s8(q), vdupq_n_u8(128));
    int8x16_t found = vqtbl4q_s8(part[0], i);
    found = vqtbx4q_s8(found, part[1], i = vsubq_u8(i, step));
    found = vqtbx4q_s8(found, part[2], i = vsubq_u8(i, step));
    return vqtbx4q_s8(found, part[3], vsubq_u8(i, step));
  }
};

// output[i] = table[input[i] + 128]; output may be input.
inline void apply_table(const TableParts& parts, const int8_t* input, int8_t* output, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) vst1q_s8(output + i, parts.look_up(vld1q_s8(input + i)));
  if (i < count) store_part_16(output + i, parts.look_up(load_part_16(input + i, count - i)), count - i);
}

#else

struct TableParts {
  const int8_t* table;
  explicit TableParts(const int8_t* t) : table(t) {}
};

inline void apply_table(const TableParts& parts, const int8_t* input, int8_t* output, size_t count) {
  for (size_t i = 0; i < count; ++i) output[i] = parts.table[input[i] + 128];
}

#endif

}  // namespace
}  // namespace octet::kernels
