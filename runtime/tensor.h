// SPDX-License-Identifier: Apache-2.0
//
// What an operator sees of a tensor: type, shape, quantization, and where its
// bytes are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model_generated.h"

namespace octet {

using TensorType = schema::TensorType;

constexpr int kMaxRank = 8;

// Bytes of one element.
constexpr size_t element_bytes(TensorType type) {
  switch (type) {
    case schema::TensorType_F32:
    case schema::TensorType_S32: return 4;
    case schema::TensorType_S16: return 2;
    case schema::TensorType_S64: return 8;
    case schema::TensorType_S8:
    case schema::TensorType_U8:
    case schema::TensorType_BOOL: return 1;
  }
  return 0;
}

// Row-major dimensions, outermost first. Validated at load: rank <= kMaxRank,
// every dimension >= 0, and the product of dimensions times 8 fits in ptrdiff_t.
struct Shape {
  int rank = 0;
  int32_t dims[kMaxRank] = {};

  // axis in [0, rank); the mask keeps any other from leaving the array.
  int32_t operator[](int axis) const { return dims[axis & (kMaxRank - 1)]; }
  size_t elements() const { return elements(0, rank); }
  // The product of the dimensions [first, last).
  size_t elements(int first, int last) const {
    size_t product = 1;
    for (int i = first; i < last; ++i) product *= static_cast<size_t>(dims[i]);
    return product;
  }
  bool operator==(const Shape& other) const {
    if (rank != other.rank) return false;
    for (int i = 0; i < rank; ++i)
      if (dims[i] != other.dims[i]) return false;
    return true;
  }
  bool operator!=(const Shape& other) const { return !(*this == other); }
};

struct Tensor {
  const char* name = "";  // owned by the model's bytes; never null
  TensorType type = schema::TensorType_F32;
  Shape shape;
  size_t bytes = 0;       // elements * element_bytes

  // real = scale * (q - zero_point); scale == 0: not quantized per tensor.
  float scale = 0;
  int32_t zero_point = 0;

  // Of an s8 activation, for each channel of the last axis: see schema Tensor. Null: unknown;
  // low alone: zeros. kConstantSlackBytes behind them are readable.
  const uint8_t* usual_low = nullptr;
  const uint8_t* usual_high = nullptr;

  // Non-null for constants: points into the mapped model, or to what was expanded when it was loaded; 64-byte
  // aligned.
  const void* constant = nullptr;

  // Where the bytes are while running: the constant itself, a place in the
  // arena, or memory bound by the user. Operators read this field at every
  // run; it may change between runs.
  void* data = nullptr;

  bool is_constant() const { return constant != nullptr; }
  bool is_s8() const { return type == schema::TensorType_S8; }
  bool is_s16() const { return type == schema::TensorType_S16; }
  bool is_quantized() const { return is_s8() || is_s16(); }  // an activation in integers
  bool is_f32() const { return type == schema::TensorType_F32; }

  template <class T>
  const T* as() const { return static_cast<const T*>(data); }
  template <class T>
  T* as() { return static_cast<T*>(data); }
};

}  // namespace octet
