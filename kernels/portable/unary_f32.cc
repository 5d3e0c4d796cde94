// SPDX-License-Identifier: Apache-2.0
//
// See unary_f32.h.
#include "kernels/portable/unary_f32.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace octet::kernels {
namespace {

float softplus(float x) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }
float clamp_unit(float x) { return x < 0 ? 0.0f : x > 1 ? 1.0f : x; }

// The functions but Exp, Sigmoid and Silu, a line each; a = alpha, b = beta of the options.
// clang-format off
template <UnaryKind kind>
float activation_value(float x, [[maybe_unused]] float a, [[maybe_unused]] float b) {
  using K = UnaryKind;
  constexpr float kInverseSqrt2 = 0.70710678118654752f, kSqrt2OverPi = 0.79788456080286536f;
  if constexpr (kind == K::kRelu) return x < 0 ? 0.0f : x;
  else if constexpr (kind == K::kClip) return x < a ? std::min(a, b) : x > b ? b : x;
  else if constexpr (kind == K::kLeakyRelu) return x < 0 ? a * x : x;
  else if constexpr (kind == K::kElu) return x < 0 ? a * std::expm1(x) : x;
  else if constexpr (kind == K::kSelu) return b * (x > 0 ? x : a * std::expm1(x));
  else if constexpr (kind == K::kCelu) return x < 0 ? a * std::expm1(x / a) : x;
  else if constexpr (kind == K::kTanh) return std::tanh(x);
  else if constexpr (kind == K::kHardSigmoid) return clamp_unit(a * x + b);
  else if constexpr (kind == K::kHardSwish) return x * clamp_unit(x * (1.0f / 6.0f) + 0.5f);
  else if constexpr (kind == K::kGelu) return 0.5f * x * (1.0f + std::erf(x * kInverseSqrt2));
  else if constexpr (kind == K::kGeluTanh)
    return 0.5f * x * (1.0f + std::tanh(kSqrt2OverPi * (x + 0.044715f * x * x * x)));
  else if constexpr (kind == K::kSoftplus) return softplus(x);
  else if constexpr (kind == K::kSoftsign) return x / (1.0f + std::fabs(x));
  else if constexpr (kind == K::kThresholdedRelu) return x > a ? x : 0.0f;
  else if constexpr (kind == K::kMish) return x * std::tanh(softplus(x));
}

template <UnaryKind kind>
float math_value(float x) {
  using K = UnaryKind;
  if constexpr (kind == K::kLog) return std::log(x);
  else if constexpr (kind == K::kSqrt) return std::sqrt(x);
  else if constexpr (kind == K::kReciprocal) return 1.0f / x;
  else if constexpr (kind == K::kAbs) return std::fabs(x);
  else if constexpr (kind == K::kNeg) return -x;
  else if constexpr (kind == K::kFloor) return std::floor(x);
  else if constexpr (kind == K::kCeil) return std::ceil(x);
  else if constexpr (kind == K::kRound) return std::nearbyint(x);  // half to even
  else if constexpr (kind == K::kSign) return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
  else if constexpr (kind == K::kErf) return std::erf(x);
  else if constexpr (kind == K::kSin) return std::sin(x);
  else if constexpr (kind == K::kCos) return std::cos(x);
  else if constexpr (kind == K::kTan) return std::tan(x);
  else if constexpr (kind == K::kAsin) return std::asin(x);
  else if constexpr (kind == K::kAcos) return std::acos(x);
  else if constexpr (kind == K::kAtan) return std::atan(x);
  else if constexpr (kind == K::kSinh) return std::sinh(x);
  else if constexpr (kind == K::kCosh) return std::cosh(x);
  else if constexpr (kind == K::kAsinh) return std::asinh(x);
  else if constexpr (kind == K::kAcosh) return std::acosh(x);
  else if constexpr (kind == K::kAtanh) return std::atanh(x);
}
// clang-format on

