// SPDX-License-Identifier: Apache-2.0
//
// scatter_elements, scatter_nd: updates written, or combined, into `output`, which already holds
// a copy of the data. In index order, so that the last of equal indices wins. An index i of an
// axis of n elements means i + n where it is negative; an update that is still outside is left out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/gather.h"

namespace octet::kernels {

enum class ScatterReduction : uint8_t { kNone, kAdd, kMul, kMax, kMin };

// The type of the elements; kNone only needs their size.
enum class ScatterType : uint8_t { k1Byte, k2Bytes, k4Bytes, k8Bytes, kS8, kF32, kS32, kS64 };

constexpr size_t scatter_type_bytes(ScatterType type) {
  switch (type) {
    case ScatterType::k1Byte:
    case ScatterType::kS8: return 1;
    case ScatterType::k2Bytes: return 2;
    case ScatterType::k4Bytes:
    case ScatterType::kF32:
    case ScatterType::kS32: return 4;
    case ScatterType::k8Bytes:
    case ScatterType::kS64: return 8;
  }
  return 0;
}

// output[i..., with i[axis] replaced by indices[i...]] <- updates[i...]; updates and indices have
// `dims`, none larger than the output's but along the axis.
struct ScatterElements {
  int rank, axis;
  size_t dims[8], output_dims[8];
  ScatterType type;
  ScatterReduction reduction;  // but kNone: on kS8 (kMax, kMin only), kF32, kS32, kS64
};

void scatter_elements(const ScatterElements& scatter, Indices indices, const void* updates, void* output);

// output[indices[i][0], ..., indices[i][depth - 1]] <- updates[i], blocks of block_elements.
struct ScatterND {
  size_t count;
  int depth;  // 1..8
  size_t lengths[8];
  size_t block_elements;
  ScatterType type;
  ScatterReduction reduction;
};

void scatter_nd(const ScatterND& scatter, Indices indices, const void* updates, void* output);

}  // namespace octet::kernels
