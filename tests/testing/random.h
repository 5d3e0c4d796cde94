// SPDX-License-Identifier: Apache-2.0
//
// Random data for tests: a generator with a seed that failures print
// (OCTET_TEST_SEED repeats one), and hostile fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace octet::testing {

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [low, high].
  int64_t in_range(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }
  bool one_in(uint64_t n) { return next() % n == 0; }
  float f32(float low, float high) {
    return low + (high - low) * static_cast<float>(next() >> 40) * (1.0f / 16777216.0f);
  }
  // s8 with both extremes in one of sixteen values each; low = -127 for weights.
  int8_t s8(int low = -128) {
    const uint64_t kind = next() % 16;
    if (kind == 0) return static_cast<int8_t>(low);
    if (kind == 1) return 127;
    return static_cast<int8_t>(in_range(low, 127));
  }

 private:
  uint64_t state_;
};

// The seed of this run: OCTET_TEST_SEED, or `otherwise`.
inline uint64_t test_seed(uint64_t otherwise) {
  const char* text = std::getenv("OCTET_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

}  // namespace octet::testing
