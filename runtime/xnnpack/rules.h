// SPDX-License-Identifier: Apache-2.0
//
// Small questions that both sides of the XNNPACK provider ask: what it supports
// (supports.cc) and how it is defined (define.cc).
#pragma once

#include <cstddef>

#include "runtime/op.h"

namespace octet {

// The smallest rank XNNPACK's elementwise code is used with: scalars are [1].
constexpr int kXnnpackMaxRank = 6;

// What an activation range or Clip becomes in XNNPACK: low < high, neither NaN.
struct XnnpackRange {
  float low, high;
  bool valid() const { return low < high; }
};

// The geometry that Conv2D, ConvTranspose2D and the pools share along one axis.
struct XnnpackWindow {
  int64_t input, output, kernel, stride, dilation, pad_before, pad_after;

  int64_t extent() const { return dilation * (kernel - 1) + 1; }
  // floor((input + pads - extent) / stride) + 1, the only output size XNNPACK has.
  bool floor_sized() const {
    const int64_t room = input + pad_before + pad_after - extent();
    return room >= 0 && output == room / stride + 1;
  }
};

// Mean over height and width of [N, H, W, C].
bool is_spatial_mean(const OpView& view);

}  // namespace octet
