// SPDX-License-Identifier: Apache-2.0
//
// copy_strided: the base of all data movement. For every index i of a box of
// `rank` dimensions:
//
//   output[sum of i[d] * output_strides[d]] = input[sum of i[d] * input_strides[d]]
//
// Strides count elements; an input stride of 0 repeats, a negative one runs
// backwards from the pointer given. Transpose, Slice, Expand, Concat and Tile are
// boxes; the copied elements of input and output do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

constexpr int kMaxCopyRank = 16;  // Tile splits each of 8 axes in two

struct StridedCopy {
  int rank = 0;  // 0: one element
  size_t dims[kMaxCopyRank] = {};
  ptrdiff_t input_strides[kMaxCopyRank] = {};
  ptrdiff_t output_strides[kMaxCopyRank] = {};
  size_t element_bytes = 1;  // 1, 2, 4 or 8
};

// The executable specification: one element at a time.
void copy_strided_reference(const StridedCopy& copy, const void* input, void* output);

// The same copy in fewer, larger steps: dimensions of length 1 are gone, adjacent
// ones that run on are merged, and an innermost run of both sides is one block.
struct CopyPlan {
  int rank = 0;  // of the loops around a block
  size_t dims[kMaxCopyRank] = {};
  ptrdiff_t input_strides[kMaxCopyRank] = {};  // in bytes
  ptrdiff_t output_strides[kMaxCopyRank] = {};
  size_t block_bytes = 0;
  int transposed_axis = -1;  // >= 0: along it the input is contiguous, along the last axis the output
  size_t tile = 0;           // elements along transposed_axis that one item copies
  size_t items = 0;          // copy_strided takes any part of [0, items); 0: nothing to copy
};

CopyPlan plan_copy(const StridedCopy& copy);

// Copies items [first, last) of the plan. Any partition gives the same bytes.
void copy_strided(const CopyPlan& plan, const void* input, void* output, size_t first, size_t last);

}  // namespace octet::kernels
