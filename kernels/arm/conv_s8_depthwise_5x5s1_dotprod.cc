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
// Weights are loaded where they are used: there are as many as registers. conv_s8_depthwise.h is the frame.
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

struct Column5x5 {
  Quads a, b;         // b: with the column behind it
  int16x8_t pending;  // r4 and r5, until that column comes
};

struct Depthwise5x5s1 {
  static constexpr size_t kKernel = 5, kStride = 1, kInputRows = 6, kOutputRows = 2;
  static constexpr size_t kOutputs = 1, kReach = 5, kRing = 5, kShared = 4, kAdvance = 1, kQuads = 16;
  static constexpr size_t kWeightBytes = kQuads * 4 * kEight;
  static constexpr TapTable kTaps = make_taps();
  using Column = Column5x5;
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

  // Column k without its b, for which it completes that of the column before.
  template <class Pixels>
  static inline void load_column(const Pixels& pixels, size_t k, Column* column, Column* before) {
    column->a = interleave(pixels(0, k), pixels(1, k), pixels(2, k), pixels(3, k));
    column->pending = zip_bytes(pixels(4, k), pixels(5, k));
    if (before) before->b = interleave_pairs(before->pending, column->pending);
  }

  template <class Pixels>
  static void begin(const Pixels& pixels, Column* ring) {
    for (size_t k = 0; k < kShared; ++k) load_column(pixels, k, &ring[k], k > 0 ? &ring[k - 1] : nullptr);
  }

  // The weights, loaded where they are used: the compiler would otherwise keep them in registers that it
  // lacks.
  inline int8x16_t weight(size_t row, size_t half, size_t quad) {
    asm("" : "+r"(weights));
    return load_weights(weights, 2 * (8 * row + quad) + half);
  }

  // Four channels of both rows.
  template <size_t kBegin>
  inline void sums(const Column* ring, size_t half, int32x4_t (&acc)[2]) {
    acc[0] = bias.load(half);
    acc[1] = bias.load(half);
#pragma GCC unroll 8
    for (size_t quad = 0; quad < 8; ++quad) {
      constexpr size_t kColumns[8] = {0, 1, 2, 3, 4, 0, 2, 3};
      const Column& column = ring[(kBegin + kColumns[quad]) % kRing];
      const int8x16_t data = (quad < 5 ? column.a : column.b).half[half];
      acc[0] = vdotq_s32(acc[0], data, weight(0, half, quad));
      acc[1] = vdotq_s32(acc[1], data, weight(1, half, quad));
    }
  }

  template <size_t kBegin, class Pixels>
  inline void inside(const Pixels& pixels, Column* ring, int8_t* const (&out)[2]) {
    Column *column = &ring[(kBegin + 4) % kRing], *before = &ring[(kBegin + 3) % kRing];
    load_column(pixels, 0, column, before);
    int32x4_t low[2], high[2];
    sums<kBegin>(ring, 0, low);
    sums<kBegin>(ring, 1, high);
    const int8x16_t q = requantize_16(low[0], high[0], low[1], high[1], requantize, requantize, range);
    store_halves(q, out[0], out[1]);
  }
};

}  // namespace

extern const ConvS8Kernel conv_s8_depthwise_5x5s1_dotprod_kernel;
const ConvS8Kernel conv_s8_depthwise_5x5s1_dotprod_kernel =
    DepthwiseColumns<Depthwise5x5s1>::kernel("conv_s8_depthwise_5x5s1_dotprod", kDotprod);

}  // namespace octet::kernels
