// SPDX-License-Identifier: Apache-2.0
//
// conv_s16 as a matrix product in plain C++, any geometry and groups: two output pixels by 8 output channels,
// for compilers to vectorize over the channels. conv_s16_windows.h cuts the work.
//
// A packed panel of 8 channels: u32 bias[8], then s16 weights[2 * steps][8].
#include "kernels/conv_s16_output.h"
#include "kernels/conv_s16_windows.h"

namespace octet::kernels {
namespace {

constexpr size_t kWidth = 8;

struct Portable {
  static constexpr size_t kPanel = kWidth, kRows = 2;

  static size_t panel_bytes(size_t steps) {
    return kWidth * (sizeof(uint32_t) + 2 * steps * sizeof(int16_t));
  }
  static void pack_panel(const ConvS16& c, const WindowsPlan& p, const ChannelPanel& panel, uint8_t* to);
  static void run_panel(const ConvS16& c, const ChannelPanel& panel, const WindowsTile& tile,
                        const uint8_t* packed, void* output);
};

void Portable::pack_panel(const ConvS16& c, const WindowsPlan& p, const ChannelPanel& panel, uint8_t* to) {
  std::memset(to, 0, panel_bytes(p.steps));
  auto* bias = reinterpret_cast<uint32_t*>(to);
  auto* weights = reinterpret_cast<int16_t*>(to + kWidth * sizeof(uint32_t));
  for (size_t j = 0; j < panel.columns; ++j) {
    bias[j] = c.bias ? static_cast<uint32_t>(c.bias[panel.first + j]) : 0;
    for (size_t k = 0; k < 2 * p.steps; ++k)
      weights[k * kWidth + j] = window_weight(c, p, panel.first + j, k);
  }
}

// acc[i][j] = bias[j] + sum over k of window i's element k * weights[k][j], modulo 2^32.
template <size_t kCount>
void multiply(const WindowsTile& tile, const int16_t* window, const uint8_t* packed,
              uint32_t (&acc)[kCount][kWidth]) {
  for (size_t i = 0; i < kCount; ++i) std::memcpy(acc[i], packed, sizeof(acc[i]));
  const auto* weights = reinterpret_cast<const int16_t*>(packed + kWidth * sizeof(uint32_t));
  for (size_t k = 0; k < 2 * tile.steps; ++k, weights += kWidth)
    for (size_t i = 0; i < kCount; ++i)
      for (size_t j = 0; j < kWidth; ++j)
        acc[i][j] += static_cast<uint32_t>(int32_t{window[i * tile.stride + k]} * int32_t{weights[j]});
}

template <size_t kCount>
void run_pixels(const ConvS16& c, const ChannelPanel& panel, const WindowsTile& tile, size_t m,
                const uint8_t* packed, void* output) {
  uint32_t acc[kCount][kWidth];
  multiply<kCount>(tile, tile.windows + m * tile.stride, packed, acc);
  for (size_t i = 0; i < kCount; ++i)
    for (size_t j = 0; j < panel.columns; ++j)
      store_conv_s16(c, panel.first + j, static_cast<int32_t>(acc[i][j]), output,
                     (tile.first + m + i) * c.output_channels + panel.first + j);
}

void Portable::run_panel(const ConvS16& c, const ChannelPanel& panel, const WindowsTile& tile,
                         const uint8_t* packed, void* output) {
  size_t m = 0;
  for (; m + kRows <= tile.pixels; m += kRows) run_pixels<kRows>(c, panel, tile, m, packed, output);
  for (; m < tile.pixels; ++m) run_pixels<1>(c, panel, tile, m, packed, output);
}

bool supports(const ConvS16&) { return true; }

}  // namespace

extern const ConvS16Kernel conv_s16_gemm_portable_kernel;
const ConvS16Kernel conv_s16_gemm_portable_kernel = {
    "conv_s16_gemm_portable", kPortable,       supports,     packed_bytes<Portable>, pack<Portable>,
    scratch_bytes<Portable>,  items<Portable>, run<Portable>};

}  // namespace octet::kernels
