// SPDX-License-Identifier: Apache-2.0
//
// See reduce_f32.h. A block of neighbouring outputs shares one walk over the
// reduced elements, so that a mean over H and W of NHWC reads memory in order.
#include "kernels/portable/reduce_f32.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace octet::kernels {

size_t Reduce::outputs() const {
  size_t product = 1;
  for (size_t i = 0; i < kept_rank; ++i) product *= kept_dims[i];
  return product;
}

size_t Reduce::reduced_elements() const {
  size_t product = 1;
  for (size_t i = 0; i < reduced_rank; ++i) product *= reduced_dims[i];
  return product;
}

Reduce make_reduce(size_t rank, const int32_t* dims, const bool* reduced) {
  size_t strides[Reduce::kMaxRank];
  size_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    strides[i] = stride;
    stride *= static_cast<size_t>(dims[i]);
  }
  Reduce r{};
  for (size_t i = 0; i < rank; ++i) {
    const size_t dim = static_cast<size_t>(dims[i]);
    size_t& count = reduced[i] ? r.reduced_rank : r.kept_rank;
    size_t* out_dims = reduced[i] ? r.reduced_dims : r.kept_dims;
    size_t* out_strides = reduced[i] ? r.reduced_strides : r.kept_strides;
    if (count > 0 && out_strides[count - 1] == strides[i] * dim) {
      out_dims[count - 1] *= dim;
      out_strides[count - 1] = strides[i];
    } else {
      out_dims[count] = dim;
      out_strides[count] = strides[i];
      ++count;
    }
  }
  if (r.kept_rank == 0) r.kept_dims[r.kept_rank++] = 1;
  if (r.reduced_rank == 0) r.reduced_dims[r.reduced_rank++] = 1;
  return r;
}

