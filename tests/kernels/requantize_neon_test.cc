// SPDX-License-Identifier: Apache-2.0
//
// The vectors of kernels/arm/requantize_neon.h, partial_neon.h and table_neon.h equal kernels/requantize.h
// and plain loops: every shift, accumulators at and around every power of two and every tie, every length.
#include "kernels/arm/requantize_neon.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <vector>

#include "kernels/arm/table_neon.h"
#include "kernels/requantize.h"
#include "tests/testing/random.h"

namespace octet::kernels {
namespace {

using testing::Random;

struct Parameters {
  int32_t multiplier, right_shift, zero_point, min, max;
};

// Sixteen accumulators, each way; `acc` plus the rounding term must fit in s32.
void check_16(const int32_t* acc, const Parameters& p) {
  int8_t expected[16], folded[16], single[16], half[16];
  for (size_t i = 0; i < 16; ++i)
    expected[i] = requantize(acc[i], p.multiplier, p.right_shift, p.zero_point, p.min, p.max);
  const RequantizeRange range(p.zero_point, p.min, p.max);
  int32_t shifts[8], rounded[16];
  int16_t multipliers[8];
  for (size_t i = 0; i < 8; ++i) {
    shifts[i] = stored_shift(p.right_shift);
    multipliers[i] = static_cast<int16_t>(p.multiplier);
  }
  const RequantizeEight eight = RequantizeEight::load(shifts, multipliers);
  const Requantizer one(p.multiplier, p.right_shift, range);
  for (size_t i = 0; i < 16; ++i)
    rounded[i] = static_cast<int32_t>(static_cast<uint32_t>(acc[i]) + rounding_term(p.right_shift));
  int32x4_t a[4], r[4];
  for (size_t i = 0; i < 4; ++i) {
    a[i] = vld1q_s32(acc + 4 * i);
    r[i] = vld1q_s32(rounded + 4 * i);
  }
  vst1q_s8(folded, requantize_16(r[0], r[1], r[2], r[3], eight, eight, range));
  vst1q_s8(single, one.requantize_16(a[0], a[1], a[2], a[3]));
  vst1_s8(half, requantize_8(r[0], r[1], eight, range));
  vst1_s8(half + 8, one.requantize_8(a[2], a[3]));
  for (size_t i = 0; i < 16; ++i) {
    ASSERT_EQ(folded[i], expected[i]) << acc[i] << " p " << p.right_shift << " m " << p.multiplier;
    ASSERT_EQ(single[i], expected[i]) << acc[i] << " p " << p.right_shift << " m " << p.multiplier;
    ASSERT_EQ(half[i], expected[i]) << acc[i] << " p " << p.right_shift << " m " << p.multiplier;
  }
}

// Around 0, every power of two and every s16 value, at the shift that brings it there.
std::vector<int32_t> accumulators(int32_t right_shift, Random* random) {
  const int64_t most = INT32_MAX - static_cast<int64_t>(rounding_term(right_shift));
  std::vector<int32_t> values;
  const auto add = [&](int64_t v) {
    if (v >= INT32_MIN && v <= most) values.push_back(static_cast<int32_t>(v));
  };
  for (int64_t d = -3; d <= 3; ++d) {
    add(INT32_MIN + 3 + d);
    add(most - 3 + d);
    for (int bit = 0; bit < 32; ++bit) {
      add((int64_t{1} << bit) + d);
      add(-(int64_t{1} << bit) + d);
    }
  }
  const int p = right_shift > 0 ? right_shift : 0;
  for (int64_t t = -32770; t <= 32770; t += 7)
    for (int64_t d = -1; d <= 1; ++d) add(t * (int64_t{1} << p) + (p > 0 ? int64_t{1} << (p - 1) : 0) + d);
  for (int i = 0; i < 4000; ++i) add(random->in_range(INT32_MIN, INT32_MAX) >> random->in_range(0, 31));
  while (values.size() % 16) values.push_back(0);
  return values;
}

TEST(RequantizeNeon, EqualsTheRuleForEveryShift) {
  const uint64_t seed = testing::test_seed(1);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Random random(seed);
  for (int32_t p = -16; p <= 31; ++p) {
    const std::vector<int32_t> values = accumulators(p, &random);
    for (const int32_t multiplier : {0, 1 << 14, (1 << 14) + 1, 23170, (1 << 15) - 1}) {
      for (const int32_t zero_point : {-128, -5, 0, 127}) {
        const auto low = static_cast<int32_t>(random.in_range(-128, 127));
        const auto high = static_cast<int32_t>(random.in_range(low, 127));
        const bool whole = random.one_in(2);
        const Parameters parameters = {multiplier, p, zero_point, whole ? -128 : low, whole ? 127 : high};
        for (size_t i = 0; i < values.size(); i += 16) {
          check_16(&values[i], parameters);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(RequantizeNeon, ChannelsHaveTheirOwnShifts) {
  Random random(testing::test_seed(2));
  for (int round = 0; round < 20000; ++round) {
    int32_t acc[16], p[16], shifts[16];
    int16_t multipliers[16];
    int8_t got[16];
    const auto zero_point = static_cast<int32_t>(random.in_range(-128, 127));
    for (size_t i = 0; i < 16; ++i) {
      p[i] = static_cast<int32_t>(random.in_range(-16, 31));
      shifts[i] = stored_shift(p[i]);
      multipliers[i] = static_cast<int16_t>(random.in_range(1 << 14, (1 << 15) - 1));
      acc[i] = static_cast<int32_t>(random.in_range(-(1 << 30), (1 << 30) - 1) >> random.in_range(0, 30));
    }
    int32x4_t a[4];
    for (size_t i = 0; i < 4; ++i) {
      int32_t rounded[4];
      for (size_t j = 0; j < 4; ++j)
        rounded[j] = acc[4 * i + j] + static_cast<int32_t>(rounding_term(p[4 * i + j]));
      a[i] = vld1q_s32(rounded);
    }
    const RequantizeRange range(zero_point, -100, 110);
    vst1q_s8(got, requantize_16(a[0], a[1], a[2], a[3], RequantizeEight::load(shifts, multipliers),
                                RequantizeEight::load(shifts + 8, multipliers + 8), range));
    for (size_t i = 0; i < 16; ++i)
      ASSERT_EQ(got[i], requantize(acc[i], multipliers[i], p[i], zero_point, -100, 110)) << acc[i];
  }
}

TEST(RequantizeNeon, FloatOutputIsOneConversionAndOneProduct) {
  Random random(testing::test_seed(3));
  for (int round = 0; round < 20000; ++round) {
    int32_t acc[4];
    float scale[4], got[4], expected[4];
    for (size_t i = 0; i < 4; ++i) {
      acc[i] = static_cast<int32_t>(random.in_range(INT32_MIN, INT32_MAX) >> random.in_range(0, 31));
      scale[i] = round % 5 == 0 ? 1e-42f : 1.0f / static_cast<float>(random.in_range(1, 1 << 30));
      volatile float wide = static_cast<float>(acc[i]);
      expected[i] = wide * scale[i];
    }
    vst1q_f32(got, scale_to_f32(vld1q_s32(acc), scale));
    ASSERT_EQ(std::memcmp(got, expected, sizeof got), 0) << acc[0] << " * " << scale[0];
  }
}

TEST(PartialNeon, TouchesExactlyItsElements) {
  int8_t bytes[16];
  for (size_t i = 0; i < 16; ++i) bytes[i] = static_cast<int8_t>(11 * i - 70);
  for (size_t n = 0; n <= 16; ++n) {
    std::vector<int8_t> from(bytes, bytes + n);  // AddressSanitizer or valgrind would see more
    int8_t loaded[16], stored[18], expected[18];
    vst1q_s8(loaded, load_part_16(from.data(), n));
    std::memset(stored, 77, sizeof stored);
    std::memset(expected, 77, sizeof expected);
    std::memcpy(expected + 1, bytes, n);
    store_part_16(stored + 1, vld1q_s8(bytes), n);
    for (size_t i = 0; i < 16; ++i) ASSERT_EQ(loaded[i], i < n ? bytes[i] : 0) << n;
    for (size_t i = 0; i < 18; ++i) ASSERT_EQ(stored[i], expected[i]) << n;
  }
  const float floats[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  for (size_t n = 0; n <= 4; ++n) {
    float stored[5] = {9.0f, 9.0f, 9.0f, 9.0f, 9.0f};
    store_part_f32(stored, vld1q_f32(floats), n);
    for (size_t i = 0; i < 5; ++i) ASSERT_EQ(stored[i], i < n ? floats[i] : 9.0f) << n;
  }
}

TEST(TableNeon, FindsEveryEntry) {
  Random random(testing::test_seed(4));
  int8_t table[256];
  for (int8_t& entry : table) entry = static_cast<int8_t>(random.in_range(-128, 127));
  const TableParts parts(table);
  for (size_t count = 0; count <= 300; ++count) {
    std::vector<int8_t> input(count), output(count + 1, 99);
    for (size_t i = 0; i < count; ++i) input[i] = static_cast<int8_t>(i + count);
    apply_table(parts, input.data(), output.data(), count);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(output[i], table[input[i] + 128]) << count;
    ASSERT_EQ(output[count], 99);
  }
}

}  // namespace
}  // namespace octet::kernels
