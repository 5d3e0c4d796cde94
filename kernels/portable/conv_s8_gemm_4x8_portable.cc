// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product in plain C++: 4 output pixels by 8 output channels,
// any geometry and groups, written so that compilers vectorize over the channels
// (products of two s16 widened to s32). conv_s8_strip_plan.h cuts the work.
// Depthwise convolutions have a kernel of their own.
//
// A packed panel of 8 channels: PanelHeader, then s8 weights[k][8].
#include <cstring>

#include "kernels/conv_s8_strip.h"
#include "kernels/requantize.h"

namespace octet::kernels {
namespace {

constexpr size_t kWidth = 8;

// 8-byte aligned, as its size and the weights' are multiples of 8.
struct PanelHeader {
  int32_t bias[kWidth];  // zero point and rounding term folded in
  float scale[kWidth];
  int32_t left_factor[kWidth];  // 2^-p for p < 0
  int16_t multiplier[kWidth];
  int8_t right[kWidth];  // p > 0
};

struct Portable {
  using Element = int16_t;
  static constexpr size_t kStep = 1, kRows = 4, kPanel = kWidth;
  struct Epilogue {
    const ConvS8& conv;
    explicit Epilogue(const ConvS8& c) : conv(c) {}
  };

  static size_t panel_width(size_t) { return kPanel; }
  static size_t header_bytes(size_t) { return sizeof(PanelHeader); }
  static int16_t pad_element(int32_t input_zero_point) { return static_cast<int16_t>(input_zero_point); }
  static void fill(int16_t* to, size_t count, int16_t value) {
    for (size_t i = 0; i < count; ++i) to[i] = value;
  }
  static void convert(const int8_t* from, size_t count, int16_t* to) {
    for (size_t i = 0; i < count; ++i) to[i] = from[i];
  }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  static void run_tiles(const MicroTile<Portable>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& e);
};

void Portable::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  PanelHeader header = {};
  for (size_t i = 0; i < panel.columns; ++i) {
    const size_t o = panel.first + i;
    header.bias[i] = static_cast<int32_t>(folded_bias(c, o, c.input_zero_point));
    if (c.accumulator_scale) {
      header.scale[i] = c.accumulator_scale[o];
    } else {
      const int p = c.right_shift[o];
      if (p > 0)
        header.bias[i] =
            static_cast<int32_t>(folded_bias(c, o, c.input_zero_point) + (uint32_t{1} << (p - 1)));
      header.multiplier[i] = c.multiplier[o];
      header.right[i] = static_cast<int8_t>(p > 0 ? p : 0);
      header.left_factor[i] = p < 0 ? 1 << -p : 1;
    }
  }
  std::memcpy(to, &header, sizeof(header));
  pack_columns<kStep>(
      c, plan, panel, [](size_t i) { return i; }, reinterpret_cast<int8_t*>(to + sizeof(header)));
}

// The two orders of one loop nest, for compilers to vectorize: over the channels, and, where runs are
// long enough to pay for gathering the weights and adding up lanes, over k.
// acc[i][j] += sum over k of a[i][k] * weights[k][j], modulo 2^32.
template <size_t kRows>
void multiply_short_run(const int16_t* const* a, const int8_t* weights, size_t steps,
                        uint32_t (&acc)[kRows][kWidth]) {
  for (size_t k = 0; k < steps; ++k, weights += kWidth)
    for (size_t i = 0; i < kRows; ++i) {
      const int16_t pixel = a[i][k];
#pragma GCC unroll 1
      for (size_t j = 0; j < kWidth; ++j)
        acc[i][j] += static_cast<uint32_t>(int32_t{static_cast<int16_t>(pixel * int16_t{weights[j]})});
    }
}

template <size_t kRows>
void multiply_long_run(const int16_t* const* a, const int8_t* weights, size_t steps,
                       uint32_t (&acc)[kRows][kWidth]) {
  for (size_t k = 0; k < steps; ++k, weights += kWidth) {
    int16_t w[kWidth];
    for (size_t j = 0; j < kWidth; ++j) w[j] = weights[j];
    for (size_t i = 0; i < kRows; ++i)
      for (size_t j = 0; j < kWidth; ++j)
        acc[i][j] += static_cast<uint32_t>(int32_t{a[i][k]} * int32_t{w[j]});
  }
}

// acc[i][j] = bias[j] + the sum over all runs, for the pixels from `pixels` on.
template <size_t kRows>
void multiply_runs(const MicroTile<Portable>& t, const int16_t* const* pixels,
                   uint32_t (&acc)[kRows][kWidth]) {
  constexpr size_t kLongRun = 32;
  for (size_t i = 0; i < kRows; ++i) std::memcpy(acc[i], t.panel, sizeof(acc[i]));
  const auto* weights = reinterpret_cast<const int8_t*>(t.panel + sizeof(PanelHeader));
  for (size_t run = 0; run < t.runs; ++run, weights += t.steps * kWidth) {
    const int16_t* a[kRows];
    for (size_t i = 0; i < kRows; ++i) a[i] = pixels[i] + t.run_offsets[run];
    t.steps < kLongRun ? multiply_short_run<kRows>(a, weights, t.steps, acc)
                       : multiply_long_run<kRows>(a, weights, t.steps, acc);
  }
}

// requantize with conditional moves instead of 64-bit numbers and branches: acc holds the rounding term
// already; what saturates before a left shift saturates after it too.
inline int8_t requantize_rounded(int32_t acc, const PanelHeader& header, size_t j, const ConvS8& c) {
  const int32_t t = clamp_s32(acc >> header.right[j], -32768, 32767) * header.left_factor[j];
  const int32_t r = multiply_q15(clamp_s32(t, -32768, 32767), header.multiplier[j]);
  const int32_t q = clamp_s32(r + 64 * c.output_zero_point + 32, -32768, 32767) >> 6;
  return static_cast<int8_t>(clamp_s32(q, c.output_min, c.output_max));
}

void store_pixel(const MicroTile<Portable>& t, const ConvS8& c, const uint32_t* acc, size_t offset) {
  const auto& header = *reinterpret_cast<const PanelHeader*>(t.panel);
  if (c.accumulator_scale) {
    float* to = static_cast<float*>(t.output) + offset;
    for (size_t j = 0; j < t.columns; ++j)
      to[j] = static_cast<float>(static_cast<int32_t>(acc[j])) * header.scale[j];
    return;
  }
  int8_t q[kWidth];
  for (size_t j = 0; j < kWidth; ++j) q[j] = requantize_rounded(static_cast<int32_t>(acc[j]), header, j, c);
  int8_t* to = static_cast<int8_t*>(t.output) + offset;
  for (size_t j = 0; j < t.columns; ++j) to[j] = q[j];
}

template <size_t kRows>
void run_micro_tile(const MicroTile<Portable>& t, size_t first, const ConvS8& c) {
  uint32_t acc[kRows][kWidth];
  multiply_runs<kRows>(t, t.pixels + first, acc);
  for (size_t i = 0; i < kRows; ++i) store_pixel(t, c, acc[i], t.outputs[first + i]);
}

void Portable::run_tiles(const MicroTile<Portable>& t, size_t first, size_t rows, size_t tiles,
                         const Epilogue& e) {
  for (; tiles > 0; --tiles, first += rows) {
    switch (rows) {
      case 1:
        run_micro_tile<1>(t, first, e.conv);
        break;
      case 2:
        run_micro_tile<2>(t, first, e.conv);
        break;
      case 3:
        run_micro_tile<3>(t, first, e.conv);
        break;
      default:
        run_micro_tile<4>(t, first, e.conv);
        break;
    }
  }
}

bool supports(const ConvS8& c) { return c.groups == 1 || c.output_channels / c.groups >= 4; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_4x8_portable_kernel;
const ConvS8Kernel conv_s8_gemm_4x8_portable_kernel = {
    "conv_s8_gemm_4x8_portable", kPortable,       supports,     packed_bytes<Portable>, pack<Portable>,
    scratch_bytes<Portable>,     items<Portable>, run<Portable>};

}  // namespace octet::kernels
