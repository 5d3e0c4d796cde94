// SPDX-License-Identifier: Apache-2.0
//
// Executable specification of arg_reduce; also the kernel in use.
#include "kernels/arg_reduce.h"

namespace octet::kernels {
namespace {

// True where `value` replaces `best`: strictly better, or as good and select_last.
template <class T>
bool replaces(const ArgReduce& reduce, T value, T best) {
  if (best != best) return value == value || reduce.select_last;  // best is NaN
  if (value == best) return reduce.select_last;
  return reduce.minimum ? value < best : value > best;
}

template <class T>
void arg_reduce(const ArgReduce& reduce, const T* data, int64_t* output, size_t first, size_t last) {
  for (size_t item = first; item < last; ++item) {
    const T* column = data + item / reduce.inner * reduce.reduced * reduce.inner + item % reduce.inner;
    size_t best = 0;
    for (size_t r = 1; r < reduce.reduced; ++r)
      if (replaces(reduce, column[r * reduce.inner], column[best * reduce.inner])) best = r;
    output[item] = static_cast<int64_t>(best);
  }
}

}  // namespace

void arg_reduce_s8(const ArgReduce& reduce, const int8_t* data, int64_t* output, size_t first, size_t last) {
  arg_reduce(reduce, data, output, first, last);
}
void arg_reduce_s32(const ArgReduce& reduce, const int32_t* data, int64_t* output, size_t first,
                    size_t last) {
  arg_reduce(reduce, data, output, first, last);
}
void arg_reduce_s64(const ArgReduce& reduce, const int64_t* data, int64_t* output, size_t first,
                    size_t last) {
  arg_reduce(reduce, data, output, first, last);
}
void arg_reduce_f32(const ArgReduce& reduce, const float* data, int64_t* output, size_t first, size_t last) {
  arg_reduce(reduce, data, output, first, last);
}

}  // namespace octet::kernels
