// SPDX-License-Identifier: Apache-2.0
//
// The AVX-VNNI rows of conv_s16, the objects that ship, equal the reference on CPUs without AVX-VNNI too:
// avxvnni_emulator.h executes what the CPU refuses.
#include <gtest/gtest.h>

#include "tests/kernels/avxvnni_emulator.h"
#include "tests/kernels/conv_s16_case.h"

namespace octet::kernels {
namespace {

TEST(ConvS16Avxvnni, EqualsTheReference) {
  if (const char* why = testing::enable_avxvnni()) GTEST_SKIP() << why;
  const ConvShape shapes[] = {square(5, 7, 3, 24, 3, 2, 1), square(4, 5, 8, 20, 1, 1, 0),
                              square(5, 9, 16, 16, 3, 1, 1, 16), square(5, 6, 24, 24, 5, 2, 2, 24),
                              square(4, 4, 8, 12, 3, 1, 1, 2)};
  size_t count = 0, tested = 0;
  const ConvS16Kernel* const* rows = conv_s16_kernels(&count);
  for (size_t i = 0; i < count; ++i) {
    if (rows[i]->feature != kAvxVnni) continue;
    for (const ConvShape& shape : shapes)
      for (const bool wide_input : {false, true})
        for (const WideOutput output : {WideOutput::kS16, WideOutput::kS8, WideOutput::kF32}) {
          if (!wide_input && output != WideOutput::kS16) continue;
          const WideCase c(shape, ConvData::kRandom, wide_input, output, 31 + tested);
          if (!rows[i]->supports(c.conv)) continue;
          ++tested;
          const auto side = ::octet::testing::GuardedBuffer::kGuardBehind;
          ASSERT_EQ(run_row(*rows[i], c, side), run_row(*rows[count - 1], c, side))
              << rows[i]->name << " " << c.base.text();
        }
  }
  EXPECT_GT(tested, 0u);
}

}  // namespace
}  // namespace octet::kernels