namespace {

constexpr size_t kBlock = 64;

// Calls f(offset) for every reduced element, in memory order.
template <class F>
void for_each_reduced(const Reduce& r, const F& f) {
  if (r.reduced_elements() == 0) return;
  size_t index[Reduce::kMaxRank] = {};
  const size_t inner = r.reduced_dims[r.reduced_rank - 1], step = r.reduced_strides[r.reduced_rank - 1];
  size_t offset = 0;
  while (true) {
    for (size_t i = 0; i < inner; ++i) f(offset + i * step);
    size_t axis = r.reduced_rank - 1;
    while (true) {
      if (axis == 0) return;
      --axis;
      offset += r.reduced_strides[axis];
      if (++index[axis] < r.reduced_dims[axis]) break;
      offset -= index[axis] * r.reduced_strides[axis];
      index[axis] = 0;
    }
  }
}

// Accumulators of type A: start, take one element, finish.
struct SumOf {
  template <class A>
  static A start() {
    return 0;
  }
  static double take(double acc, double x) { return acc + x; }
  static int64_t take(int64_t acc, int64_t x) { return wrapping_add(acc, x); }
  template <class A>
  static A finish(A acc, size_t) {
    return acc;
  }
};
struct MeanOf : SumOf {
  static double finish(double acc, size_t n) { return acc / static_cast<double>(n); }
  static int64_t finish(int64_t acc, size_t n) { return guarded_div(acc, static_cast<int64_t>(n)); }
};
struct MaxOf {
  template <class A>
  static A start() {
    return std::numeric_limits<A>::has_infinity ? -std::numeric_limits<A>::infinity()
                                                : std::numeric_limits<A>::lowest();
  }
  template <class A>
  static A take(A acc, A x) {
    return x <= acc || acc != acc ? acc : x;
  }
  template <class A>
  static A finish(A acc, size_t) {
    return acc;
  }
};
struct MinOf {
  template <class A>
  static A start() {
    return std::numeric_limits<A>::has_infinity ? std::numeric_limits<A>::infinity()
                                                : std::numeric_limits<A>::max();
  }
  template <class A>
  static A take(A acc, A x) {
    return x >= acc || acc != acc ? acc : x;
  }
  template <class A>
  static A finish(A acc, size_t) {
    return acc;
  }
};
struct ProdOf {
  template <class A>
  static A start() {
    return 1;
  }
  static double take(double acc, double x) { return acc * x; }
  static int64_t take(int64_t acc, int64_t x) { return wrapping_mul(acc, x); }
  template <class A>
  static A finish(A acc, size_t) {
    return acc;
  }
};
struct L1Of : SumOf {
  static double take(double acc, double x) { return acc + std::fabs(x); }
  static int64_t take(int64_t acc, int64_t x) {
    return wrapping_add(acc, x < 0 ? wrapping_sub(int64_t{0}, x) : x);
  }
};
struct SumSquareOf : SumOf {
  static double take(double acc, double x) { return acc + x * x; }
  static int64_t take(int64_t acc, int64_t x) { return wrapping_add(acc, wrapping_mul(x, x)); }
};
struct L2Of : SumSquareOf {
  static double finish(double acc, size_t) { return std::sqrt(acc); }
};
struct LogSumOf : SumOf {
  static double finish(double acc, size_t) { return std::log(acc); }
};

// The input offset of output `index`.
size_t output_offset(const Reduce& r, size_t index) {
  size_t offset = 0;
  for (size_t axis = r.kept_rank; axis-- > 0;) {
    offset += index % r.kept_dims[axis] * r.kept_strides[axis];
    index /= r.kept_dims[axis];
  }
  return offset;
}

template <class T, class A, class F>
void reduce(const Reduce& r, const void* input, void* output, size_t first, size_t last) {
  const size_t inner = r.kept_dims[r.kept_rank - 1], step = r.kept_strides[r.kept_rank - 1];
  const size_t n = r.reduced_elements();
  // Blocks pay where neighbouring outputs are neighbours in memory.
  const size_t widest = step == 1 ? kBlock : 1;
  for (size_t block = first; block < last;) {
    const size_t count = std::min({widest, last - block, inner - block % inner});
    const T* in = static_cast<const T*>(input) + output_offset(r, block);
    A acc[kBlock];
    std::fill(acc, acc + count, F::template start<A>());
    for_each_reduced(r, [&](size_t offset) {
      for (size_t j = 0; j < count; ++j) acc[j] = F::take(acc[j], static_cast<A>(in[offset + j]));
    });
    T* out = static_cast<T*>(output) + block;
    for (size_t j = 0; j < count; ++j) out[j] = static_cast<T>(F::finish(acc[j], n));
    block += count;
  }
}

void reduce_log_sum_exp(const Reduce& r, const void* input, void* output, size_t first, size_t last) {
  for (size_t index = first; index < last; ++index) {
    const float* in = static_cast<const float*>(input) + output_offset(r, index);
    float max = -std::numeric_limits<float>::infinity();
    for_each_reduced(r, [&](size_t offset) { max = MaxOf::take(max, in[offset]); });
    const float base = std::isinf(max) ? 0.0f : max;
    double sum = 0;
    for_each_reduced(r, [&](size_t offset) { sum += std::exp(static_cast<double>(in[offset] - base)); });
    static_cast<float*>(output)[index] = static_cast<float>(base + std::log(sum));
  }
}

template <class T>
ReduceKernel select_integer(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMean:
      return reduce<T, int64_t, MeanOf>;
    case ReduceKind::kSum:
      return reduce<T, int64_t, SumOf>;
    case ReduceKind::kMax:
      return reduce<T, int64_t, MaxOf>;
    case ReduceKind::kMin:
      return reduce<T, int64_t, MinOf>;
    case ReduceKind::kProd:
      return reduce<T, int64_t, ProdOf>;
    case ReduceKind::kL1:
      return reduce<T, int64_t, L1Of>;
    case ReduceKind::kSumSquare:
      return reduce<T, int64_t, SumSquareOf>;
    default:
      return nullptr;
  }
}

ReduceKernel select_f32(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMean:
      return reduce<float, double, MeanOf>;
    case ReduceKind::kSum:
      return reduce<float, double, SumOf>;
    case ReduceKind::kMax:
      return reduce<float, float, MaxOf>;
    case ReduceKind::kMin:
      return reduce<float, float, MinOf>;
    case ReduceKind::kProd:
      return reduce<float, double, ProdOf>;
    case ReduceKind::kL1:
      return reduce<float, double, L1Of>;
    case ReduceKind::kL2:
      return reduce<float, double, L2Of>;
    case ReduceKind::kLogSum:
      return reduce<float, double, LogSumOf>;
    case ReduceKind::kLogSumExp:
      return reduce_log_sum_exp;
    case ReduceKind::kSumSquare:
      return reduce<float, double, SumSquareOf>;
  }
  return nullptr;
}

}  // namespace

ReduceKernel select_reduce(ReduceKind kind, Element type) {
  switch (type) {
    case Element::kF32:
      return select_f32(kind);
    case Element::kS32:
      return select_integer<int32_t>(kind);
    case Element::kS64:
      return select_integer<int64_t>(kind);
    default:
      return nullptr;
  }
}

}  // namespace octet::kernels
