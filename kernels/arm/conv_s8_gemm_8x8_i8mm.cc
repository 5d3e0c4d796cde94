// SPDX-License-Identifier: Apache-2.0
//
// conv_s8 as a matrix product on smmla: 8 output pixels by 8 output channels, any geometry and groups.
// conv_s8_strip.h cuts the work.
//
// Exact: smmla adds, in s32 and without saturation, the products of two pixels' eight inputs with two
// channels' eight weights to a 2x2 block:
//
//   { pixel 0 channel 0, pixel 0 channel 1, pixel 1 channel 0, pixel 1 channel 1 }
//
// So the inputs of a tile are gathered in pairs of pixels, once for all panels:
//
//   s8 gathered[8 pixels' block][step][4 pairs][2 pixels][8 k], zeros behind the end of a run
//
// A packed panel of 8 channels; "paired" is 0 1 0 1 | 2 3 2 3 | 4 5 4 5 | 6 7 6 7:
//   s32 bias[16]        paired, with zero point and rounding term folded in
//   s32 shift[16]       paired, stored_shift(), or f32 scale
//   s16 multiplier[16]  paired
//   s8  weights[step][4 pairs][2 channels][8 k]
//
// Sixteen accumulators, four vectors of inputs and four of weights: 8 loads for 16 smmla.
#include "kernels/arm/conv_s8_gemm_panel8.h"

namespace octet::kernels {
namespace {

struct PairedHeader {
  int32_t bias[16];
  int32_t shift[16];
  int16_t multiplier[16];
};

// The channel that stands in position `i` of 16.
constexpr size_t paired_channel(size_t i) { return i / 4 * 2 + i % 2; }

struct I8mm : SignedInputs {
  using Epilogue = Epilogue8;
  static constexpr size_t kStep = 8, kRows = 8, kPanel = 8;
  static constexpr size_t kPairs = 4, kStepBytes = kPairs * 2 * kStep;  // of gathered inputs
  static constexpr bool kWholeTiles = true, kGathers = true;

