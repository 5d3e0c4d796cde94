// SPDX-License-Identifier: Apache-2.0
//
// Element types as the portable kernels name them, and integer arithmetic that
// is defined for every operand (it wraps; division by zero gives 0).
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace octet::kernels {

enum class Element : uint8_t { kF32, kS8, kU8, kS16, kS32, kS64, kBool };

constexpr size_t element_size(Element type) {
  switch (type) {
    case Element::kF32:
    case Element::kS32:
      return 4;
    case Element::kS16:
      return 2;
    case Element::kS64:
      return 8;
    default:
      return 1;
  }
}

template <class T>
T wrapping_add(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
}
template <class T>
T wrapping_sub(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
}
template <class T>
T wrapping_mul(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
}
// Truncates toward zero.
template <class T>
T guarded_div(T a, T b) {
  if (b == 0) return 0;
  if (b == -1) return wrapping_sub(T{0}, a);
  return static_cast<T>(a / b);
}
// The sign of the dividend (C's %).
template <class T>
T guarded_remainder(T a, T b) {
  return b == 0 || b == -1 ? T{0} : static_cast<T>(a % b);
}
// The sign of the divisor (Python's %).
template <class T>
T guarded_modulo(T a, T b) {
  const T r = guarded_remainder(a, b);
  return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
}

}  // namespace octet::kernels
