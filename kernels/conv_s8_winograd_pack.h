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

// U of `pairs` pairs of input channels from their s8. Rows 0 and 5 of G W are 6 times rows 0 and 2 of W, and
// the others come in pairs of a sum and a difference, so that few registers are needed at a time.
template <class Isa>
void transform_weights(const int8_t* weights, size_t pairs, uint8_t* u, size_t u_bytes) {
  using Vec = typename Isa::Vec;
  constexpr size_t kHalf = sizeof(Vec) / 2, kTapBytes = 2 * Isa::kPanel, kRowBytes = 3 * kTapBytes;
  for (size_t i = 0; i < 2 * pairs; ++i, u += sizeof(Vec)) {  // a vector holds half a panel
    const int8_t* w = weights + i / 2 * kTaps * kTapBytes + i % 2 * kHalf;
    // The next part's weights, which come while the product of this one runs: nothing else fetches them.
    if (i % 2 == 0)
      for (size_t k = 0; k < kTaps * kTapBytes; k += 64)
        __builtin_prefetch(w + pairs * kTaps * kTapBytes + k, 0, 2);
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

// The channel in position `i` of the panel's two s32 vectors: packs, which works on 128-bit lanes, then
// puts eight consecutive channels into each lane.
template <class Isa>
size_t channel_at(size_t i) {
  constexpr size_t kLanes = Isa::kPanel / 2;
  return i % kLanes / 4 * 8 + i / kLanes * 4 + i % 4;
}

// The s8 of input channels [first, first + 2 * pairs), pair by pair; zeros where there are none.
template <class Isa>
void arrange_weights(const ConvS8& c, size_t panel, size_t first, size_t pairs, int8_t* to) {
  std::memset(to, 0, pairs * kTaps * 2 * Isa::kPanel);
  const size_t count = min_size(2 * pairs, c.input_channels - first), whole = count / 2;
  for (size_t tap = 0; tap < kTaps; ++tap)
    for (size_t i = 0; i < Isa::kPanel; ++i) {
      const size_t o = panel * Isa::kPanel + channel_at<Isa>(i);
      if (o >= c.output_channels) continue;
      const int8_t* from = c.weights + (o * kTaps + tap) * c.input_channels + first;
      int8_t* place = to + (tap * Isa::kPanel + i) * 2;
      constexpr size_t kStep = kTaps * Isa::kPanel * 2;
      for (size_t k = 0; k < whole; ++k) std::memcpy(place + k * kStep, from + 2 * k, 2);
      if (count % 2 != 0) place[whole * kStep] = from[2 * whole];
    }
}

// What a panel's header holds, by position and (multiplier) by channel.
template <class Isa>
struct PanelHeader {
  int32_t bias[Isa::kPanel], right_shift[Isa::kPanel], left_shift[Isa::kPanel];
  int16_t multiplier[Isa::kPanel];
  int32_t has_left_shift;
};

template <class Isa>
void pack_header(const ConvS8& c, size_t panel, void* to) {
  PanelHeader<Isa> h = {};
  for (size_t i = 0; i < Isa::kPanel; ++i) {
    const size_t channel = channel_at<Isa>(i), o = panel * Isa::kPanel + channel;
    if (o >= c.output_channels) continue;
    const size_t count = kTaps * c.input_channels;
    const int32_t sum = sum_weights(c.weights + o * count, count).sum, p = c.right_shift[o];
    const uint32_t bias =
        static_cast<uint32_t>(c.bias ? c.bias[o] : 0) + static_cast<uint32_t>(rounding_term(p));
    h.bias[i] = static_cast<int32_t>((bias - static_cast<uint32_t>(c.input_zero_point * sum)) << kScaleBits);
    const int32_t shift = p + kScaleBits;
    h.right_shift[i] = shift < 0 ? 0 : shift;
    h.left_shift[i] = shift < 0 ? -shift : 0;
    if (shift < 0) h.has_left_shift = 1;
    h.multiplier[channel] = c.multiplier[o];
  }
  std::memcpy(to, &h, sizeof(h));
}

template <class Isa>
void pack(const ConvS8& c, void* memory) {
  constexpr size_t kPairs = kChunk / 2, kPairBytes = kTaps * 2 * Isa::kPanel;
  const WinogradPlan p = make_plan<Isa>(c);
  std::memcpy(memory, &p, sizeof(p));
  uint8_t* to = static_cast<uint8_t*>(memory) + align_64(sizeof(p));
  for (size_t panel = 0; panel < p.panels; ++panel, to += p.panel_bytes) {
    pack_header<Isa>(c, panel, to);
    uint8_t* weights = to + p.header_bytes;
    for (size_t k = 0; k < p.pairs; k += kPairs) {
      const size_t pairs = min_size(kPairs, p.pairs - k);
      if (!p.stored) {
        arrange_weights<Isa>(c, panel, 2 * k, pairs, reinterpret_cast<int8_t*>(weights) + k * kPairBytes);
        continue;
      }
      alignas(64) int8_t arranged[kPairs * kPairBytes];
      arrange_weights<Isa>(c, panel, 2 * k, pairs, arranged);
      transform_weights<Isa>(arranged, pairs, weights + k * 4 * Isa::kPanel, p.u_bytes);
    }
  }
}

}  // namespace
}  // namespace octet::kernels
