// SPDX-License-Identifier: Apache-2.0
//
// Micro-tiles of up to 8 output pixels by a panel of 8 channels on sdot, which adds four s8 * s8 products to
// an s32 without saturation. conv_s8_gemm_panel8.h describes the panels; their weights stand in steps of 4 k.
//
// Sixteen accumulators, eight vectors of inputs (16 k of one pixel each, four of which sdot takes by lane)
// and two of weights fit in the 32 registers; 64 sdot need 16 loads.
//
// Isa is the struct of the including file; its kStep is 4 or a multiple. Anonymous: each ISA file has its own
// copy.
#pragma once

#include "kernels/arm/conv_s8_gemm_panel8.h"

#if defined(__GNUC__) && !defined(__clang__)
// Registers of a loop are not allocated apart from the others: gcc 12 would copy accumulators to and fro.
#pragma GCC optimize("ira-region=all")
#endif

namespace octet::kernels {
namespace {

// The four bytes from `from` on, in the first lane. As a float, or clang would fill all lanes, which takes a
// vector operation.
inline int8x8_t load_four(const int8_t* from) {
  float four;
  std::memcpy(&four, from, sizeof(four));
  return vreinterpret_s8_f32(vset_lane_f32(four, vdup_n_f32(0), 0));
}

// acc[i] += lane kLane of a[i] times the weights of one step.
template <int kLane, size_t kRows>
inline void multiply_step(const int8x16_t (&a)[kRows], const int8_t* weights, int32x4_t (&acc)[kRows][2]) {
  const int8x16_t b0 = vld1q_s8(weights), b1 = vld1q_s8(weights + 16);
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    acc[i][0] = vdotq_laneq_s32(acc[i][0], b0, a[i], kLane);
    acc[i][1] = vdotq_laneq_s32(acc[i][1], b1, a[i], kLane);
  }
}

// acc[i] += `steps` steps of pixels[i] from `offset` on. Returns the weights behind them.
template <size_t kRows>
__attribute__((always_inline)) inline const int8_t* multiply_run(const int8_t* const (&pixels)[kRows],
                                                                 size_t offset, size_t steps,
                                                                 const int8_t* weights,
                                                                 int32x4_t (&acc)[kRows][2]) {
  int8x16_t v[kRows];
  for (; steps >= 4; steps -= 4, weights += 128, offset += 16) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) v[i] = vld1q_s8(pixels[i] + offset);
    multiply_step<0>(v, weights, acc);
    multiply_step<1>(v, weights + 32, acc);
    multiply_step<2>(v, weights + 64, acc);
    multiply_step<3>(v, weights + 96, acc);
  }
#pragma GCC unroll 1
  for (; steps > 0; --steps, weights += 32, offset += 4) {
    const int8x16_t b0 = vld1q_s8(weights), b1 = vld1q_s8(weights + 16);
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      const int8x8_t four = load_four(pixels[i] + offset);
      acc[i][0] = vdotq_lane_s32(acc[i][0], b0, four, 0);
      acc[i][1] = vdotq_lane_s32(acc[i][1], b1, four, 0);
    }
  }
  return weights;
}

// In assembly, or compilers load the bias once and copy it, which takes vector operations.
inline void load_bias(const PanelHeader8& header, int32x4_t (&acc)[2]) {
  asm volatile("ldp %q0, %q1, [%2]" : "=w"(acc[0]), "=w"(acc[1]) : "r"(header.bias), "m"(header));
}

