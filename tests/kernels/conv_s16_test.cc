// SPDX-License-Identifier: Apache-2.0
//
// conv_s16: every row of conv_s16.inc against the reference, and the reference against s8 and real numbers.
#include "kernels/conv_s16.h"

#include <algorithm>

#include "kernels/requantize.h"
#include "tests/kernels/conv_s16_case.h"
#include "tests/kernels/s8_case.h"

namespace octet::kernels {
namespace {

const ConvShape kShapes[] = {
    square(5, 7, 3, 16, 3, 2, 1),         square(6, 6, 8, 24, 1, 1, 0),
    square(9, 5, 6, 7, 1, 1, 0),          square(4, 4, 5, 17, 3, 1, 1),
    square(7, 9, 16, 16, 3, 1, 1, 16),    square(7, 9, 32, 32, 3, 2, 1, 32),
    square(6, 8, 37, 37, 3, 1, 1, 37),    square(9, 9, 24, 24, 5, 1, 2, 24),
    square(8, 8, 20, 20, 3, 1, 2, 20, 2), square(5, 5, 3, 3, 3, 1, 1, 3),
    square(6, 6, 8, 12, 3, 1, 1, 2),      square(4, 6, 12, 36, 1, 1, 0, 3),
    square(6, 6, 4, 9, 3, 1, 2, 1, 2),    square(3, 3, 7, 5, 2, 1, 0, 1, 1, 3),
    square(1, 1, 50, 40, 1, 1, 0),        square(1, 130, 9, 33, 1, 1, 0),
    square(5, 6, 17, 17, 1, 2, 0, 17),    square(2, 2, 20, 20, 3, 1, 1),
};

class ConvS16Rows : public ::testing::TestWithParam<size_t> {
 protected:
  const ConvS16Kernel& row() {
    size_t count = 0;
    return *conv_s16_kernels(&count)[GetParam()];
  }
};

TEST_P(ConvS16Rows, EqualTheReference) {
  if (!detect_cpu_features().can_run(row().feature)) GTEST_SKIP() << "this CPU cannot run " << row().name;
  const uint64_t seed = testing::test_seed(7);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  size_t tested = 0;
  for (const ConvShape& shape : kShapes)
    for (const ConvData data : {ConvData::kRandom, ConvData::kExtremes, ConvData::kTies})
      for (const bool wide_input : {false, true})
        for (const WideOutput output :
             {WideOutput::kS16, WideOutput::kS8, WideOutput::kTable, WideOutput::kF32}) {
          if (!wide_input && output != WideOutput::kS16) continue;  // conv_s8's
          const WideCase c(shape, data, wide_input, output, seed + tested);
          if (!row().supports(c.conv)) continue;
          ++tested;
          size_t count = 0;
          const auto expected =
              run_row(*conv_s16_kernels(&count)[count - 1], c, testing::GuardedBuffer::kGuardBehind);
          for (const auto side : {testing::GuardedBuffer::kGuardBehind, testing::GuardedBuffer::kGuardBefore})
            ASSERT_EQ(run_row(row(), c, side), expected)
                << row().name << " " << c.base.text() << " s16 input " << wide_input << " output "
                << static_cast<int>(output);
        }
  EXPECT_GT(tested, 0u);
}

std::string row_name(const ::testing::TestParamInfo<size_t>& info) {
  size_t count = 0;
  return conv_s16_kernels(&count)[info.param]->name;
}

size_t row_count() {
  size_t count = 0;
  conv_s16_kernels(&count);
  return count;
}

INSTANTIATE_TEST_SUITE_P(Rows, ConvS16Rows, ::testing::Range(size_t{0}, row_count()), row_name);

// The accumulators are those of conv_s8: s8 values in 16 bits give what conv_s8 gives.
TEST(ConvS16, OfS8ValuesIsConvS8) {
  for (const ConvShape& shape : {square(5, 7, 6, 10, 3, 2, 1), square(6, 6, 9, 9, 3, 1, 1, 9)}) {
    WideCase c(shape, ConvData::kRandom, true, WideOutput::kS8, 11);
    c.conv.right_shift = c.base.right_shift.data();
    for (size_t i = 0; i < c.base.input.size(); ++i)
      c.input_s16[i] = static_cast<int16_t>(c.base.input[i] - c.base.conv.input_zero_point);
    std::vector<int8_t> narrow(c.output_bytes()), wide(c.output_bytes());
    conv_s8_reference(c.base.conv, c.base.input.data(), narrow.data());
    size_t count = 0;
    const ConvS16Kernel& reference = *conv_s16_kernels(&count)[row_count() - 1];
    reference.run(c.conv, nullptr, c.input_s16.data(), wide.data(), 0, reference.items(c.conv), nullptr);
    EXPECT_EQ(wide, narrow);
  }
}

// requantize_s16 is within one step of the real number over the whole range of shifts.
TEST(RequantizeS16, IsWithinOneStep) {
  testing::Random random = seeded(3);
  for (int i = 0; i < 200000; ++i) {
    const auto m = static_cast<int32_t>(random.in_range(1 << 14, 32767));
    const auto p = static_cast<int32_t>(random.in_range(-4, 17));
    const double k = std::ldexp(m, -15 - p);
    const double reach = std::min(std::ldexp(1.0, 30), 20000 / k);
    const auto acc =
        static_cast<int32_t>(static_cast<double>(random.in_range(-1000000, 1000000)) * reach / 1e6);
    const double ideal = std::clamp(acc * k, double{kS16Min}, double{kS16Max});
    ASSERT_LE(std::fabs(requantize_s16(acc, m, p, kS16Min, kS16Max) - ideal), 1.01)
        << acc << " " << m << " " << p;
  }
  EXPECT_EQ(requantize_s16(2147483647, 16384, 0, kS16Min, kS16Max), kS16Max);
  EXPECT_EQ(requantize_s16(-2147483647, 16384, 0, kS16Min, kS16Max), kS16Min);
  EXPECT_EQ(requantize_s16(16383, 16384, -1, kS16Min, kS16Max), 16383);  // k = 1
  EXPECT_EQ(requantize_s16(123, 0, 0, kS16Min, kS16Max), 0);
}

}  // namespace
}  // namespace octet::kernels
