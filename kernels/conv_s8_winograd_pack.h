// SPDX-License-Identifier: Apache-2.0
//
// Packed weights of Winograd F(4x4, 3x3): the s8 in panels, U = G W G^T of them, and the headers of panels.
// conv_s8_winograd_plan.h has the formula and the layouts.
#pragma once

#include <cstring>

#include "kernels/conv_s8_winograd_plan.h"

namespace octet::kernels {
namespace {

// One row of U from a row of G W: the products with G^T's columns.
template <class Isa>
inline void store_weight_row(const typename Isa::Vec (&w)[3], uint8_t* u, size_t u_bytes) {
  const auto even = Isa::add16(w[0], w[2]), far = Isa::add16(w[0], Isa::shift16(w[2], 2));
  const auto twice = Isa::add16(w[1], w[1]);
  Isa::store(u, Isa::six16(w[0]));
  Isa::store(u + u_bytes, Isa::add16(even, w[1]));
  Isa::store(u + 2 * u_bytes, Isa::sub16(even, w[1]));
  Isa::store(u + 3 * u_bytes, Isa::add16(far, twice));
  Isa::store(u + 4 * u_bytes, Isa::sub16(far, twice));
  Isa::store(u + 5 * u_bytes, Isa::six16(w[2]));
}

// U of `lines` lines from their s8. Rows 0 and 5 of G W are 6 times rows 0 and 2 of W, and
// the others come in pairs of a sum and a difference, so that few registers are needed at a time.
template <class Isa>
void transform_weights(const int8_t* weights, size_t lines, uint8_t* u, size_t u_bytes) {
  using Vec = typename Isa::Vec;
  constexpr size_t kTapBytes = line_elements<Isa>(), kRowBytes = 3 * kTapBytes, kVectors = Isa::kInterleave;
  for (size_t i = 0; i < lines * kVectors; ++i, u += sizeof(Vec)) {
    const int8_t* w = weights + i / kVectors * kTaps * kTapBytes + i % kVectors * Isa::kPanel;
    // The next part's weights, which come while the product of this one runs: nothing else fetches them.
    if (i % kVectors == 0)
      for (size_t k = 0; k < kTaps * kTapBytes; k += 64)
        __builtin_prefetch(w + lines * kTaps * kTapBytes + k, 0, 2);
    Vec low[3], high[3], sum[3], difference[3];
#pragma GCC unroll 3
    for (size_t x = 0; x < 3; ++x) {
      const Vec even =
          Isa::add16(Isa::widen(w + x * kTapBytes), Isa::widen(w + 2 * kRowBytes + x * kTapBytes));
      const Vec middle = Isa::widen(w + kRowBytes + x * kTapBytes);
      sum[x] = Isa::add16(even, middle);
      difference[x] = Isa::sub16(even, middle);
    }
    store_weight_row<Isa>(sum, u + 6 * u_bytes, u_bytes);
    store_weight_row<Isa>(difference, u + 12 * u_bytes, u_bytes);
#pragma GCC unroll 3
    for (size_t x = 0; x < 3; ++x) {
      low[x] = Isa::widen(w + x * kTapBytes);
      high[x] = Isa::widen(w + 2 * kRowBytes + x * kTapBytes);
      const Vec far = Isa::add16(low[x], Isa::shift16(high[x], 2));
      const Vec middle = Isa::widen(w + kRowBytes + x * kTapBytes), twice = Isa::add16(middle, middle);
      sum[x] = Isa::add16(far, twice);
      difference[x] = Isa::sub16(far, twice);
      low[x] = Isa::six16(low[x]);
      high[x] = Isa::six16(high[x]);
    }
    store_weight_row<Isa>(sum, u + 18 * u_bytes, u_bytes);
    store_weight_row<Isa>(difference, u + 24 * u_bytes, u_bytes);
    store_weight_row<Isa>(low, u, u_bytes);
    store_weight_row<Isa>(high, u + 30 * u_bytes, u_bytes);
  }
}

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
      transform_weights<Isa>(arranged, lines, weights + k * line_elements<Isa>() * 2, p.u_bytes);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
