// SPDX-License-Identifier: Apache-2.0
//
// See elementwise_f32.h.
#include "kernels/portable/elementwise_f32.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace octet::kernels {

void prelu_f32(const Broadcast& broadcast, const float* x, const float* slope, float* output, size_t first,
               size_t last) {
  const bool one_slope = broadcast.row_stride(1) == 0;
  // x has the output's shape, so its offset is the output's.
  for_each_run(broadcast, first, last, [&](size_t start, const size_t* offsets, size_t n) {
    const float* in = x + start;
    const float* s = slope + offsets[1];
    float* out = output + start;
    if (one_slope) {
      const float value = *s;
      for (size_t i = 0; i < n; ++i) out[i] = in[i] < 0 ? in[i] * value : in[i];
    } else {
      for (size_t i = 0; i < n; ++i) out[i] = in[i] < 0 ? in[i] * s[i] : in[i];
    }
  });
}

namespace {

template <class T>
void where_elements(const Broadcast& broadcast, const WhereOperands& operands, size_t first, size_t last) {
  const size_t step_c = broadcast.row_stride(0), step_x = broadcast.row_stride(1);
  const size_t step_y = broadcast.row_stride(2);
  for_each_run(broadcast, first, last, [&](size_t start, const size_t* offsets, size_t n) {
    const uint8_t* c = operands.condition + offsets[0];
    const T* x = static_cast<const T*>(operands.x) + offsets[1];
    const T* y = static_cast<const T*>(operands.y) + offsets[2];
    T* out = static_cast<T*>(operands.output) + start;
    for (size_t i = 0; i < n; ++i) out[i] = c[i * step_c] != 0 ? x[i * step_x] : y[i * step_y];
  });
}

}  // namespace

void where(const Broadcast& broadcast, size_t element_bytes, const WhereOperands& operands, size_t first,
           size_t last) {
  switch (element_bytes) {
    case 1:
      return where_elements<uint8_t>(broadcast, operands, first, last);
    case 2:
      return where_elements<uint16_t>(broadcast, operands, first, last);
    case 4:
      return where_elements<uint32_t>(broadcast, operands, first, last);
    default:
      return where_elements<uint64_t>(broadcast, operands, first, last);
  }
}

namespace {

struct Bool {
  uint8_t byte;
};

template <class To>
To convert(float x) {
  if constexpr (std::is_same_v<To, Bool>) {
    return {static_cast<uint8_t>(x != 0)};
  } else if constexpr (std::is_same_v<To, float>) {
    return x;
  } else {
    // The limits as floats: the upper one may round up to a power of two that T does not hold.
    if (std::isnan(x)) return 0;
    if (x >= static_cast<float>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (x <= static_cast<float>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  }
}

template <class To, class From>
To convert_integer(From x) {
  if constexpr (std::is_same_v<To, Bool>) {
    return {static_cast<uint8_t>(x != 0)};
  } else if constexpr (std::is_same_v<To, float>) {
    return static_cast<float>(x);
  } else {
    return static_cast<To>(static_cast<std::make_unsigned_t<To>>(x));
  }
}

template <class From, class To>
void cast(const void* input, void* output, size_t count) {
  const From* in = static_cast<const From*>(input);
  To* out = static_cast<To*>(output);
  for (size_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<From, float>) {
      out[i] = convert<To>(in[i]);
    } else if constexpr (std::is_same_v<From, Bool>) {
      out[i] = convert_integer<To>(static_cast<uint8_t>(in[i].byte != 0));
    } else {
      out[i] = convert_integer<To>(in[i]);
    }
  }
}

template <class From>
CastKernel select_cast_from(Element to) {
  switch (to) {
    case Element::kF32:
      return cast<From, float>;
    case Element::kS8:
      return cast<From, int8_t>;
    case Element::kU8:
      return cast<From, uint8_t>;
    case Element::kS16:
      return cast<From, int16_t>;
    case Element::kS32:
      return cast<From, int32_t>;
    case Element::kS64:
      return cast<From, int64_t>;
    case Element::kBool:
      return cast<From, Bool>;
  }
  return nullptr;
}

}  // namespace

CastKernel select_cast(Element from, Element to) {
  switch (from) {
    case Element::kF32:
      return select_cast_from<float>(to);
    case Element::kS8:
      return select_cast_from<int8_t>(to);
    case Element::kU8:
      return select_cast_from<uint8_t>(to);
    case Element::kS16:
      return select_cast_from<int16_t>(to);
    case Element::kS32:
      return select_cast_from<int32_t>(to);
    case Element::kS64:
      return select_cast_from<int64_t>(to);
    case Element::kBool:
      return select_cast_from<Bool>(to);
  }
  return nullptr;
}

}  // namespace octet::kernels