  static size_t panel_width(size_t) { return kPanel; }
  static size_t header_bytes(size_t) { return sizeof(PairedHeader); }
  static void pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to);
  // Gathering reads no byte beyond a run.
  static bool reads_in_place(const ConvS8&) { return true; }
  static void gather(const StripPlan& plan, const MicroTile<I8mm>& t, size_t pixels, int8_t* to);
  static void run_tiles(const MicroTile<I8mm>& t, size_t first, size_t rows, size_t tiles,
                        const Epilogue& epilogue);
};

void I8mm::pack_panel(const ConvS8& c, const StripPlan& plan, const Panel& panel, uint8_t* to) {
  const PanelHeader8 header = make_panel_header<PanelHeader8>(c, panel);
  PairedHeader paired;
  for (size_t i = 0; i < 16; ++i) {
    paired.bias[i] = header.bias[paired_channel(i)];
    paired.shift[i] = header.shift[paired_channel(i)];
    paired.multiplier[i] = header.multiplier[paired_channel(i)];
  }
  std::memcpy(to, &paired, sizeof(paired));
  pack_columns<kStep>(
      c, plan, panel, [](size_t i) { return i; }, reinterpret_cast<int8_t*>(to + sizeof(paired)));
}

inline int8x16_t zip_low(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}
inline int8x16_t zip_high(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

// Elements [first, elements) of a run of two pixels, side by side in eights.
inline void gather_pair(const int8_t* a, const int8_t* b, size_t first, size_t elements, int8_t* to) {
  for (size_t k = first; k < elements; k += 8, to += I8mm::kStepBytes) {
    const size_t rest = min_size(elements - k, 8);
    vst1q_s8(to, vcombine_s8(load_part(a + k, rest), load_part(b + k, rest)));
  }
}

// A run of eight pixels: sixteen elements at a time, and what is left.
inline void gather_run(const int8_t* const (&pixels)[8], size_t offset, size_t elements, int8_t* to) {
  constexpr size_t kBytes = I8mm::kStepBytes;
  size_t k = 0;
  for (; k + 16 <= elements; k += 16, to += 2 * kBytes)
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      const int8x16_t a = vld1q_s8(pixels[2 * i] + offset + k), b = vld1q_s8(pixels[2 * i + 1] + offset + k);
      vst1q_s8(to + 16 * i, zip_low(a, b));
      vst1q_s8(to + kBytes + 16 * i, zip_high(a, b));
    }
  for (size_t i = 0; i < 4 && k < elements; ++i)
    gather_pair(pixels[2 * i] + offset, pixels[2 * i + 1] + offset, k, elements, to + 16 * i);
}

// Behind the last pixel it is repeated.
void I8mm::gather(const StripPlan& plan, const MicroTile<I8mm>& t, size_t pixels, int8_t* to) {
  const size_t run_bytes = plan.run_steps * kStepBytes;
  for (size_t m = 0; m < pixels; m += kRows) {
    const int8_t* block[8];
    for (size_t i = 0; i < 8; ++i) block[i] = t.pixels[min_size(m + i, pixels - 1)];
    for (size_t run = 0; run < plan.runs; ++run, to += run_bytes)
      gather_run(block, t.run_offsets[run], plan.run_elements, to);
  }
}

// acc[i][j] += the products of `steps` steps of pair i of pixels and pair j of channels.
template <size_t kPairs>
__attribute__((always_inline)) inline void multiply_steps(const int8_t* inputs, const int8_t* weights,
                                                          size_t steps, int32x4_t (&acc)[kPairs][4]) {
  for (; steps > 0; --steps, inputs += I8mm::kStepBytes, weights += 64) {
    int8x16_t a[kPairs], b[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < kPairs; ++i) a[i] = vld1q_s8(inputs + 16 * i);
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) b[j] = vld1q_s8(weights + 16 * j);
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j)
#pragma GCC unroll 4
      for (size_t i = 0; i < kPairs; ++i) acc[i][j] = vmmlaq_s32(acc[i][j], a[i], b[j]);
  }
}

// The way that finish_rare_tile goes, pixel by pixel.
template <size_t kPairs>
__attribute__((noinline)) void finish_rare_pairs(const TileOutput& t, const PairedHeader& paired, size_t rows,
                                                 const int32x4_t (&acc)[kPairs][4], const Epilogue8& e) {
  PanelHeader8 header = {};
  for (size_t i = 0; i < 16; ++i) {
    header.shift[paired_channel(i)] = paired.shift[i];
    header.multiplier[paired_channel(i)] = paired.multiplier[i];
  }
  for (size_t i = 0; i < rows; ++i) {
    int32_t block[4][4], row[8];
    for (size_t j = 0; j < 4; ++j) vst1q_s32(block[j], acc[i / 2][j]);
    for (size_t o = 0; o < 8; ++o) row[o] = block[o / 2][i % 2 * 2 + o % 2];
    const int32x4_t sums[1][2] = {{vld1q_s32(row), vld1q_s32(row + 4)}};
    finish_rare_tile<1>({t.output, t.outputs + i, t.columns}, header, sums, e);
  }
}

// Sixteen outputs of a pair of pixels: channels 0 1 of the first, of the second, channels 2 3 of the first
// ...
inline uint16x8_t requantize_pair(const int32x4_t (&acc)[4], const RequantizeEight& low,
                                  const RequantizeEight& high, const RequantizeRange& range) {
  return vreinterpretq_u16_s8(requantize_16(acc[0], acc[1], acc[2], acc[3], low, high, range));
}

