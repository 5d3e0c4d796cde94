// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as Winograd F(4x4, 3x3) on AArch64 without dot product (conv_s8_winograd_plan.h): micro-tiles of 8
// tiles by 8 output channels in smlal by lanes, 4 products an instruction. A72 issues one a cycle; a quarter
// of the products remain, so this is as good as 16 a cycle, where the direct convolution reaches 8.
#include "kernels/arm/conv_s8_winograd_neon.h"

namespace octet::kernels {
namespace {

struct WinogradAArch64 : WinogradNeon {
  static constexpr size_t kRows = 8, kTogether = 1, kSlack = 0;
  static constexpr double kProductMacs = 3.8, kDirectMacs = 7.3;
  static constexpr double kInputCycles = 180, kOutputCycles = 400, kWeightCycles = 95;

  // Input channel `lane` of the step.
  template <size_t kRows, int lane>
  static void multiply_lane(const int16x8_t (&v)[kRows], const uint8_t* u, Vec (&acc)[kRows][2]) {
    const int16x8_t line = s16(load(u + 16 * lane));
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      acc[i][0] = vmlal_laneq_s16(acc[i][0], vget_low_s16(line), v[i], lane);
      acc[i][1] = vmlal_high_laneq_s16(acc[i][1], line, v[i], lane);
    }
  }

  // `tiles` micro-tiles.
  template <size_t kRows>
  static __attribute__((noinline)) void multiply_rows(size_t tiles, const WinogradProduct& t) {
    const uint8_t *v_first = t.v, *end = t.u + 16 * t.lines;
    uint8_t* m = t.m;
    for (; tiles > 0; --tiles, v_first += 16 * kRows, m += 32 * kRows) {
      Vec acc[kRows][2];
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        acc[i][0] = t.add ? load(m + 32 * i) : zero();
        acc[i][1] = t.add ? load(m + 32 * i + 16) : zero();
      }
      const uint8_t *u = t.u, *from = v_first;
      do {  // there is a step at least: of a loop that may be left out gcc would copy all sums
        int16x8_t v[kRows];
#pragma GCC unroll 8
        for (size_t i = 0; i < kRows; ++i) v[i] = s16(load(from + 16 * i));
        // Two steps ahead: the queues in front of the multiplier fill up before loads come far.
        for (size_t i = 0; i < 128; i += 64) {
          __builtin_prefetch(u + 512 + i);
          __builtin_prefetch(from + 2 * t.chunk_bytes + i);
        }
        multiply_lane<kRows, 0>(v, u, acc);
        multiply_lane<kRows, 1>(v, u, acc);
        multiply_lane<kRows, 2>(v, u, acc);
        multiply_lane<kRows, 3>(v, u, acc);
        multiply_lane<kRows, 4>(v, u, acc);
        multiply_lane<kRows, 5>(v, u, acc);
        multiply_lane<kRows, 6>(v, u, acc);
        multiply_lane<kRows, 7>(v, u, acc);
        u += 128;
        from += t.chunk_bytes;
      } while (u < end);
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        store(m + 32 * i, acc[i][0]);
        store(m + 32 * i + 16, acc[i][1]);
      }
    }
  }

  // In micro-tiles that differ by at most one row.
  static void multiply_tiles(size_t count, WinogradProduct t) {
    using Function = void (*)(size_t, const WinogradProduct&);
    static constexpr Function kFunctions[kRows + 1] = {nullptr,          multiply_rows<1>, multiply_rows<2>,
                                                       multiply_rows<3>, multiply_rows<4>, multiply_rows<5>,
                                                       multiply_rows<6>, multiply_rows<7>, multiply_rows<8>};
    const size_t portions = divide_up(count, kRows), rows = count / portions, longer = count % portions;
    if (longer > 0) kFunctions[rows + 1](longer, t);
    t.v += longer * (rows + 1) * 16;
    t.m += longer * (rows + 1) * 32;
    kFunctions[rows](portions - longer, t);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_winograd_aarch64_kernel;
const ConvS8Kernel conv_s8_winograd_aarch64_kernel = {"conv_s8_winograd_aarch64",
                                                      kNeon,
                                                      supports,
                                                      packed_bytes<WinogradAArch64>,
                                                      pack<WinogradAArch64>,
                                                      scratch_bytes<WinogradAArch64>,
                                                      items<WinogradAArch64>,
                                                      run<WinogradAArch64>,
                                                      pays<WinogradAArch64>};

}  // namespace octet::kernels
