// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on ARMv7 (conv_s8_winograd_plan.h): 4 tiles by 8 output channels in
// vmlal.s16 by lanes, 4 products an instruction. A lane must be in d0 - d7: those are the V of four tiles.
//
//   d0 - d7  V: 8 input channels of each tile; q4 - q7  U: a line each; q8 - q15  the sums
//
// In assembly, as gcc does not keep these classes apart: 36 moves for 64 vmlal. What the next lines need is
// loaded while others are used, so the last loads read past the end: V into what follows it in scratch, U
// into slack bytes.
#include "kernels/arm/conv_s8_winograd_neon.h"

namespace octet::kernels {
namespace {

// clang-format off
// Two tiles of V in `v` and `w` times the line of U in d<low>, d<high>.
#define OCTET_TILES_01(low, high, v, w, lane)                                                      \
  "vmlal.s16 q8, d" #low ", d" #v "[" #lane "]\n vmlal.s16 q9, d" #high ", d" #v "[" #lane "]\n"   \
  "vmlal.s16 q10, d" #low ", d" #w "[" #lane "]\n vmlal.s16 q11, d" #high ", d" #w "[" #lane "]\n"
#define OCTET_TILES_23(low, high, v, w, lane)                                                      \
  "vmlal.s16 q12, d" #low ", d" #v "[" #lane "]\n vmlal.s16 q13, d" #high ", d" #v "[" #lane "]\n" \
  "vmlal.s16 q14, d" #low ", d" #w "[" #lane "]\n vmlal.s16 q15, d" #high ", d" #w "[" #lane "]\n"
// Input channels 0 to 3 of the step, and 4 to 7.
#define OCTET_LOW(low, high, lane) \
  OCTET_TILES_01(low, high, 0, 2, lane) OCTET_TILES_23(low, high, 4, 6, lane)
#define OCTET_HIGH(low, high, lane) \
  OCTET_TILES_01(low, high, 1, 3, lane) OCTET_TILES_23(low, high, 5, 7, lane)
// clang-format on

struct WinogradArmv7 : WinogradNeon {
  static constexpr size_t kRows = 4, kTogether = 4, kSlack = 64;
  static constexpr double kProductMacs = 3.2, kDirectMacs = 3.6;
  static constexpr double kInputCycles = 400, kOutputCycles = 1000, kWeightCycles = 220;

  // M of 4 tiles; all lines of U.
  static inline __attribute__((always_inline)) void multiply_4(const WinogradProduct& p) {
    const uint8_t *v = p.v, *u = p.u, *ahead = v + 2 * p.chunk_bytes;
    size_t lines = p.lines;
    // clang-format off
    asm volatile(
        "vld1.16 {d0-d3}, [%[v]]!\n vld1.16 {d4-d7}, [%[v]], %[step]\n vld1.16 {d8-d11}, [%[u]]!\n"
        "cmp %[add], #0\n beq 1f\n"
        "vldmia %[m], {d16-d31}\n b 2f\n"
        "1: vmov.i32 q8, #0\n vmov.i32 q9, #0\n vmov.i32 q10, #0\n vmov.i32 q11, #0\n"
        "vmov.i32 q12, #0\n vmov.i32 q13, #0\n vmov.i32 q14, #0\n vmov.i32 q15, #0\n"
        "2: @ octet-loop-begin winograd_armv7\n"
        "vld1.16 {d12-d15}, [%[u]]!\n"
        OCTET_LOW(8, 9, 0) "pld [%[u], #512]\n" OCTET_LOW(10, 11, 1)
        "vld1.16 {d8-d11}, [%[u]]!\n"
        OCTET_LOW(12, 13, 2) "pld [%[ahead]]\n" OCTET_LOW(14, 15, 3)
        "vld1.16 {d12-d15}, [%[u]]!\n"
        OCTET_HIGH(8, 9, 0) "pld [%[u], #512]\n" OCTET_HIGH(10, 11, 1)
        "vld1.16 {d8-d11}, [%[u]]!\n"
        OCTET_HIGH(12, 13, 2) "add %[ahead], %[ahead], %[step]\n add %[ahead], %[ahead], #32\n"
        OCTET_TILES_01(14, 15, 1, 3, 3) "vld1.16 {d0-d3}, [%[v]]!\n"
        "subs %[lines], %[lines], #8\n"
        OCTET_TILES_23(14, 15, 5, 7, 3) "vld1.16 {d4-d7}, [%[v]], %[step]\n"
        "bne 2b\n"
        "@ octet-loop-end\n"
        "vstmia %[m], {d16-d31}\n"
        : [v] "+r"(v), [u] "+r"(u), [ahead] "+r"(ahead), [lines] "+r"(lines)
        : [m] "r"(p.m), [step] "r"(p.chunk_bytes - 32), [add] "r"(static_cast<uint32_t>(p.add))
        : "cc", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12",
          "q13", "q14", "q15");
    // clang-format on
  }

  // Up to 3 tiles of the last four are memory that no one reads.
  static __attribute__((noinline)) void multiply_tiles(size_t count, WinogradProduct p) {
    for (; count > 0; count -= min_size(count, 4)) {
      multiply_4(p);
      p.v += 64;
      p.m += 128;
    }
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_winograd_armv7_kernel;
const ConvS8Kernel conv_s8_winograd_armv7_kernel = {"conv_s8_winograd_armv7",
                                                    kNeon,
                                                    supports,
                                                    packed_bytes<WinogradArmv7>,
                                                    pack<WinogradArmv7>,
                                                    scratch_bytes<WinogradArmv7>,
                                                    items<WinogradArmv7>,
                                                    run<WinogradArmv7>,
                                                    pays<WinogradArmv7>};

}  // namespace octet::kernels
