// SPDX-License-Identifier: Apache-2.0
//
// What a tensor's elements stand for.
#pragma once

#include <algorithm>
#include <vector>

#include "runtime/tensor.h"

namespace octet::converter {

// Real numbers of f32, or of s8 and s16 with a scale; *values is empty for any other tensor.
inline void read_real(const Tensor& tensor, std::vector<float>* values) {
  const size_t count = tensor.data == nullptr ? 0 : tensor.shape.elements();
  values->resize(count);
  const auto widen = [&](const auto* data) {
    for (size_t i = 0; i < count; ++i)
      (*values)[i] = tensor.scale * static_cast<float>(data[i] - tensor.zero_point);
  };
  if (tensor.type == schema::TensorType_F32)
    std::copy_n(tensor.as<float>(), count, values->begin());
  else if (tensor.type == schema::TensorType_S8 && tensor.scale > 0)
    widen(tensor.as<int8_t>());
  else if (tensor.type == schema::TensorType_S16 && tensor.scale > 0)
    widen(tensor.as<int16_t>());
  else
    values->clear();
}

}  // namespace octet::converter
