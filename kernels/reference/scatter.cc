// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of scatter_elements and scatter_nd; also the kernels in use.
#include "kernels/scatter.h"

#include <cstring>

namespace octet::kernels {
namespace {

// `index` wrapped, or -1 where it is outside [0, length).
ptrdiff_t scatter_index(int64_t index, size_t length) {
  const int64_t n = static_cast<int64_t>(length);
  if (index < -n || index >= n) return -1;
  return static_cast<ptrdiff_t>(index < 0 ? index + n : index);
}

template <class T>
T add(T a, T b) {
  return a + b;
}
template <class T>
T mul(T a, T b) {
  return a * b;
}
// Integers wrap around, as ONNX Runtime's do; signed overflow is undefined in C++.
int32_t add(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
int64_t add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int32_t mul(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
int64_t mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
int8_t add(int8_t a, int8_t b) { return static_cast<int8_t>(a + b); }
int8_t mul(int8_t a, int8_t b) { return static_cast<int8_t>(a * b); }

template <class T>
void combine_as(ScatterReduction reduction, const uint8_t* updates, uint8_t* output, size_t elements) {
  for (size_t i = 0; i < elements; ++i) {
    T a, b;
    std::memcpy(&a, output + i * sizeof(T), sizeof(T));
    std::memcpy(&b, updates + i * sizeof(T), sizeof(T));
    switch (reduction) {
      case ScatterReduction::kNone: a = b; break;
      case ScatterReduction::kAdd: a = add(a, b); break;
      case ScatterReduction::kMul: a = mul(a, b); break;
      case ScatterReduction::kMax: a = b > a ? b : a; break;
      case ScatterReduction::kMin: a = b < a ? b : a; break;
    }
    std::memcpy(output + i * sizeof(T), &a, sizeof(T));
  }
}

// output <- updates, `elements` of them.
void combine(ScatterType type, ScatterReduction reduction, const uint8_t* updates, uint8_t* output,
             size_t elements) {
  if (reduction == ScatterReduction::kNone) {
    std::memcpy(output, updates, elements * scatter_type_bytes(type));
    return;
  }
  switch (type) {
    case ScatterType::kS8: return combine_as<int8_t>(reduction, updates, output, elements);
    case ScatterType::kF32: return combine_as<float>(reduction, updates, output, elements);
    case ScatterType::kS32: return combine_as<int32_t>(reduction, updates, output, elements);
    case ScatterType::kS64: return combine_as<int64_t>(reduction, updates, output, elements);
    default: return;  // excluded by the precondition
  }
}

}  // namespace

void scatter_elements(const ScatterElements& scatter, Indices indices, const void* updates, void* output) {
  size_t elements = 1;
  for (int d = 0; d < scatter.rank; ++d) elements *= scatter.dims[d];
  const size_t bytes = scatter_type_bytes(scatter.type);
  for (size_t i = 0; i < elements; ++i) {
    const ptrdiff_t target = scatter_index(indices[i], scatter.output_dims[scatter.axis]);
    if (target < 0) continue;
    size_t rest = i, offset = 0, stride = 1;
    for (int d = scatter.rank - 1; d >= 0; --d) {
      const size_t index = d == scatter.axis ? static_cast<size_t>(target) : rest % scatter.dims[d];
      rest /= scatter.dims[d];
      offset += index * stride;
      stride *= scatter.output_dims[d];
    }
    combine(scatter.type, scatter.reduction, static_cast<const uint8_t*>(updates) + i * bytes,
            static_cast<uint8_t*>(output) + offset * bytes, 1);
  }
}

void scatter_nd(const ScatterND& scatter, Indices indices, const void* updates, void* output) {
  const size_t depth = static_cast<size_t>(scatter.depth);
  const size_t block_bytes = scatter.block_elements * scatter_type_bytes(scatter.type);
  for (size_t i = 0; i < scatter.count; ++i) {
    size_t block = 0;
    bool inside = true;
    for (size_t k = 0; k < depth; ++k) {
      const ptrdiff_t index = scatter_index(indices[i * depth + k], scatter.lengths[k]);
      inside = inside && index >= 0;
      block = block * scatter.lengths[k] + static_cast<size_t>(index);
    }
    if (!inside) continue;
    combine(scatter.type, scatter.reduction, static_cast<const uint8_t*>(updates) + i * block_bytes,
            static_cast<uint8_t*>(output) + block * block_bytes, scatter.block_elements);
  }
}

}  // namespace octet::kernels
