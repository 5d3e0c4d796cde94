// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on in-order AArch64 cores without dot product (Cortex-A53, A35;
// conv_s8_winograd_plan.h): 8 tiles by 8 output channels in smlal by lanes, scheduled by hand.
//
// A53 takes one 128-bit smlal a cycle and beside it one load to a general register, but a load to a vector
// register only beside `ins`. So 16 bytes are `ldr d` with the `ins` of another vector, one cycle, and
// `ldr x` beside a smlal. A step of 8 input channels is 128 smlal and 16 such cycles: 512 products in 144.
//
//   v0 - v7    V: 8 input channels of each tile; v8 - v15  U: a line each; v16 - v31  the sums
//
// The loop is rotated: in a step's lane l the U of lane l - 1 is loaded for the next step, and in lane 7 the
// V, behind the last use of each. The upper halves follow two loads later, still before lane 4 asks for them
// or, of U, the next step. So loads run a step ahead, from the last step of 8 tiles into the first of the
// next, and behind the last tiles V of what follows in scratch is loaded for nothing.
#include "kernels/arm/conv_s8_winograd_neon.h"

namespace octet::kernels {
namespace {

// clang-format off
// Input channel `lane` of a tile by the U in v<u>.
#define OCTET_ROW(low, high, tile, u, lane)                                    \
  "smlal v" #low ".4s, v" #u ".4h, v" #tile ".h[" #lane "]\n"                  \
  "smlal2 v" #high ".4s, v" #u ".8h, v" #tile ".h[" #lane "]\n"
#define OCTET_ROW_0(u, lane) OCTET_ROW(16, 17, 0, u, lane)
#define OCTET_ROW_1(u, lane) OCTET_ROW(18, 19, 1, u, lane)
#define OCTET_ROW_2(u, lane) OCTET_ROW(20, 21, 2, u, lane)
#define OCTET_ROW_3(u, lane) OCTET_ROW(22, 23, 3, u, lane)
#define OCTET_ROW_4(u, lane) OCTET_ROW(24, 25, 4, u, lane)
#define OCTET_ROW_5(u, lane) OCTET_ROW(26, 27, 5, u, lane)
#define OCTET_ROW_6(u, lane) OCTET_ROW(28, 29, 6, u, lane)
#define OCTET_ROW_7(u, lane) OCTET_ROW(30, 31, 7, u, lane)

// The lower half of v<d>, and beside it the upper half of another vector, which has been read into x<t>.
#define OCTET_LOAD(d, base, offset, v, t)     \
  "ldr d" #d ", [%[" #base "], #" #offset "]\n" \
  "ins v" #v ".d[1], %[t" #t "]\n"
// The upper half; for a later OCTET_LOAD.
#define OCTET_HIGH(t, base, offset) "ldr %[t" #t "], [%[" #base "], #" #offset "]\n"

#define OCTET_LANE_4(u, lane, load, high, other) \
  OCTET_ROW_0(u, lane) load OCTET_ROW_1(u, lane) high OCTET_ROW_2(u, lane) other OCTET_ROW_3(u, lane)
#define OCTET_LANE_8(u, lane, load, high, other)    \
  OCTET_LANE_4(u, lane, load, high, other)          \
  OCTET_ROW_4(u, lane) OCTET_ROW_5(u, lane) OCTET_ROW_6(u, lane) OCTET_ROW_7(u, lane)

// Lanes 0 to 6 and the loads of U. `first` and `second` are the last two vectors of V. In the last step u and
// v go to where the next tiles begin.
#define OCTET_LANES(LANE, first, second)                                                            \
  LANE(8, 0, OCTET_LOAD(15, u, 112, first, 2), OCTET_HIGH(0, u, 120), "csel %[u], %[start], %[u], eq\n") \
  LANE(9, 1, OCTET_LOAD(8, u, 128, second, 3), OCTET_HIGH(1, u, 136), "add %[ahead], %[v], %[twice]\n") \
  LANE(10, 2, OCTET_LOAD(9, u, 144, 15, 0), OCTET_HIGH(2, u, 152), "prfm pldl1keep, [%[ahead]]\n")  \
  LANE(11, 3, OCTET_LOAD(10, u, 160, 8, 1), OCTET_HIGH(3, u, 168), "prfm pldl1keep, [%[ahead], #64]\n") \
  LANE(12, 4, OCTET_LOAD(11, u, 176, 9, 2), OCTET_HIGH(0, u, 184), "add %[v], %[v], %[stride]\n") \
  LANE(13, 5, OCTET_LOAD(12, u, 192, 10, 3), OCTET_HIGH(1, u, 200), "csel %[v], %[next], %[v], eq\n")  \
  LANE(14, 6, OCTET_LOAD(13, u, 208, 11, 0), OCTET_HIGH(2, u, 216), "prfm pldl1keep, [%[u], #640]\n")

// Of both loops: their start, with the sums from M or zero.
#define OCTET_PAIR_FROM_M(low, high, offset) "ldp q" #low ", q" #high ", [%[m], #" #offset "]\n"
#define OCTET_PAIR_TO_M(low, high, offset) "stp q" #low ", q" #high ", [%[m], #" #offset "]\n"
#define OCTET_ZERO(v) "movi v" #v ".2d, #0\n"
#define OCTET_START                                                                           \
  "ldp q0, q1, [%[v]]\n ldp q2, q3, [%[v], #32]\n"                                             \
  "ldp q8, q9, [%[u]]\n ldp q10, q11, [%[u], #32]\n ldp q12, q13, [%[u], #64]\n ldr q14, [%[u], #96]\n"

#define OCTET_FROM_M_4                                                                                  \
  OCTET_PAIR_FROM_M(16, 17, 0) OCTET_PAIR_FROM_M(18, 19, 32) OCTET_PAIR_FROM_M(20, 21, 64)              \
  OCTET_PAIR_FROM_M(22, 23, 96)
#define OCTET_TO_M_4                                                                                    \
  OCTET_PAIR_TO_M(16, 17, 0) OCTET_PAIR_TO_M(18, 19, 32) OCTET_PAIR_TO_M(20, 21, 64)                    \
  OCTET_PAIR_TO_M(22, 23, 96)
#define OCTET_ZERO_4                                                                                    \
  OCTET_ZERO(16) OCTET_ZERO(17) OCTET_ZERO(18) OCTET_ZERO(19) OCTET_ZERO(20) OCTET_ZERO(21)             \
  OCTET_ZERO(22) OCTET_ZERO(23)
#define OCTET_OPERANDS                                                                                  \
  [v] "+r"(v), [u] "+r"(u), [next] "+r"(next), [m] "+r"(m), [tiles] "+r"(tiles), [lines] "=&r"(lines),  \
      [ahead] "=&r"(ahead), [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3)              \
      : [start] "r"(p.u - 128), [stride] "r"(p.chunk_bytes), [twice] "r"(2 * p.chunk_bytes),            \
        [total] "r"(p.lines), [add] "r"(static_cast<uint32_t>(p.add))                                   \
      : "cc", "memory", "v0", "v1", "v2", "v3", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",   \
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23"
// clang-format on

struct WinogradInOrder : WinogradNeon {
  static constexpr size_t kRows = 8, kTogether = 4, kSlack = 0;
  static constexpr double kProductMacs = 3.4, kDirectMacs = 4.1;
  static constexpr double kInputCycles = 440, kOutputCycles = 840, kWeightCycles = 200;

