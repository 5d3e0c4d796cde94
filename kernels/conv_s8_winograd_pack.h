// SPDX-License-Identifier: Apache-2.0
//
// Packed weights of Winograd F(4x4, 3x3): the s8 in panels, and the headers of panels. U = G W G^T of them is
// Isa::transform_weights()'s. conv_s8_winograd_plan.h has the formula and the layouts.
#pragma once

#include <cstring>

#include "kernels/conv_s8_winograd_plan.h"

namespace octet::kernels {
namespace {

// The s8 of `lines` lines from input channel `first` on; zeros where there are none. Isa::channel_at(i) is
// the channel in position i of the panel's two s32 vectors.
template <class Isa>
void arrange_weights(const ConvS8& c, size_t panel, size_t first, size_t lines, int8_t* to) {
  constexpr size_t kTogether = Isa::kInterleave, kLineBytes = kTaps * line_elements<Isa>();
  std::memset(to, 0, lines * kLineBytes);
  const size_t count = min_size(lines * kTogether, c.input_channels - first), whole = count / kTogether;
  for (size_t tap = 0; tap < kTaps; ++tap)
    for (size_t i = 0; i < Isa::kPanel; ++i) {
      const size_t o = panel * Isa::kPanel + Isa::channel_at(i);
      if (o >= c.output_channels) continue;
      const int8_t* from = c.weights + (o * kTaps + tap) * c.input_channels + first;
      int8_t* place = to + (tap * Isa::kPanel + i) * kTogether;
      for (size_t k = 0; k < whole; ++k) std::memcpy(place + k * kLineBytes, from + k * kTogether, kTogether);
      for (size_t k = whole * kTogether; k < count; ++k) place[whole * kLineBytes + k % kTogether] = from[k];
    }
}

// What a panel's header holds, by position and (multiplier) by channel.
template <class Isa>
struct PanelHeader {
  int32_t bias[Isa::kPanel], shift[Isa::kPanel];
  int16_t multiplier[Isa::kPanel];
  int32_t has_left_shift;
};

template <class Isa>
void pack_header(const ConvS8& c, size_t panel, void* to) {
  PanelHeader<Isa> h = {};
  for (size_t i = 0; i < Isa::kPanel; ++i) {
    const size_t channel = Isa::channel_at(i), o = panel * Isa::kPanel + channel;
    if (o >= c.output_channels) continue;
    const size_t count = kTaps * c.input_channels;
    const int32_t sum = sum_weights(c.weights + o * count, count).sum, p = c.right_shift[o];
    const uint32_t bias =
        static_cast<uint32_t>(c.bias ? c.bias[o] : 0) + static_cast<uint32_t>(winograd_rounding_term(p));
    h.bias[i] = static_cast<int32_t>(kBiasFactor * (bias - static_cast<uint32_t>(c.input_zero_point * sum)));
    h.shift[i] = p + kScaleBits;
    if (h.shift[i] < 0) h.has_left_shift = 1;
    h.multiplier[channel] = c.multiplier[o];
  }
  std::memcpy(to, &h, sizeof(h));
}

template <class Isa>
void pack(const ConvS8& c, void* memory) {
  constexpr size_t kLines = Isa::kChunk / Isa::kInterleave, kLineBytes = kTaps * line_elements<Isa>();
  const WinogradPlan p = make_plan<Isa>(c);
  std::memcpy(memory, &p, sizeof(p));
  uint8_t* to = static_cast<uint8_t*>(memory) + align_64(sizeof(p));
  for (size_t panel = 0; panel < p.panels; ++panel, to += p.panel_bytes) {
    pack_header<Isa>(c, panel, to);
    uint8_t* weights = to + p.header_bytes;
    for (size_t k = 0; k < p.lines; k += kLines) {
      const size_t lines = min_size(kLines, p.lines - k), first = k * Isa::kInterleave;
      if (!p.stored) {
        arrange_weights<Isa>(c, panel, first, lines, reinterpret_cast<int8_t*>(weights) + k * kLineBytes);
        continue;
      }
      alignas(64) int8_t arranged[kLines * kLineBytes];
      arrange_weights<Isa>(c, panel, first, lines, arranged);
      Isa::transform_weights(arranged, lines, weights + k * line_elements<Isa>() * 2, p.u_bytes);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
