// SPDX-License-Identifier: Apache-2.0
//
// Helpers of the float kernels' tests: data against guard pages, poisoned outputs.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/testing/guard_page.h"
#include "tests/testing/random.h"

namespace octet::testing {

inline std::vector<float> random_f32(Random* random, size_t count, float low = -2, float high = 2) {
  std::vector<float> values(count);
  for (float& value : values) value = random->f32(low, high);
  return values;
}

// A copy of `values` that ends at a guard page.
template <class T>
class Guarded {
 public:
  explicit Guarded(const std::vector<T>& values) : count_(values.size()), buffer_(values.size() * sizeof(T)) {
    if (!values.empty()) std::memcpy(buffer_.template as<void>(), values.data(), values.size() * sizeof(T));
  }
  // `count` poisoned elements.
  explicit Guarded(size_t count) : count_(count), buffer_(count * sizeof(T)) {
    if (count > 0) std::memset(buffer_.template as<void>(), 0xA5, count * sizeof(T));
  }
  T* data() { return buffer_.template as<T>(); }
  std::vector<T> values() { return std::vector<T>(data(), data() + count_); }

 private:
  size_t count_;
  GuardedBuffer buffer_;
};

// |got - want| <= tolerance * (1 + magnitude), with NaN equal to NaN and infinities equal.
inline ::testing::AssertionResult close(double got, double want, double magnitude, double tolerance = 1e-5) {
  if (std::isnan(want)) {
    if (std::isnan(got)) return ::testing::AssertionSuccess();
  } else if (std::isinf(want)) {
    if (got == want) return ::testing::AssertionSuccess();
  } else if (std::fabs(got - want) <= tolerance * (1 + magnitude)) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << got << " instead of " << want;
}

}  // namespace octet::testing
