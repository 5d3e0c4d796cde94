// SPDX-License-Identifier: Apache-2.0
//
// Which input pixels meet in one multiply-add of the depthwise conv_s8 kernels on
// x86 (conv_s8_depthwise_lines.h). A slot interleaves kElements pixels per channel,
// given by row and column within the window of the first output row; a tap takes a
// slot so many outputs further to the right. Together the taps cover the kernel;
// where they do more than once, all but the first have zero weights.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {
namespace {

struct LinePixel {
  uint8_t row, column;
};
struct LineTap {
  uint8_t step, slot;
};

// kInputRows and kColumns: of input that the slots of one output column reach. Taps are in the order of
// slots.
template <size_t kElements>
struct Depthwise3x3S1;
template <size_t kElements>
struct Depthwise3x3S2;
template <size_t kElements>
struct Depthwise5x5S1;
template <size_t kElements>
struct Depthwise5x5S2;

// Four rows of input give two of output: weights [w0 w1] [w2 0] and [0 w0] [w1 w2].
template <>
struct Depthwise3x3S1<2> {
  static constexpr size_t kKernel = 3, kStride = 1, kOutputRows = 2, kInputRows = 4, kColumns = 1;
  static constexpr size_t kSlots = 2, kTaps = 6;
  static constexpr LinePixel kPixels[kSlots][2] = {{{0, 0}, {1, 0}}, {{2, 0}, {3, 0}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {2, 1}};
};

// Even and odd columns; the third row of both meets in one slot. An output's third column is the first of the
// next.
template <>
struct Depthwise3x3S2<2> {
  static constexpr size_t kKernel = 3, kStride = 2, kOutputRows = 1, kInputRows = 3, kColumns = 2;
  static constexpr size_t kSlots = 3, kTaps = 5;
  static constexpr LinePixel kPixels[kSlots][2] = {{{0, 0}, {1, 0}}, {{0, 1}, {1, 1}}, {{2, 0}, {2, 1}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {0, 1}, {0, 2}, {1, 2}};
};

// Six rows of input give two of output; the last two meet with those of the next column.
template <>
struct Depthwise5x5S1<4> {
  static constexpr size_t kKernel = 5, kStride = 1, kOutputRows = 2, kInputRows = 6, kColumns = 2;
  static constexpr size_t kSlots = 2, kTaps = 8;
  static constexpr LinePixel kPixels[kSlots][4] = {{{0, 0}, {1, 0}, {2, 0}, {3, 0}},
                                                   {{4, 0}, {5, 0}, {4, 1}, {5, 1}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {0, 1}, {2, 1}, {4, 1}};
};
template <>
struct Depthwise5x5S1<2> {
  static constexpr size_t kKernel = 5, kStride = 1, kOutputRows = 2, kInputRows = 6, kColumns = 1;
  static constexpr size_t kSlots = 3, kTaps = 15;
  static constexpr LinePixel kPixels[kSlots][2] = {{{0, 0}, {1, 0}}, {{2, 0}, {3, 0}}, {{4, 0}, {5, 0}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {0, 1}, {1, 1}, {2, 1},
                                              {3, 1}, {4, 1}, {0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}};
};

// Even and odd columns of four rows; four columns of the fifth.
template <>
struct Depthwise5x5S2<4> {
  static constexpr size_t kKernel = 5, kStride = 2, kOutputRows = 1, kInputRows = 5, kColumns = 4;
  static constexpr size_t kSlots = 3, kTaps = 7;
  static constexpr LinePixel kPixels[kSlots][4] = {
      {{0, 0}, {1, 0}, {2, 0}, {3, 0}}, {{0, 1}, {1, 1}, {2, 1}, {3, 1}}, {{4, 0}, {4, 1}, {4, 2}, {4, 3}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {0, 2}, {2, 2}};
};
template <>
struct Depthwise5x5S2<2> {
  static constexpr size_t kKernel = 5, kStride = 2, kOutputRows = 1, kInputRows = 5, kColumns = 2;
  static constexpr size_t kSlots = 5, kTaps = 13;
  static constexpr LinePixel kPixels[kSlots][2] = {
      {{0, 0}, {1, 0}}, {{2, 0}, {3, 0}}, {{0, 1}, {1, 1}}, {{2, 1}, {3, 1}}, {{4, 0}, {4, 1}}};
  static constexpr LineTap kTapList[kTaps] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {2, 1}, {0, 2},
                                              {1, 2}, {0, 3}, {1, 3}, {0, 4}, {1, 4}, {2, 4}};
};

}  // namespace
}  // namespace octet::kernels
