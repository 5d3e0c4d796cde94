// SPDX-License-Identifier: Apache-2.0
//
// gather, gather_elements, gather_nd: elements picked by index tensors whose values
// are only known at run time. An index i of an axis of n elements means i + n where it
// is negative; what is still outside [0, n) is clamped, so nothing outside the data is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::kernels {

// An index tensor, s32 or s64.
struct Indices {
  const void* data;
  bool is_s64;

  int64_t operator[](size_t i) const {
    return is_s64 ? static_cast<const int64_t*>(data)[i] : static_cast<const int32_t*>(data)[i];
  }
};

// `index` wrapped and clamped to [0, length); length >= 1.
constexpr size_t clamp_index(int64_t index, size_t length) {
  const int64_t n = static_cast<int64_t>(length);
  const int64_t wrapped = index < 0 ? (index < -n ? 0 : index + n) : index;
  return static_cast<size_t>(wrapped < n ? wrapped : n - 1);
}

// output[o][i] = data[o][indices[i]] on blocks: data [outer][length][block_bytes],
// output [outer][count][block_bytes].
struct Gather {
  size_t outer, length, count, block_bytes;
};

// Writes blocks [first, last) of the outer * count blocks.
void gather(const Gather& gather, const void* data, Indices indices, void* output, size_t first, size_t last);

// output[i...] = data[i..., with i[axis] replaced by indices[i...]]; output and indices have
// `dims`, none larger than data's but along the axis.
struct GatherElements {
  int rank, axis;
  size_t dims[8], data_dims[8];
  size_t element_bytes;  // 1, 2, 4 or 8
};

// Writes elements [first, last) of the output.
void gather_elements(const GatherElements& gather, const void* data, Indices indices, void* output,
                     size_t first, size_t last);

// output[b][i] = data[b][indices[b][i][0], ..., indices[b][i][depth - 1]] on blocks: data
// [batch][length[0]]...[length[depth - 1]][block_bytes], indices [batch][count][depth],
// output [batch][count][block_bytes].
struct GatherND {
  size_t batch, count;
  int depth;  // 1..8
  size_t lengths[8];
  size_t block_bytes;
};

// Writes blocks [first, last) of the batch * count blocks.
void gather_nd(const GatherND& gather, const void* data, Indices indices, void* output, size_t first,
               size_t last);

}  // namespace octet::kernels