// `rows` pixels, all that the pairs have or one less.
template <size_t kPairs>
__attribute__((always_inline)) inline void finish_pairs(const TileOutput& t, const PairedHeader& header,
                                                        size_t rows, const int32x4_t (&acc)[kPairs][4],
                                                        const Epilogue8& e) {
  if (__builtin_expect(e.f32 || t.columns != 8, 0)) {
    int32x4_t copy[kPairs][4];
#pragma GCC unroll 4
    for (size_t i = 0; i < kPairs; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < 4; ++j) copy[i][j] = acc[i][j];
    return finish_rare_pairs(t, header, rows, copy, e);
  }
  const RequantizeEight low = RequantizeEight::load(header.shift, header.multiplier);
  const RequantizeEight high = RequantizeEight::load(header.shift + 8, header.multiplier + 8);
  auto* output = static_cast<int8_t*>(t.output);
#pragma GCC unroll 2
  for (size_t i = 0; i < kPairs; i += 2) {
    const uint16x8_t q0 = requantize_pair(acc[i], low, high, e.range);
    const uint16x8_t q1 = i + 1 < kPairs ? requantize_pair(acc[(i + 1) % kPairs], low, high, e.range) : q0;
    const int8x16_t first = vreinterpretq_s8_u16(vuzp1q_u16(q0, q1));
    const int8x16_t second = vreinterpretq_s8_u16(vuzp2q_u16(q0, q1));
    vst1_s8(output + t.outputs[2 * i], vget_low_s8(first));
    if (2 * i + 1 < rows) vst1_s8(output + t.outputs[2 * i + 1], vget_low_s8(second));
    if (i + 1 < kPairs) vst1_s8(output + t.outputs[2 * i + 2], vget_high_s8(first));
    if (i + 1 < kPairs && 2 * i + 3 < rows) vst1_s8(output + t.outputs[2 * i + 3], vget_high_s8(second));
  }
}

// Tiles of 2 * kPairs pixels, or a last one of one less.
template <size_t kPairs>
void run_pairs(const MicroTile<I8mm>& t, size_t first, size_t rows, size_t tiles, const Epilogue8& epilogue) {
  const Epilogue8 e = epilogue;  // stores of bytes might change memory
  const auto& header = *reinterpret_cast<const PairedHeader*>(t.panel);
  const auto* weights = reinterpret_cast<const int8_t*>(t.panel + sizeof(PairedHeader));
  const size_t steps = t.runs * t.steps, block_bytes = steps * I8mm::kStepBytes;
  const int8_t* inputs = t.gathered + first / I8mm::kRows * block_bytes;
  TileOutput out = {t.output, t.outputs + first, t.columns};
  for (; tiles > 0; --tiles, inputs += block_bytes, out.outputs += rows) {
    int32x4_t acc[kPairs][4];
#pragma GCC unroll 4
    for (size_t i = 0; i < kPairs; ++i)
#pragma GCC unroll 4
      for (size_t j = 0; j < 4; ++j) acc[i][j] = vld1q_s32(header.bias + 4 * j);
    multiply_steps<kPairs>(inputs, weights, steps, acc);
    finish_pairs<kPairs>(out, header, rows, acc, e);
  }
}

void I8mm::run_tiles(const MicroTile<I8mm>& t, size_t first, size_t rows, size_t tiles, const Epilogue& e) {
  if (rows > 6) return run_pairs<4>(t, first, rows, tiles, e);
  if (rows > 4) return run_pairs<3>(t, first, rows, tiles, e);
  if (rows > 2) return run_pairs<2>(t, first, rows, tiles, e);
  run_pairs<1>(t, first, rows, tiles, e);
}

bool supports(const ConvS8& c) { return !is_depthwise(c); }

// One pixel would be multiplied twice.
bool pays(const ConvS8& c) { return !is_depthwise(c) && c.batch * c.output_height * c.output_width > 1; }

}  // namespace

extern const ConvS8Kernel conv_s8_gemm_8x8_i8mm_kernel;
const ConvS8Kernel conv_s8_gemm_8x8_i8mm_kernel = {"conv_s8_gemm_8x8_i8mm",
                                                   kI8mm,
                                                   supports,
                                                   packed_bytes<I8mm>,
                                                   pack<I8mm>,
                                                   scratch_bytes<I8mm>,
                                                   items<I8mm>,
                                                   run<I8mm>,
                                                   pays};

}  // namespace octet::kernels