template <UnaryKind kind>
float unary_value(float x, float a, float b) {
  if constexpr (kind == UnaryKind::kShrink)
    return x < -b ? x + a : x > b ? x - a : 0.0f;
  else if constexpr (kind >= UnaryKind::kLog)
    return math_value<kind>(x);
  else
    return activation_value<kind>(x, a, b);
}

void exp_unary(const Unary& unary, const void* input, void* output, size_t count) {
  unary.exp(static_cast<const float*>(input), static_cast<float*>(output), count);
}

// Sigmoid: e / (1 + e) with e = exp(-|x|), for x >= 0: 1 / (1 + e). exp of a non-positive number only, so
// that nothing overflows. `silu`: times x.
template <bool silu>
void sigmoid(const Unary& unary, const void* input, void* output, size_t count) {
  const float* in = static_cast<const float*>(input);
  float* out = static_cast<float*>(output);
  constexpr size_t kBlock = 256;
  float e[kBlock];
  for (size_t first = 0; first < count; first += kBlock, in += kBlock, out += kBlock) {
    const size_t n = std::min(count - first, kBlock);
    for (size_t i = 0; i < n; ++i) e[i] = -std::fabs(in[i]);
    unary.exp(e, e, n);
    for (size_t i = 0; i < n; ++i) {
      const float y = (in[i] >= 0 ? 1.0f : e[i]) / (1.0f + e[i]);
      out[i] = silu ? in[i] * y : y;
    }
  }
}

template <UnaryKind kind>
void unary_f32(const Unary& unary, const void* input, void* output, size_t count) {
  const float* in = static_cast<const float*>(input);
  float* out = static_cast<float*>(output);
  const float alpha = unary.alpha, beta = unary.beta;
  for (size_t i = 0; i < count; ++i) out[i] = unary_value<kind>(in[i], alpha, beta);
}

void is_nan(const Unary&, const void* input, void* output, size_t count) {
  for (size_t i = 0; i < count; ++i)
    static_cast<uint8_t*>(output)[i] = std::isnan(static_cast<const float*>(input)[i]);
}

// alpha > 0: only +inf counts; alpha < 0: only -inf; 0: both.
void is_inf(const Unary& unary, const void* input, void* output, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float x = static_cast<const float*>(input)[i];
    static_cast<uint8_t*>(output)[i] = std::isinf(x) && (unary.alpha == 0 || (unary.alpha > 0) == (x > 0));
  }
}

void logical_not(const Unary&, const void* input, void* output, size_t count) {
  for (size_t i = 0; i < count; ++i)
    static_cast<uint8_t*>(output)[i] = static_cast<const uint8_t*>(input)[i] == 0;
}

template <size_t bytes>
void identity(const Unary&, const void* input, void* output, size_t count) {
  if (input != output) std::memmove(output, input, count * bytes);
}

