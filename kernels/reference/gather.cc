// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of gather, gather_elements and gather_nd; also the kernels in use.
#include "kernels/gather.h"

#include <cstring>

namespace octet::kernels {

void gather(const Gather& gather, const void* data, Indices indices, void* output, size_t first,
            size_t last) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  uint8_t* to = static_cast<uint8_t*>(output);
  for (size_t item = first; item < last; ++item) {
    const size_t o = item / gather.count;
    const size_t index = clamp_index(indices[item % gather.count], gather.length);
    std::memcpy(to + item * gather.block_bytes, from + (o * gather.length + index) * gather.block_bytes,
                gather.block_bytes);
  }
}

void gather_elements(const GatherElements& gather, const void* data, Indices indices, void* output,
                     size_t first, size_t last) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  uint8_t* to = static_cast<uint8_t*>(output);
  for (size_t item = first; item < last; ++item) {
    size_t rest = item, offset = 0, stride = 1;
    for (int d = gather.rank - 1; d >= 0; --d) {
      size_t index = rest % gather.dims[d];
      rest /= gather.dims[d];
      if (d == gather.axis) index = clamp_index(indices[item], gather.data_dims[d]);
      offset += index * stride;
      stride *= gather.data_dims[d];
    }
    std::memcpy(to + item * gather.element_bytes, from + offset * gather.element_bytes, gather.element_bytes);
  }
}

void gather_nd(const GatherND& gather, const void* data, Indices indices, void* output, size_t first,
               size_t last) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  uint8_t* to = static_cast<uint8_t*>(output);
  const size_t depth = static_cast<size_t>(gather.depth);
  for (size_t item = first; item < last; ++item) {
    size_t block = item / gather.count;
    for (size_t k = 0; k < depth; ++k)
      block = block * gather.lengths[k] + clamp_index(indices[item * depth + k], gather.lengths[k]);
    std::memcpy(to + item * gather.block_bytes, from + block * gather.block_bytes, gather.block_bytes);
  }
}

}  // namespace octet::kernels