template <size_t kRows, class Isa>
void run_micro_tiles(const MicroTile<Isa>& t, size_t first, size_t tiles, const Epilogue8& epilogue) {
  const Epilogue8 e = epilogue;  // stores of bytes might change memory
  const auto& header = *reinterpret_cast<const PanelHeader8*>(t.panel);
  const auto* weights = reinterpret_cast<const int8_t*>(t.panel + sizeof(PanelHeader8));
  const int8_t* const* pixels = t.pixels + first;
  const uint32_t* run_offsets = t.run_offsets;
  const size_t runs = t.runs, steps = t.steps * (Isa::kStep / 4);
  TileOutput out = {t.output, t.outputs + first, t.columns};
  for (; tiles > 0; --tiles, pixels += kRows, out.outputs += kRows) {
    const int8_t* at[kRows];
    int32x4_t acc[kRows][2];
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      at[i] = pixels[i];
      load_bias(header, acc[i]);
    }
    const int8_t* b = weights;
    for (size_t run = 0; run < runs; ++run) b = multiply_run(at, run_offsets[run], steps, b, acc);
    finish_tile<kRows>(out, header, acc, e);
  }
}

// One pixel by one panel: four steps are a round, each with accumulators of its own.
inline void multiply_single(const int8_t* pixel, size_t steps, const int8_t* weights,
                            int32x4_t (&acc)[4][2]) {
  for (; steps >= 4; steps -= 4, pixel += 16, weights += 128) {
    const int8x16_t a = vld1q_s8(pixel);
    __builtin_prefetch(weights + 1024);
    __builtin_prefetch(weights + 1024 + 64);
    acc[0][0] = vdotq_laneq_s32(acc[0][0], vld1q_s8(weights), a, 0);
    acc[0][1] = vdotq_laneq_s32(acc[0][1], vld1q_s8(weights + 16), a, 0);
    acc[1][0] = vdotq_laneq_s32(acc[1][0], vld1q_s8(weights + 32), a, 1);
    acc[1][1] = vdotq_laneq_s32(acc[1][1], vld1q_s8(weights + 48), a, 1);
    acc[2][0] = vdotq_laneq_s32(acc[2][0], vld1q_s8(weights + 64), a, 2);
    acc[2][1] = vdotq_laneq_s32(acc[2][1], vld1q_s8(weights + 80), a, 2);
    acc[3][0] = vdotq_laneq_s32(acc[3][0], vld1q_s8(weights + 96), a, 3);
    acc[3][1] = vdotq_laneq_s32(acc[3][1], vld1q_s8(weights + 112), a, 3);
  }
#pragma GCC unroll 1
  for (; steps > 0; --steps, pixel += 4, weights += 32) {
    const int8x8_t a = load_four(pixel);
    acc[0][0] = vdotq_lane_s32(acc[0][0], vld1q_s8(weights), a, 0);
    acc[0][1] = vdotq_lane_s32(acc[0][1], vld1q_s8(weights + 16), a, 0);
  }
}

template <class Isa>
void run_single_pixel(const ConvS8& c, const PackedStrip& packed, const PanelRange& range,
                      const int8_t* input, void* output) {
  const Epilogue8 epilogue(c);
  const size_t steps = packed.plan->run_steps * (Isa::kStep / 4);
  const size_t element_bytes = c.accumulator_scale ? sizeof(float) : 1;
  const size_t first_output = 0;
  for (size_t i = range.first; i < range.last; ++i) {
    const Panel& panel = packed.panels[i];
    const auto& header = *reinterpret_cast<const PanelHeader8*>(packed.base + panel.offset);
    const auto* weights = reinterpret_cast<const int8_t*>(&header + 1);
    int32x4_t acc[4][2] = {{vld1q_s32(header.bias), vld1q_s32(header.bias + 4)}};
    multiply_single(input, steps, weights, acc);
    const int32x4_t sum[1][2] = {
        {vaddq_s32(vaddq_s32(acc[0][0], acc[1][0]), vaddq_s32(acc[2][0], acc[3][0])),
         vaddq_s32(vaddq_s32(acc[0][1], acc[1][1]), vaddq_s32(acc[2][1], acc[3][1]))}};
    finish_tile<1>(
        {static_cast<uint8_t*>(output) + panel.first * element_bytes, &first_output, panel.columns}, header,
        sum, epilogue);
  }
}

}  // namespace
}  // namespace octet::kernels
