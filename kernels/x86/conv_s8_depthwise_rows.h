// SPDX-License-Identifier: Apache-2.0
//
// Rows of input and output of the depthwise conv_s8 kernels in registers
// (conv_s8_depthwise_3x3.h), and how a block of channels fills a vector from them: with
// all its bytes, with the first few, or with the 16 channels of two items of work.
// Anonymous: each ISA file has its own copy.
#pragma once

#include "kernels/x86/conv_s8_depthwise_blocks.h"

namespace octet::kernels {
namespace {

enum class Fill { kWhole, kPartial, kTwin };

// Of one item of work.
template <size_t kInputRows>
struct DepthwiseLane {
  const int8_t* in[kInputRows];
  int8_t* out[2];
  size_t pixel[2];  // distance of outputs; 0 where the second row does not exist and lands in a dummy
};

// The second lane is that of twin blocks: the next item, or the same again behind the last.
template <size_t kInputRows>
struct DepthwiseRows {
  DepthwiseLane<kInputRows> lane[2];
  const int8_t* padding;
};

// What stands `at` bytes behind the start of an input row.
template <class V, Fill kFill, size_t kInputRows>
__attribute__((always_inline)) inline V load_pixel(const DepthwiseRows<kInputRows>& rows, size_t row,
                                                   size_t at) {
  if constexpr (kFill == Fill::kTwin)
    return _mm256_set_m128i(load<__m128i>(rows.lane[1].in[row] + at),
                            load<__m128i>(rows.lane[0].in[row] + at));
  else
    return load<V>(rows.lane[0].in[row] + at);
}

// The input pixel at column x, which may lie outside (left of the input x has wrapped). From column `safe` on
// a vector would exceed the row, of a partial block.
template <class V, Fill kFill, size_t kInputRows>
__attribute__((always_inline)) inline V load_edge(const ConvS8& c, const DepthwiseRows<kInputRows>& rows,
                                                  const DepthwiseBlock& block, size_t row, size_t x,
                                                  size_t safe) {
  if (x >= c.input_width) return load<V>(rows.padding);
  const size_t at = x * c.input_channels + block.first;
  if (kFill != Fill::kPartial || x < safe) return load_pixel<V, kFill>(rows, row, at);
  int8_t copy[sizeof(V)] = {};
  std::memcpy(copy, rows.lane[0].in[row] + at, block.valid);
  return load<V>(copy);
}

template <class V>
struct Quads {
  V v[4];
};

// Where the outputs of one row go.
class DepthwiseOutputs {
 public:
  template <size_t kInputRows>
  DepthwiseOutputs(const DepthwiseRows<kInputRows>& rows, size_t row, const DepthwiseBlock& block)
      : to_(rows.lane[0].out[row] + block.first),
        twin_(rows.lane[1].out[row] + block.first),
        pixel_(rows.lane[0].pixel[row]),
        twin_pixel_(rows.lane[1].pixel[row]) {}

  template <Fill kFill, class V>
  __attribute__((always_inline)) inline void store_at(size_t pixel, V q, size_t valid) const {
    int8_t* to = to_ + pixel * pixel_;
    if constexpr (kFill == Fill::kTwin) {
      store(to, _mm256_castsi256_si128(q));
      store(twin_ + pixel * twin_pixel_, _mm256_extracti128_si256(q, 1));
    } else if constexpr (kFill == Fill::kPartial) {
      store_first(to, q, valid);
    } else {
      store(to, q);
    }
  }

  template <Fill kFill>
  __attribute__((always_inline)) inline void skip_two() {
    to_ += 2 * pixel_;
    if constexpr (kFill == Fill::kTwin) twin_ += 2 * twin_pixel_;
  }

 private:
  int8_t *to_, *twin_;
  size_t pixel_, twin_pixel_;
};

}  // namespace
}  // namespace octet::kernels
