// SPDX-License-Identifier: Apache-2.0
//
// What the tests of s8 kernels share: the rows that this CPU can run, inputs against a guard
// page, outputs with poisoned borders, and fixed-point parameters as the converter makes them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "kernels/kernel_row.h"
#include "tests/testing/guard_page.h"
#include "tests/testing/random.h"

namespace octet::kernels {

// The rows of a family that this CPU can run.
template <class Function>
std::vector<KernelRow<Function>> runnable(KernelRows<Function> rows) {
  std::vector<KernelRow<Function>> result;
  for (const KernelRow<Function>& row : rows)
    if (detect_cpu_features().can_run(row.feature)) result.push_back(row);
  return result;
}

// A generator whose seed is printed; OCTET_TEST_SEED repeats a run.
inline testing::Random seeded(uint64_t otherwise) {
  const uint64_t seed = testing::test_seed(otherwise);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return testing::Random(seed);
}

// A copy of `values` that ends (or begins) at an inaccessible page.
template <class T>
class Guarded {
 public:
  using Buffer = testing::GuardedBuffer;
  explicit Guarded(const std::vector<T>& values, Buffer::Side side = Buffer::kGuardBehind)
      : buffer_(values.size() * sizeof(T), side) {
    if (!values.empty()) std::memcpy(buffer_.as(), values.data(), values.size() * sizeof(T));
  }
  const T* data() { return buffer_.as<T>(); }

 private:
  Buffer buffer_;
};

// An output between poisoned borders; equal only if every byte is, borders included.
template <class T>
class Poisoned {
 public:
  explicit Poisoned(size_t count) : bytes_(count * sizeof(T) + 2 * kBorder, 0xa5), count_(count) {}
  T* data() { return reinterpret_cast<T*>(bytes_.data() + kBorder); }
  std::vector<T> values() { return std::vector<T>(data(), data() + count_); }
  bool operator==(const Poisoned& other) const { return bytes_ == other.bytes_; }

 private:
  static constexpr size_t kBorder = 64;
  std::vector<uint8_t> bytes_;
  size_t count_;
};

inline std::vector<int8_t> random_s8(testing::Random* random, size_t count) {
  std::vector<int8_t> values(count);
  for (int8_t& value : values) value = random->s8();
  return values;
}

// In [-128, 127], with the ends often.
inline int32_t random_zero_point(testing::Random* random) { return random->s8(); }

// multiplier and right_shift of requantize with scale = multiplier * 2^-(21 + right_shift), nearest.
struct FixedPoint {
  int32_t multiplier, right_shift;
};
inline FixedPoint fixed_point(double scale) {
  int exponent = 0;
  const double mantissa = std::frexp(scale, &exponent);  // in [0.5, 1)
  auto multiplier = static_cast<int32_t>(std::lround(mantissa * 32768));
  int32_t right_shift = 15 - exponent - 21;
  if (multiplier == 32768) {
    multiplier = 16384;
    --right_shift;
  }
  return {multiplier, right_shift};
}

// The ideal s8 value of `real` output steps.
inline int32_t ideal_s8(double steps, int32_t zero_point) {
  return static_cast<int32_t>(std::fmin(127, std::fmax(-128, std::floor(steps + 0.5) + zero_point)));
}

}  // namespace octet::kernels
