// SPDX-License-Identifier: Apache-2.0
//
// See binary_f32.h. One loop per pair of strides, so that compilers vectorize it.
#include "kernels/portable/binary_f32.h"

#include <cmath>

namespace octet::kernels {
namespace {

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_add(a, b);
  }
  float operator()(float a, float b) const { return a + b; }
};
struct Sub {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_sub(a, b);
  }
  float operator()(float a, float b) const { return a - b; }
};
struct Mul {
  template <class T>
  T operator()(T a, T b) const {
    return wrapping_mul(a, b);
  }
  float operator()(float a, float b) const { return a * b; }
};
struct Div {
  template <class T>
  T operator()(T a, T b) const {
    return guarded_div(a, b);
  }
  float operator()(float a, float b) const { return a / b; }
};
struct Min {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Max {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Pow {
  float operator()(float a, float b) const { return std::pow(a, b); }
  // Wrapping power by squaring; a negative exponent gives the truncated real result.
  template <class T>
  T operator()(T a, T b) const {
    if (b < 0) return a == 1 ? T{1} : a == -1 ? (b % 2 != 0 ? T{-1} : T{1}) : T{0};
    T result = 1;
    for (; b > 0; b /= 2, a = wrapping_mul(a, a))
      if (b % 2 != 0) result = wrapping_mul(result, a);
    return result;
  }
};
struct Mod {
  template <class T>
  T operator()(T a, T b) const {
    return guarded_modulo(a, b);
  }
  float operator()(float a, float b) const {
    const float r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};
struct FMod {
  template <class T>
  T operator()(T a, T b) const {
    return guarded_remainder(a, b);
  }
  float operator()(float a, float b) const { return std::fmod(a, b); }
};
struct Equal {
  template <class T>
  bool operator()(T a, T b) const {
    return a == b;
  }
};
struct Less {
  template <class T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessOrEqual {
  template <class T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  bool operator()(T a, T b) const {
    return a > b;
  }
};
struct GreaterOrEqual {
  template <class T>
  bool operator()(T a, T b) const {
    return a >= b;
  }
};
// Bools are bytes; any nonzero byte is true.
struct And {
  bool operator()(uint8_t a, uint8_t b) const { return a != 0 && b != 0; }
};
struct Or {
  bool operator()(uint8_t a, uint8_t b) const { return a != 0 || b != 0; }
};
struct Xor {
  bool operator()(uint8_t a, uint8_t b) const { return (a != 0) != (b != 0); }
};
struct BoolEqual {
  bool operator()(uint8_t a, uint8_t b) const { return (a != 0) == (b != 0); }
};

template <class T, class R, class F>
void binary_row(F f, const T* a, size_t stride_a, const T* b, size_t stride_b, R* out, size_t n) {
  if (stride_a != 0 && stride_b != 0) {
    for (size_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
  } else if (stride_a != 0) {
    const T y = *b;
    for (size_t i = 0; i < n; ++i) out[i] = f(a[i], y);
  } else if (stride_b != 0) {
    const T x = *a;
    for (size_t i = 0; i < n; ++i) out[i] = f(x, b[i]);
  } else {
    const R value = f(*a, *b);
    for (size_t i = 0; i < n; ++i) out[i] = value;
  }
}

// R is uint8_t where the result is bool.
template <class T, class R, class F>
void binary(const Binary& binary, const void* a, const void* b, void* output, size_t first, size_t last) {
  const Broadcast& broadcast = binary.broadcast;
  for_each_run(broadcast, first, last, [&](size_t start, const size_t* offsets, size_t n) {
    R* out = static_cast<R*>(output) + start;
    binary_row(F(), static_cast<const T*>(a) + offsets[0], broadcast.row_stride(0),
               static_cast<const T*>(b) + offsets[1], broadcast.row_stride(1), out, n);
    if constexpr (std::is_same_v<R, float>) {
      const float low = binary.output_min, high = binary.output_max;
      if (low == -INFINITY && high == INFINITY) return;
      for (size_t i = 0; i < n; ++i) out[i] = out[i] < low ? low : out[i] > high ? high : out[i];
    }
  });
}

template <class T>
BinaryKernel select_number(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kAdd:
      return binary<T, T, Add>;
    case BinaryKind::kSub:
      return binary<T, T, Sub>;
    case BinaryKind::kMul:
      return binary<T, T, Mul>;
    case BinaryKind::kDiv:
      return binary<T, T, Div>;
    case BinaryKind::kMin:
      return binary<T, T, Min>;
    case BinaryKind::kMax:
      return binary<T, T, Max>;
    case BinaryKind::kPow:
      return binary<T, T, Pow>;
    case BinaryKind::kMod:
      return binary<T, T, Mod>;
    case BinaryKind::kFMod:
      return binary<T, T, FMod>;
    case BinaryKind::kEqual:
      return binary<T, uint8_t, Equal>;
    case BinaryKind::kLess:
      return binary<T, uint8_t, Less>;
    case BinaryKind::kLessOrEqual:
      return binary<T, uint8_t, LessOrEqual>;
    case BinaryKind::kGreater:
      return binary<T, uint8_t, Greater>;
    case BinaryKind::kGreaterOrEqual:
      return binary<T, uint8_t, GreaterOrEqual>;
    default:
      return nullptr;
  }
}

BinaryKernel select_bool(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kAnd:
      return binary<uint8_t, uint8_t, And>;
    case BinaryKind::kOr:
      return binary<uint8_t, uint8_t, Or>;
    case BinaryKind::kXor:
      return binary<uint8_t, uint8_t, Xor>;
    case BinaryKind::kEqual:
      return binary<uint8_t, uint8_t, BoolEqual>;
    default:
      return nullptr;
  }
}

}  // namespace

BinaryKernel select_binary(BinaryKind kind, Element type) {
  switch (type) {
    case Element::kF32:
      return select_number<float>(kind);
    case Element::kS32:
      return select_number<int32_t>(kind);
    case Element::kS64:
      return select_number<int64_t>(kind);
    case Element::kBool:
      return select_bool(kind);
    default:
      return nullptr;
  }
}

bool is_comparison(BinaryKind kind) { return kind >= BinaryKind::kEqual; }

}  // namespace octet::kernels