  // M of `tiles` times 8 tiles; all lines of U.
  static inline __attribute__((always_inline)) void multiply_8(size_t tiles, const WinogradProduct& p) {
    const uint8_t *v = p.v, *u = p.u, *next = v + 128;
    uint8_t* m = p.m;
    size_t lines, ahead, t0, t1, t2, t3;
    // clang-format off
    asm volatile(
        OCTET_START
        "ldp q4, q5, [%[v], #64]\n ldp q6, q7, [%[v], #96]\n"
        "ldr %[t1], [%[v], #88]\n ldr %[t2], [%[v], #104]\n ldr %[t3], [%[v], #120]\n"
        "3: mov %[lines], %[total]\n"
        "cbz %w[add], 1f\n"
        OCTET_FROM_M_4 OCTET_PAIR_FROM_M(24, 25, 128) OCTET_PAIR_FROM_M(26, 27, 160)
        OCTET_PAIR_FROM_M(28, 29, 192) OCTET_PAIR_FROM_M(30, 31, 224)
        "b 2f\n"
        "1:\n"
        OCTET_ZERO_4 OCTET_ZERO(24) OCTET_ZERO(25) OCTET_ZERO(26) OCTET_ZERO(27)
        OCTET_ZERO(28) OCTET_ZERO(29) OCTET_ZERO(30) OCTET_ZERO(31)
        "2:  // octet-loop-begin winograd_inorder_8\n"
        OCTET_LOAD(7, v, 112, 5, 1)
        "subs %[lines], %[lines], #8\n"
        OCTET_LANES(OCTET_LANE_8, 6, 7)
        OCTET_LOAD(14, u, 224, 12, 1) OCTET_HIGH(3, u, 232) OCTET_ROW_0(15, 7) "add %[u], %[u], #128\n"
        OCTET_LOAD(0, v, 0, 13, 2) "prfm pldl1keep, [%[u], #576]\n" OCTET_ROW_1(15, 7) OCTET_HIGH(0, v, 8)
        OCTET_LOAD(1, v, 16, 14, 3) OCTET_ROW_2(15, 7) OCTET_HIGH(1, v, 24)
        OCTET_LOAD(2, v, 32, 0, 0) OCTET_ROW_3(15, 7) OCTET_HIGH(2, v, 40)
        OCTET_LOAD(3, v, 48, 1, 1) OCTET_ROW_4(15, 7) OCTET_HIGH(3, v, 56)
        OCTET_LOAD(4, v, 64, 2, 2) OCTET_ROW_5(15, 7) OCTET_HIGH(0, v, 72)
        OCTET_LOAD(5, v, 80, 3, 3) OCTET_HIGH(3, v, 120) OCTET_ROW_6(15, 7) OCTET_HIGH(1, v, 88)
        OCTET_LOAD(6, v, 96, 4, 0) OCTET_HIGH(2, v, 104) OCTET_ROW_7(15, 7)
        "b.ne 2b\n"
        "// octet-loop-end\n"
        OCTET_TO_M_4 OCTET_PAIR_TO_M(24, 25, 128) OCTET_PAIR_TO_M(26, 27, 160)
        OCTET_PAIR_TO_M(28, 29, 192) OCTET_PAIR_TO_M(30, 31, 224)
        "add %[m], %[m], #256\n add %[next], %[next], #128\n subs %[tiles], %[tiles], #1\n b.ne 3b\n"
        : OCTET_OPERANDS, "v4", "v5", "v6", "v7", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    // clang-format on
  }

  static inline __attribute__((always_inline)) void multiply_4(size_t tiles, const WinogradProduct& p) {
    const uint8_t *v = p.v, *u = p.u, *next = v + 64;
    uint8_t* m = p.m;
    size_t lines, ahead, t0, t1, t2, t3;
    // clang-format off
    asm volatile(
        OCTET_START
        "ldr %[t1], [%[v], #24]\n ldr %[t2], [%[v], #40]\n ldr %[t3], [%[v], #56]\n"
        "3: mov %[lines], %[total]\n"
        "cbz %w[add], 1f\n"
        OCTET_FROM_M_4
        "b 2f\n"
        "1:\n"
        OCTET_ZERO_4
        "2:  // octet-loop-begin winograd_inorder_4\n"
        OCTET_LOAD(3, v, 48, 1, 1)
        "subs %[lines], %[lines], #8\n"
        OCTET_LANES(OCTET_LANE_4, 2, 3)
        OCTET_LOAD(14, u, 224, 12, 1) OCTET_HIGH(3, u, 232) OCTET_ROW_0(15, 7) "add %[u], %[u], #128\n"
        OCTET_LOAD(0, v, 0, 13, 2) "prfm pldl1keep, [%[u], #576]\n" OCTET_ROW_1(15, 7) OCTET_HIGH(0, v, 8)
        OCTET_LOAD(1, v, 16, 14, 3) OCTET_HIGH(3, v, 56) OCTET_ROW_2(15, 7) OCTET_HIGH(1, v, 24)
        OCTET_LOAD(2, v, 32, 0, 0) OCTET_HIGH(2, v, 40) OCTET_ROW_3(15, 7)
        "b.ne 2b\n"
        "// octet-loop-end\n"
        OCTET_TO_M_4
        "add %[m], %[m], #128\n add %[next], %[next], #64\n subs %[tiles], %[tiles], #1\n b.ne 3b\n"
        : OCTET_OPERANDS);
    // clang-format on
  }

  // 8 at a time; the rest 4 at a time, up to 3 of which are memory that no one reads.
  static __attribute__((noinline)) void multiply_tiles(size_t count, WinogradProduct p) {
    const size_t eights = count / 8, fours = divide_up(count % 8, 4);
    if (eights > 0) multiply_8(eights, p);
    p.v += eights * 128;
    p.m += eights * 256;
    if (fours > 0) multiply_4(fours, p);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_winograd_inorder_aarch64_kernel;
const ConvS8Kernel conv_s8_winograd_inorder_aarch64_kernel = {"conv_s8_winograd_inorder_aarch64",
                                                              static_cast<CpuFeature>(kNeon | kInOrder),
                                                              supports,
                                                              packed_bytes<WinogradInOrder>,
                                                              pack<WinogradInOrder>,
                                                              scratch_bytes<WinogradInOrder>,
                                                              items<WinogradInOrder>,
                                                              run<WinogradInOrder>,
                                                              pays<WinogradInOrder>};

}  // namespace octet::kernels
