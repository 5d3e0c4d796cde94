// SPDX-License-Identifier: Apache-2.0
//
// Tensors in the words of kernels/portable.
#pragma once

#include "kernels/portable/broadcast.h"
#include "kernels/portable/element.h"
#include "runtime/tensor.h"

namespace octet {

constexpr kernels::Element kernel_element(TensorType type) {
  switch (type) {
    case schema::TensorType_F32:
      return kernels::Element::kF32;
    case schema::TensorType_S8:
      return kernels::Element::kS8;
    case schema::TensorType_U8:
      return kernels::Element::kU8;
    case schema::TensorType_S16:
      return kernels::Element::kS16;
    case schema::TensorType_S32:
      return kernels::Element::kS32;
    case schema::TensorType_S64:
      return kernels::Element::kS64;
    case schema::TensorType_BOOL:
      return kernels::Element::kBool;
  }
  return kernels::Element::kF32;
}

// Points into `tensor`.
inline kernels::Dims kernel_dims(const Tensor& tensor) {
  return {static_cast<size_t>(tensor.shape.rank), tensor.shape.dims};
}

// Whether each dimension of `from`, aligned at the last axis, is 1 or that of `to`.
inline bool broadcasts_to(const Tensor& from, const Tensor& to) {
  return kernels::broadcasts_to(kernel_dims(from), kernel_dims(to));
}

// [outer, size, inner] around one axis.
struct AxisSplit {
  size_t outer, size, inner;
};
inline AxisSplit split_at_axis(const Shape& shape, int axis) {
  return {shape.elements(0, axis), static_cast<size_t>(shape[axis]), shape.elements(axis + 1, shape.rank)};
}

// Elements that one thread should at least have when each costs little.
constexpr size_t kElementsPerThread = 16384;
// Items that make up that many elements.
constexpr size_t items_per_thread(size_t item_elements) {
  return item_elements == 0 ? kElementsPerThread : (kElementsPerThread + item_elements - 1) / item_elements;
}

}  // namespace octet
