// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product on NEON: 8 output pixels (ARMv7: 4) by 8 output channels, any geometry and
// groups but depthwise. conv_s16_windows.h cuts the work.
//
//   acc[i][0..7] += window[i][k] * weights[k][0..7]
//
// four k at a time: the four elements of a window are the lanes that smlal multiplies eight weights with.
// Exact: s32 sums of s16 products, which wrap as the reference's do. The accumulators of all pixels, their
// elements and eight weights fill 25 registers of 32, on ARMv7 11 of 16.
//
// Weights are s16 in memory: smlal takes both factors of one width, and one load per 16 (8) multiplications
// is not what the cores wait for.
//
// A packed panel of 8 channels: the header of conv_s16_output_neon.h, then s16 weights[2 * steps][8].
#include "kernels/arm/conv_s16_output_neon.h"
#include "kernels/conv_s16_windows.h"

namespace octet::kernels {
namespace {

// acc + eight weights * lane kLane of x.
template <int kLane>
inline void add_products(int16x8_t weights, int16x4_t x, int32x4_t (&acc)[2]) {
  acc[0] = vmlal_lane_s16(acc[0], vget_low_s16(weights), x, kLane);
#if defined(__aarch64__)
  acc[1] = vmlal_high_lane_s16(acc[1], weights, x, kLane);
#else
  acc[1] = vmlal_lane_s16(acc[1], vget_high_s16(weights), x, kLane);
#endif
}

template <int kLane, size_t kCount>
__attribute__((always_inline)) inline void add_column(const int16_t* weights, const int16x4_t (&x)[kCount],
                                                      int32x4_t (&acc)[kCount][2]) {
  const int16x8_t w = vld1q_s16(weights + kLane * kWideEight);
#pragma GCC unroll 8
  for (size_t i = 0; i < kCount; ++i) add_products<kLane>(w, x[i], acc[i]);
}

// Two elements, then zeros: nothing behind a window may be read.
inline int16x4_t load_two(const int16_t* from) {
  uint32_t two;
  std::memcpy(&two, from, sizeof(two));
  return vreinterpret_s16_u64(vcreate_u64(two));
}

struct WideGemm {
  static constexpr size_t kPanel = kWideEight;
#if defined(__aarch64__)
  static constexpr size_t kRows = 8;
#else
  static constexpr size_t kRows = 4;
#endif

  static size_t panel_bytes(size_t steps) { return kWideEightHeader + steps * 4 * kPanel; }

  static void pack_panel(const ConvS16& c, const WindowsPlan& p, const ChannelPanel& panel, uint8_t* to) {
    pack_wide_eight_header(c, panel.first, panel.columns, to);
    auto* weights = reinterpret_cast<int16_t*>(to + kWideEightHeader);
    for (size_t k = 0; k < 2 * p.steps; ++k)
      for (size_t i = 0; i < kPanel; ++i)
        *weights++ = i < panel.columns ? window_weight(c, p, panel.first + i, k) : int16_t{0};
  }

  // `kCount` windows from `window` on.
  template <size_t kCount>
  static __attribute__((always_inline)) inline void multiply(const WindowsTile& tile, const int16_t* window,
                                                             const uint8_t* packed,
                                                             int32x4_t (&acc)[kCount][2]) {
    const int16_t* a[kCount];
#pragma GCC unroll 8
    for (size_t i = 0; i < kCount; ++i) {
      a[i] = window + i * tile.stride;
      acc[i][0] = vld1q_s32(wide_bias(packed));
      acc[i][1] = vld1q_s32(wide_bias(packed) + 4);
    }
    const auto* weights = reinterpret_cast<const int16_t*>(packed + kWideEightHeader);
    const size_t elements = 2 * tile.steps;
    int16x4_t x[kCount];
    size_t k = 0;
    for (; k + 4 <= elements; k += 4, weights += 4 * kPanel) {
#pragma GCC unroll 8
      for (size_t i = 0; i < kCount; ++i) x[i] = vld1_s16(a[i] + k);
      add_column<0>(weights, x, acc);
      add_column<1>(weights, x, acc);
      add_column<2>(weights, x, acc);
      add_column<3>(weights, x, acc);
    }
    if (k == elements) return;
#pragma GCC unroll 8
    for (size_t i = 0; i < kCount; ++i) x[i] = load_two(a[i] + k);
    add_column<0>(weights, x, acc);
    add_column<1>(weights, x, acc);
  }

  struct Panel {
    const ConvS16& c;
    const ChannelPanel& channels;
    const WindowsTile& tile;
    const uint8_t* packed;
    void* output;
    WideEpilogue epilogue;
  };

  template <size_t kCount>
  static __attribute__((noinline)) void run_pixels(const Panel& p, size_t m) {
    int32x4_t acc[kCount][2];
    multiply<kCount>(p.tile, p.tile.windows + m * p.tile.stride, p.packed, acc);
    int32x4_t sums[kCount][2];  // gcc for ARMv7 keeps in memory what the outputs' loops index
#pragma GCC unroll 8
    for (size_t i = 0; i < kCount; ++i) {
      sums[i][0] = acc[i][0];
      sums[i][1] = acc[i][1];
    }
    const size_t stride = p.c.output_channels;
    finish_wide(p.packed, sums,
                {p.output, (p.tile.first + m) * stride + p.channels.first, stride, p.channels.columns},
                p.epilogue);
  }

  static void run_panel(const ConvS16& c, const ChannelPanel& channels, const WindowsTile& tile,
                        const uint8_t* packed, void* output) {
    const Panel p = {c, channels, tile, packed, output, WideEpilogue(c)};
    size_t m = 0;
    for (; m + kRows <= tile.pixels; m += kRows) run_pixels<kRows>(p, m);
    for (; m + kRows / 2 <= tile.pixels; m += kRows / 2) run_pixels<kRows / 2>(p, m);
    for (; m < tile.pixels; ++m) run_pixels<1>(p, m);
  }

  // Depthwise convolutions have rows of their own.
  static bool supports(const ConvS16& c) {
    return c.groups == 1 || c.groups != c.input_channels || c.output_channels != c.input_channels;
  }
};

}  // namespace

extern const ConvS16Kernel conv_s16_gemm_neon_kernel;
const ConvS16Kernel conv_s16_gemm_neon_kernel = {
    "conv_s16_gemm_neon",    kNeon,           WideGemm::supports, packed_bytes<WideGemm>, pack<WideGemm>,
    scratch_bytes<WideGemm>, items<WideGemm>, run<WideGemm>};

}  // namespace octet::kernels