// A bound of Clip as an integer.
template <class T>
T integer_bound(float bound) {
  if (!(bound < static_cast<float>(std::numeric_limits<T>::max()))) return std::numeric_limits<T>::max();
  if (bound <= static_cast<float>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(bound);
}

template <class T, UnaryKind kind>
void unary_integer(const Unary& unary, const void* input, void* output, size_t count) {
  using K = UnaryKind;
  const T* in = static_cast<const T*>(input);
  T* out = static_cast<T*>(output);
  [[maybe_unused]] const T low = integer_bound<T>(unary.alpha), high = integer_bound<T>(unary.beta);
  for (size_t i = 0; i < count; ++i) {
    const T x = in[i];
    if constexpr (kind == K::kRelu) out[i] = x < 0 ? T{0} : x;
    if constexpr (kind == K::kClip) out[i] = std::min(std::max(x, low), high);
    if constexpr (kind == K::kAbs) out[i] = x < 0 ? wrapping_sub(T{0}, x) : x;
    if constexpr (kind == K::kNeg) out[i] = wrapping_sub(T{0}, x);
    if constexpr (kind == K::kSign) out[i] = static_cast<T>((x > 0) - (x < 0));
  }
}

template <class T>
UnaryKernel select_integer(UnaryKind kind) {
  using K = UnaryKind;
  switch (kind) {
    case K::kIdentity:
    case K::kFloor:
    case K::kCeil:
    case K::kRound:
      return identity<sizeof(T)>;
    case K::kRelu:
      return unary_integer<T, K::kRelu>;
    case K::kClip:
      return unary_integer<T, K::kClip>;
    case K::kAbs:
      return unary_integer<T, K::kAbs>;
    case K::kNeg:
      return unary_integer<T, K::kNeg>;
    case K::kSign:
      return unary_integer<T, K::kSign>;
    default:
      return nullptr;
  }
}

// Entry k is kind k; null for Not, which is for bools.
constexpr UnaryKernel kF32Kernels[] = {
    identity<4>,
    unary_f32<UnaryKind::kRelu>,
    unary_f32<UnaryKind::kClip>,
    unary_f32<UnaryKind::kLeakyRelu>,
    unary_f32<UnaryKind::kElu>,
    unary_f32<UnaryKind::kSelu>,
    unary_f32<UnaryKind::kCelu>,
    sigmoid<false>,
    unary_f32<UnaryKind::kTanh>,
    unary_f32<UnaryKind::kHardSigmoid>,
    unary_f32<UnaryKind::kHardSwish>,
    sigmoid<true>,
    unary_f32<UnaryKind::kGelu>,
    unary_f32<UnaryKind::kGeluTanh>,
    unary_f32<UnaryKind::kSoftplus>,
    unary_f32<UnaryKind::kSoftsign>,
    unary_f32<UnaryKind::kThresholdedRelu>,
    unary_f32<UnaryKind::kMish>,
    exp_unary,
    unary_f32<UnaryKind::kLog>,
    unary_f32<UnaryKind::kSqrt>,
    unary_f32<UnaryKind::kReciprocal>,
    unary_f32<UnaryKind::kAbs>,
    unary_f32<UnaryKind::kNeg>,
    unary_f32<UnaryKind::kFloor>,
    unary_f32<UnaryKind::kCeil>,
    unary_f32<UnaryKind::kRound>,
    unary_f32<UnaryKind::kSign>,
    unary_f32<UnaryKind::kErf>,
    unary_f32<UnaryKind::kSin>,
    unary_f32<UnaryKind::kCos>,
    unary_f32<UnaryKind::kTan>,
    unary_f32<UnaryKind::kAsin>,
    unary_f32<UnaryKind::kAcos>,
    unary_f32<UnaryKind::kAtan>,
    unary_f32<UnaryKind::kSinh>,
    unary_f32<UnaryKind::kCosh>,
    unary_f32<UnaryKind::kAsinh>,
    unary_f32<UnaryKind::kAcosh>,
    unary_f32<UnaryKind::kAtanh>,
    nullptr /* Not */,
    is_nan,
    is_inf,
    unary_f32<UnaryKind::kShrink>,
};
static_assert(sizeof kF32Kernels / sizeof kF32Kernels[0] == static_cast<size_t>(UnaryKind::kShrink) + 1);

UnaryKernel select_f32(UnaryKind kind) {
  return kind <= UnaryKind::kShrink ? kF32Kernels[static_cast<size_t>(kind)] : nullptr;
}

}  // namespace

UnaryKernel select_unary(UnaryKind kind, Element type) {
  switch (type) {
    case Element::kF32:
      return select_f32(kind);
    case Element::kS32:
      return select_integer<int32_t>(kind);
    case Element::kS64:
      return select_integer<int64_t>(kind);
    case Element::kBool:
      if (kind == UnaryKind::kNot) return logical_not;
      return kind == UnaryKind::kIdentity ? identity<1> : nullptr;
    case Element::kS16:
      return kind == UnaryKind::kIdentity ? identity<2> : nullptr;
    default:
      return kind == UnaryKind::kIdentity ? identity<1> : nullptr;
  }
}

}  // namespace octet::kernels
