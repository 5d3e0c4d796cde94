// SPDX-License-Identifier: Apache-2.0
//
// pad: grows (or, with negative padding, cuts) the axes of an array of blocks:
//
//   output[i0, i1, ...] = input[map0[i0], map1[i1], ...], or fill where any map is -1
//
// A block is the part of the array behind the last padded axis. The maps hold the
// mode: constant (-1 outside), edge, reflect or wrap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

enum class PadModeKind : uint8_t { kConstant, kReflect, kEdge, kWrap };

// The input index behind output index `o` of an axis of `length` elements that starts
// `begin` earlier; -1 = fill. Without elements every index is fill. Reflect leaves out the
// border itself and goes back and forth for padding beyond one length.
int32_t pad_source(PadModeKind mode, int64_t o, int64_t begin, int64_t length);

struct PadBlocks {
  int rank = 0;  // 1..8
  size_t output_dims[8] = {};
  size_t input_strides[8] = {};  // in blocks
  const int32_t* maps[8] = {};   // [output_dims[d]]; null for axes that stay as they are, but the last
  // The longest run of the last axis along which its map counts up by one: copied at once.
  size_t run_first = 0, run_last = 0;
  bool fills_around = false;  // all of the last axis outside the run is fill
  size_t block_bytes = 0;
  uint8_t fill[8] = {};      // one element
  size_t element_bytes = 1;  // divides block_bytes
};

// Fills run_first, run_last and fills_around.
void find_pad_run(PadBlocks* pad);

// Writes rows [first, last) of the product of all output dimensions but the last.
void pad_blocks(const PadBlocks& pad, const void* input, void* output, size_t first, size_t last);

}  // namespace octet::kernels
