// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 3x3 kernel and stride 2 with dot products for cores that execute in order
// (Cortex-A55): see conv_s8_depthwise_3x3s2_quads.h.
//
// Two outputs take 12 sdot, 12 zip, 14 operations of requantize and two stores, none of which pair: 40
// cycles. As in conv_s8_depthwise_3x3s1_inorder_dotprod.cc, two outputs are summed while the two before them
// are requantized, and all else stands beside these operations. Compilers do not find that order (gcc 12:
// 78 cycles, clang 14: 71).
#include "kernels/arm/conv_s8_depthwise_3x3s2_quads.h"

namespace octet::kernels {
namespace {

struct Inorder3x3s2 : Depthwise3x3s2 {
  using Fast = Inorder3x3s2;
  using Depthwise3x3s2::Depthwise3x3s2;
};

using Columns = DepthwiseColumns<Inorder3x3s2>;

// What the loop reads, in the order in which it does.
struct InorderRow {
  const int8_t* in[3];
  const uint8_t* packed;
  size_t pixel, steps;
  int8_t* dummy;  // takes what is stored before the first outputs
  int8_t* out[2];
  size_t out_step;
};

// All outputs but the last two, whose sums come back in acc.
//
//   v0, v1, v18, v19  E(0), E(4): channels 0-3, 4-7; v2, v3: O; v4, v5: E(2)
//   v6, v7, v16, v17, v30, v31  the outputs before, and what becomes a quad
//   v8-v15   weights [quad][half]
//   v20-v25  shifts, multipliers, zero point, min, max
//   v26-v29  accumulators [output][half]
//   x0-x2    rows of input, at offsets x20-x24 for columns 1-5; x4 bias
//   x7, x10  where the outputs before go; x11, x12 these
inline void run_row(const InorderRow& row, const RequantizeRange& range, int32x4_t (&acc)[2][2]) {
  register int16x8_t zero_point asm("v23") = range.zero_point;
  register int8x16_t min asm("v24") = range.min;
  register int8x16_t max asm("v25") = range.max;
  register int32x4_t a0 asm("v26") = vdupq_n_s32(0);
  register int32x4_t a1 asm("v27") = a0;
  register int32x4_t a2 asm("v28") = a0;
  register int32x4_t a3 asm("v29") = a0;
  asm volatile(
      "ldp x0, x1, [%[row]]\n"
      "ldp x2, x4, [%[row], #16]\n"
      "ldp x6, x15, [%[row], #32]\n"
      "ldp x7, x11, [%[row], #48]\n"
      "ldp x12, x13, [%[row], #64]\n"
      "mov x10, x7\n"
      "mov x20, x6\n"
      "lsl x21, x6, #1\n"
      "add x22, x21, x6\n"
      "lsl x23, x6, #2\n"
      "add x24, x23, x6\n"
      "lsl x6, x6, #2\n"
      "ldr d0, [x0]\n"
      "ldr d1, [x1]\n"
      "ldr d4, [x2]\n"
      "ldr d5, [x2, x20]\n"
      "ldp q20, q21, [x4, #32]\n"
      "ldr q22, [x4, #64]\n"
      "ldp q8, q9, [x4, #80]\n"
      "ldp q10, q11, [x4, #112]\n"
      "ldp q12, q13, [x4, #144]\n"
      "ldp q14, q15, [x4, #176]\n"
      "zip1 v0.16b, v0.16b, v1.16b\n"
      "zip1 v4.16b, v4.16b, v5.16b\n"
      "zip2 v1.8h, v0.8h, v4.8h\n"
      "zip1 v0.8h, v0.8h, v4.8h\n"
      "# octet-loop-begin conv_s8_depthwise_3x3s2_inorder_dotprod\n"
      "1:\n"
      // E(0) in v0 and v1, E(4) in v18 and v19.
      "sqshl v31.4s, v27.4s, v21.4s\n"
      "ldr d2, [x0, x20]\n"
      "ldr d16, [x0, x22]\n"
      "sqshl v30.4s, v26.4s, v20.4s\n"
      "sqshl v7.4s, v29.4s, v21.4s\n"
      "ldr d3, [x1, x20]\n"
      "sqshl v6.4s, v28.4s, v20.4s\n"
      "ldr d17, [x1, x22]\n"
      "ldr d26, [x4, #0]\n"
      "ldr x8, [x4, #8]\n"
      "uzp2 v30.8h, v30.8h, v31.8h\n"
      "ldr d5, [x1, x21]\n"
      "zip1 v2.16b, v2.16b, v3.16b\n"
      "zip1 v16.16b, v16.16b, v17.16b\n"
      "ldr d27, [x4, #16]\n"
      "sqrdmulh v30.8h, v30.8h, v22.8h\n"
      "ldr x9, [x4, #24]\n"
      "uzp2 v6.8h, v6.8h, v7.8h\n"
      "ldr d4, [x0, x21]\n"
      "ldr d28, [x4, #0]\n"
      "zip2 v3.8h, v2.8h, v16.8h\n"
      "ldr x16, [x4, #8]\n"
      "sqrdmulh v6.8h, v6.8h, v22.8h\n"
      "ins v26.d[1], x8\n"
      "ldr d31, [x2, x21]\n"
      "sqadd v30.8h, v30.8h, v23.8h\n"
      "ins v27.d[1], x9\n"
      "ldr d29, [x4, #16]\n"
      "sdot v26.4s, v0.16b, v8.16b\n"
      "ldr d19, [x1, x23]\n"
      "sqadd v6.8h, v6.8h, v23.8h\n"
      "ldr d18, [x0, x23]\n"
      "sqshrn v30.8b, v30.8h, #6\n"
      "ldr d7, [x2, x22]\n"
      "zip1 v2.8h, v2.8h, v16.8h\n"
      "sdot v27.4s, v1.16b, v9.16b\n"
      "zip1 v4.16b, v4.16b, v5.16b\n"
      "ldr d16, [x2, x23]\n"
      "ldr d17, [x2, x24]\n"
      "sqshrn2 v30.16b, v6.8h, #6\n"
      "zip1 v31.16b, v31.16b, v7.16b\n"
      "ldr x17, [x4, #24]\n"
      "sdot v26.4s, v2.16b, v10.16b\n"
      "zip2 v5.8h, v4.8h, v31.8h\n"
      "ins v29.d[1], x17\n"
      "smax v30.16b, v30.16b, v24.16b\n"
      "zip1 v16.16b, v16.16b, v17.16b\n"
      "zip1 v18.16b, v18.16b, v19.16b\n"
      "smin v30.16b, v30.16b, v25.16b\n"
      "subs x15, x15, #1\n"
      "sdot v29.4s, v3.16b, v13.16b\n"
      "add x21, x21, x6\n"
      "zip1 v4.8h, v4.8h, v31.8h\n"
      "str d30, [x7]\n"
      "ins v28.d[1], x16\n"
      "st1 {v30.d}[1], [x10]\n"
      "add x20, x20, x6\n"
      "add x22, x22, x6\n"
      "sdot v26.4s, v4.16b, v14.16b\n"
      "sdot v29.4s, v5.16b, v9.16b\n"
      "add x23, x23, x6\n"
      "add x24, x24, x6\n"
      "sdot v27.4s, v3.16b, v11.16b\n"
      "sdot v28.4s, v2.16b, v12.16b\n"
      "mov x10, x12\n"
      "zip2 v19.8h, v18.8h, v16.8h\n"
      "sdot v27.4s, v5.16b, v15.16b\n"
      "mov x7, x11\n"
      "add x12, x12, x13\n"
      "sdot v29.4s, v19.16b, v15.16b\n"
      "zip1 v18.8h, v18.8h, v16.8h\n"
      "sdot v28.4s, v4.16b, v8.16b\n"
      "add x11, x11, x13\n"
      "sdot v28.4s, v18.16b, v14.16b\n"
      "b.eq 9f\n"
      // E(0) in v18 and v19, E(4) in v0 and v1.
      "sqshl v31.4s, v27.4s, v21.4s\n"
      "ldr d2, [x0, x20]\n"
      "ldr d16, [x0, x22]\n"
      "sqshl v30.4s, v26.4s, v20.4s\n"
      "sqshl v7.4s, v29.4s, v21.4s\n"
      "ldr d3, [x1, x20]\n"
      "sqshl v6.4s, v28.4s, v20.4s\n"
      "ldr d17, [x1, x22]\n"
      "ldr d26, [x4, #0]\n"
      "ldr x8, [x4, #8]\n"
      "uzp2 v30.8h, v30.8h, v31.8h\n"
      "ldr d5, [x1, x21]\n"
      "zip1 v2.16b, v2.16b, v3.16b\n"
      "zip1 v16.16b, v16.16b, v17.16b\n"
      "ldr d27, [x4, #16]\n"
      "sqrdmulh v30.8h, v30.8h, v22.8h\n"
      "ldr x9, [x4, #24]\n"
      "uzp2 v6.8h, v6.8h, v7.8h\n"
      "ldr d4, [x0, x21]\n"
      "ldr d28, [x4, #0]\n"
      "zip2 v3.8h, v2.8h, v16.8h\n"
      "ldr x16, [x4, #8]\n"
      "sqrdmulh v6.8h, v6.8h, v22.8h\n"
      "ins v26.d[1], x8\n"
      "ldr d31, [x2, x21]\n"
      "sqadd v30.8h, v30.8h, v23.8h\n"
      "ins v27.d[1], x9\n"
      "ldr d29, [x4, #16]\n"
      "sdot v26.4s, v18.16b, v8.16b\n"
      "ldr d1, [x1, x23]\n"
      "sqadd v6.8h, v6.8h, v23.8h\n"
      "ldr d0, [x0, x23]\n"
      "sqshrn v30.8b, v30.8h, #6\n"
      "ldr d7, [x2, x22]\n"
      "zip1 v2.8h, v2.8h, v16.8h\n"
      "sdot v27.4s, v19.16b, v9.16b\n"
      "zip1 v4.16b, v4.16b, v5.16b\n"
      "ldr d16, [x2, x23]\n"
      "ldr d17, [x2, x24]\n"
      "sqshrn2 v30.16b, v6.8h, #6\n"
      "zip1 v31.16b, v31.16b, v7.16b\n"
      "ldr x17, [x4, #24]\n"
      "sdot v26.4s, v2.16b, v10.16b\n"
      "zip2 v5.8h, v4.8h, v31.8h\n"
      "ins v29.d[1], x17\n"
      "smax v30.16b, v30.16b, v24.16b\n"
      "zip1 v16.16b, v16.16b, v17.16b\n"
      "zip1 v0.16b, v0.16b, v1.16b\n"
      "smin v30.16b, v30.16b, v25.16b\n"
      "subs x15, x15, #1\n"
      "sdot v29.4s, v3.16b, v13.16b\n"
      "add x21, x21, x6\n"
      "zip1 v4.8h, v4.8h, v31.8h\n"
      "str d30, [x7]\n"
      "ins v28.d[1], x16\n"
      "st1 {v30.d}[1], [x10]\n"
      "add x20, x20, x6\n"
      "add x22, x22, x6\n"
      "sdot v26.4s, v4.16b, v14.16b\n"
      "sdot v29.4s, v5.16b, v9.16b\n"
      "add x23, x23, x6\n"
      "add x24, x24, x6\n"
      "sdot v27.4s, v3.16b, v11.16b\n"
      "sdot v28.4s, v2.16b, v12.16b\n"
      "mov x10, x12\n"
      "zip2 v1.8h, v0.8h, v16.8h\n"
      "sdot v27.4s, v5.16b, v15.16b\n"
      "mov x7, x11\n"
      "add x12, x12, x13\n"
      "sdot v29.4s, v1.16b, v15.16b\n"
      "zip1 v0.8h, v0.8h, v16.8h\n"
      "sdot v28.4s, v4.16b, v8.16b\n"
      "add x11, x11, x13\n"
      "sdot v28.4s, v0.16b, v14.16b\n"
      "b.ne 1b\n"
      "# octet-loop-end\n"
      "9:\n"
      : "+w"(a0), "+w"(a1), "+w"(a2), "+w"(a3)
      : [row] "r"(&row), "w"(zero_point), "w"(min), "w"(max)
      : "x0", "x1", "x2", "x4", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x15", "x16", "x17",
        "x20", "x21", "x22", "x23", "x24", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
        "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v30", "v31",
        "cc", "memory");
  acc[0][0] = a0;
  acc[0][1] = a1;
  acc[1][0] = a2;
  acc[1][1] = a3;
}

template <>
void Columns::run_block(const Items& items, const uint8_t* packed, const RequantizeRange& range) {
  const RequantizeEight r = load_requantize(packed);
  for (size_t index = 0; index < items.count; ++index) {
    const Item s = find_item(items, index);
    const size_t steps = s.steps + s.half_step, last = (steps - 1) * s.out_step[0];
    const InorderRow row = {{s.in[0], s.in[1], s.in[2]}, packed,       s.pixel, steps, items.dummy,
                            {s.out[0], s.out[1]},        s.out_step[0]};
    int32x4_t acc[2][2];
    run_row(row, range, acc);
    store_halves(requantize_16(acc[0][0], acc[0][1], acc[1][0], acc[1][1], r, r, range), s.out[0] + last,
                 s.half_step ? items.dummy : s.out[1] + last);
  }
}

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_3x3s2_inorder_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_3x3s2_inorder_dotprod_kernel =
    Columns::kernel("conv_s8_depthwise_3x3s2_inorder_dotprod", static_cast<CpuFeature>(kDotprod | kInOrder));

}  // namespace octet::kernels
