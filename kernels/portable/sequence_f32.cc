// SPDX-License-Identifier: Apache-2.0
//
// See sequence_f32.h.
#include "kernels/portable/sequence_f32.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace octet::kernels {
namespace {

// The first element of vector `vector`.
size_t vector_start(size_t vector, size_t size, size_t inner) {
  return vector / inner * size * inner + vector % inner;
}

// A total order, also with NaN.
template <class T>
bool less(T a, T b) {
  if constexpr (std::is_same_v<T, float>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}
template <class T>
bool same(T a, T b) {
  return !less(a, b) && !less(b, a);
}

template <class T>
void top_k(const TopK& t, const void* input, void* values, int64_t* positions, size_t first, size_t last,
           void* scratch) {
  size_t* order = static_cast<size_t*>(scratch);
  for (size_t vector = first; vector < last; ++vector) {
    const T* in = static_cast<const T*>(input) + vector_start(vector, t.size, t.inner);
    const size_t out = vector_start(vector, t.k, t.inner);
    for (size_t i = 0; i < t.size; ++i) order[i] = i;
    std::partial_sort(order, order + t.k, order + t.size, [&](size_t a, size_t b) {
      const T x = in[a * t.inner], y = in[b * t.inner];
      if (same(x, y)) return a < b;
      return t.largest ? less(y, x) : less(x, y);
    });
    for (size_t i = 0; i < t.k; ++i) {
      static_cast<T*>(values)[out + i * t.inner] = in[order[i] * t.inner];
      positions[out + i * t.inner] = static_cast<int64_t>(order[i]);
    }
  }
}

float add(float a, float b) { return a + b; }
template <class T>
T add(T a, T b) {
  return wrapping_add(a, b);
}

template <class T>
void cum_sum(const CumSum& c, const void* input, void* output, size_t first, size_t last) {
  for (size_t vector = first; vector < last; ++vector) {
    const size_t start = vector_start(vector, c.size, c.inner);
    const T* in = static_cast<const T*>(input) + start;
    T* out = static_cast<T*>(output) + start;
    T sum = 0;
    for (size_t i = 0; i < c.size; ++i) {
      const size_t at = (c.reverse ? c.size - 1 - i : i) * c.inner;
      const T x = in[at];
      const T with = add(sum, x);
      out[at] = c.exclusive ? sum : with;
      sum = with;
    }
  }
}

// -1 for an index outside [-depth, depth).
ptrdiff_t wrapped_index(Element type, const void* indices, size_t i, size_t depth) {
  const int64_t count = static_cast<int64_t>(depth);
  int64_t index = -1;
  if (type == Element::kS32) {
    index = static_cast<const int32_t*>(indices)[i];
  } else if (type == Element::kS64) {
    index = static_cast<const int64_t*>(indices)[i];
  } else {
    const float x = static_cast<const float*>(indices)[i];
    if (!(x >= static_cast<float>(-count) && x < static_cast<float>(count))) return -1;
    index = static_cast<int64_t>(x);
  }
  if (index < -count || index >= count) return -1;
  return static_cast<ptrdiff_t>(index < 0 ? index + count : index);
}

}  // namespace

size_t top_k_scratch_bytes(const TopK& top_k) { return top_k.size * sizeof(size_t); }

TopKKernel select_top_k(Element type) {
  switch (type) {
    case Element::kF32:
      return top_k<float>;
    case Element::kS8:
      return top_k<int8_t>;
    case Element::kU8:
      return top_k<uint8_t>;
    case Element::kS32:
      return top_k<int32_t>;
    case Element::kS64:
      return top_k<int64_t>;
    default:
      return nullptr;
  }
}

CumSumKernel select_cum_sum(Element type) {
  switch (type) {
    case Element::kF32:
      return cum_sum<float>;
    case Element::kS32:
      return cum_sum<int32_t>;
    case Element::kS64:
      return cum_sum<int64_t>;
    default:
      return nullptr;
  }
}

void one_hot(const OneHot& h, Element index_type, const void* indices, const void* values, void* output) {
  const uint8_t* off = static_cast<const uint8_t*>(values);
  uint8_t* out = static_cast<uint8_t*>(output);
  for (size_t o = 0; o < h.outer; ++o)
    for (size_t d = 0; d < h.depth; ++d)
      for (size_t i = 0; i < h.inner; ++i, out += h.element_bytes) {
        const bool hit =
            wrapped_index(index_type, indices, o * h.inner + i, h.depth) == static_cast<ptrdiff_t>(d);
        std::memcpy(out, off + (hit ? h.element_bytes : 0), h.element_bytes);
      }
}

void trilu(const Trilu& t, const void* input, void* output) {
  const size_t row_bytes = t.columns * t.element_bytes;
  const uint8_t* in = static_cast<const uint8_t*>(input);
  uint8_t* out = static_cast<uint8_t*>(output);
  const int64_t columns = static_cast<int64_t>(t.columns);
  for (size_t row = 0; row < t.matrices * t.rows; ++row, in += row_bytes, out += row_bytes) {
    // The kept columns are [diagonal, columns) or [0, diagonal].
    const int64_t diagonal = static_cast<int64_t>(row % t.rows) + t.k;
    const int64_t low = t.upper ? std::clamp<int64_t>(diagonal, 0, columns) : 0;
    const int64_t high = t.upper ? columns : std::clamp<int64_t>(diagonal + 1, 0, columns);
    const size_t begin = static_cast<size_t>(low) * t.element_bytes;
    const size_t end = std::max(begin, static_cast<size_t>(high) * t.element_bytes);
    std::memset(out, 0, begin);
    std::memcpy(out + begin, in + begin, end - begin);
    std::memset(out + end, 0, row_bytes - end);
  }
}

}  // namespace octet::kernels
