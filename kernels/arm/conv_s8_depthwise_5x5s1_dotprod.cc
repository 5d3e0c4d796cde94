// SPDX-License-Identifier: Apache-2.0
//
// Depthwise conv_s8 with a 5x5 kernel and stride 1 with dot products. Two rows of output at
// once, from columns of six input rows:
//
//   A(k)  [r0 r1 r2 r3] of column k                       five columns
//   B(k)  [r4 of k, r5 of k, r4 of k + 1, r5 of k + 1]    columns 0, 2 and 3
//
//   row y:      [w0 w1 w2 w3] . A(k)    [w4 0 w4' 0] . B(k)       w of column k, w' of column k + 1
//   row y + 1:  [0 w0 w1 w2]  . A(k)    [w3 w4 w3' w4'] . B(k)
//
// where the weights of B(3) are zero for column 3, which B(2) has.
//
// Five outputs of both rows are in registers at a time, and every column is added to all of them when it is
// loaded: sums of one output after another would wait for each other, and the columns take more registers.
// Weights are loaded where they are used. conv_s8_depthwise.h is the frame.
#include "kernels/arm/conv_s8_depthwise_quads.h"

namespace octet::kernels {
namespace {

// The tap at row ky and column kx, or none.
constexpr uint8_t tap(size_t ky, size_t kx) {
  return ky < 5 && kx < 5 ? static_cast<uint8_t>(ky * 5 + kx) : kNoTap;
}

struct TapTable {
  uint8_t taps[16][4];
};

// The tap behind each weight of a quad: per output row A(0) to A(4), B(0), B(2), B(3).
constexpr TapTable make_taps() {
  TapTable table = {};
  for (size_t row = 0; row < 2; ++row) {
    for (size_t k = 0; k < 5; ++k)
      for (size_t r = 0; r < 4; ++r) table.taps[row * 8 + k][r] = tap(r - row, k);
    for (size_t r = 0; r < 4; ++r) {
      table.taps[row * 8 + 5][r] = tap(4 + r % 2 - row, r / 2);
      table.taps[row * 8 + 6][r] = tap(4 + r % 2 - row, 2 + r / 2);
      table.taps[row * 8 + 7][r] = r < 2 ? kNoTap : tap(4 + r % 2 - row, 4);
    }
  }
  return table;
}

// An output of both rows that columns are still added to, and r4 and r5 of the column that was the last when
// it began.
struct Sums5x5 {
  int32x4_t acc[2][2];  // [output row][half of the channels]
  int16x8_t pending;
};

struct Depthwise5x5s1 {
  static constexpr size_t kKernel = 5, kStride = 1, kInputRows = 6, kOutputRows = 2;
  static constexpr size_t kOutputs = 1, kReach = 5, kRing = 5, kShared = 4, kAdvance = 1, kQuads = 16;
  static constexpr size_t kWeightBytes = kQuads * 4 * kEight;
  static constexpr TapTable kTaps = make_taps();
  using Column = Sums5x5;
  using Fast = Depthwise5x5s1;
  static bool is_fast(const uint8_t*) { return true; }

  EightBias bias;
  RequantizeEight requantize;
  RequantizeRange range;
  const uint8_t* weights;

  Depthwise5x5s1(const uint8_t* packed, const RequantizeRange& output_range)
      : bias(packed),
        requantize(load_requantize(packed)),
        range(output_range),
        weights(packed + kEightHeader) {}

  static void pack(const ConvS8& c, const DepthwiseBlock& block, uint8_t* to) {
    pack_quads(c, block, kTaps.taps, to);
  }

  // The weights, loaded where they are used: the compiler would otherwise keep them in registers that it
  // lacks.
  inline int8x16_t weight(size_t row, size_t half, size_t quad) {
    asm("" : "+r"(weights));
    return load_weights(weights, 2 * (8 * row + quad) + half);
  }

  inline void add_quads(const Quads& data, size_t quad, Sums5x5* sums) {
#pragma GCC unroll 2
    for (size_t row = 0; row < 2; ++row)
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half)
        sums->acc[row][half] = vdotq_s32(sums->acc[row][half], data.half[half], weight(row, half, quad));
  }

  // Adds column k to the outputs whose windows it is in: the one that begins with it, at `kPlace` of the
  // ring, and up to kBefore before that.
  template <size_t kPlace, size_t kBefore, class Pixels>
  __attribute__((always_inline)) inline void add_column(const Pixels& pixels, size_t k, Sums5x5* ring) {
    constexpr auto kAt = [](size_t before) { return (kPlace + kRing - before) % kRing; };
    const int16x8_t last_rows = zip_bytes(pixels(4, k), pixels(5, k));
    if constexpr (kBefore > 0) {
      const Quads b = interleave_pairs(ring[kAt(1)].pending, last_rows);
      add_quads(b, 5, &ring[kAt(1)]);
      if constexpr (kBefore > 2) add_quads(b, 6, &ring[kAt(3)]);
      if constexpr (kBefore > 3) add_quads(b, 7, &ring[kAt(4)]);
    }
    const Quads a = interleave(pixels(0, k), pixels(1, k), pixels(2, k), pixels(3, k));
    Sums5x5& begun = ring[kPlace];
#pragma GCC unroll 2
    for (size_t row = 0; row < 2; ++row)
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) begun.acc[row][half] = bias.load(half);
    begun.pending = last_rows;
#pragma GCC unroll 5
    for (size_t i = 0; i <= kBefore; ++i) add_quads(a, kBefore - i, &ring[kAt(kBefore - i)]);
  }

  template <class Pixels>
  inline void begin(const Pixels& pixels, Sums5x5* ring) {
    add_column<0, 0>(pixels, 0, ring);
    add_column<1, 1>(pixels, 1, ring);
    add_column<2, 2>(pixels, 2, ring);
    add_column<3, 3>(pixels, 3, ring);
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, Sums5x5* ring, int8_t* const (&out)[2]) {
    add_column<(kBegin + 4) % kRing, 4>(pixels, 0, ring);
    const auto& acc = ring[kBegin].acc;
    store_halves(requantize_16(acc[0][0], acc[0][1], acc[1][0], acc[1][1], requantize, requantize, range),
                 out[0], out[1]);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_5x5s1_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s1_dotprod_kernel =
    DepthwiseColumns<Depthwise5x5s1>::kernel("conv_s8_depthwise_5x5s1_dotprod", kDotprod);

}  // namespace octet::kernels
