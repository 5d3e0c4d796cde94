// SPDX-License-Identifier: Apache-2.0
//
// The AVX-VNNI rows of conv_s8, the objects that ship, equal the reference on CPUs
// without AVX-VNNI too: avxvnni_emulator.h executes what the CPU refuses. A row
// in conv_s8.inc with feature kAvxVnni is tested here by itself. The shapes are
// few because each instruction traps; conv_s8_test runs them all where the
// CPU has AVX-VNNI, and runs the same sources in EVEX encoding on other CPUs.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "tests/kernels/avxvnni_emulator.h"
#include "tests/kernels/conv_s8_check.h"

namespace octet::kernels {
namespace {

std::vector<const ConvS8Kernel*> avxvnni_kernels() {
  size_t count = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  std::vector<const ConvS8Kernel*> kernels;
  for (size_t i = 0; i < count; ++i)
    if (rows[i]->feature == kAvxVnni) kernels.push_back(rows[i]);
  return kernels;
}

class ConvS8AvxvnniTest : public ::testing::TestWithParam<const ConvS8Kernel*> {
 protected:
  void SetUp() override {
    if (const char* why = testing::enable_avxvnni()) GTEST_SKIP() << why;
    emulated_before_ = testing::emulated_instructions();
  }
  void TearDown() override {
    if (checked_ > 0)
      std::printf("%s: %d cases, %llu instructions emulated\n", GetParam()->name, checked_,
                  static_cast<unsigned long long>(testing::emulated_instructions() - emulated_before_));
  }
  void check(const ConvShape& shape, ConvData data, ConvOutput output) {
    const uint64_t seed = ::octet::testing::test_seed(++seed_);
    ConvCase test(shape, data, output, seed);
    // Far left shifts, which networks do not have, are not for the kernels of depthwise layers.
    for (int8_t& p : test.right_shift)
      if (shape.groups > 1 && p < -6) p = -6;
    if (!GetParam()->supports(test.conv)) return;
    ++checked_;
    const std::string difference = difference_from_reference(*GetParam(), test, seed);
    if (!difference.empty()) FAIL() << difference;
  }
  int checked() const { return checked_; }

 private:
  uint64_t seed_ = 0, emulated_before_ = 0;
  int checked_ = 0;
};

const ConvShape kShapes[] = {
    square(12, 13, 3, 32, 3, 2, 1),  // first layer
    square(9, 9, 3, 24, 7, 2, 3),        square(7, 9, 3, 16, 3, 1, 1),
    square(7, 7, 16, 96, 1, 1, 0),  // thin
    square(5, 5, 24, 40, 1, 1, 0),       square(5, 6, 32, 16, 1, 1, 0),
    square(3, 5, 160, 40, 1, 1, 0),      square(4, 5, 13, 21, 1, 1, 0),
    square(1, 1, 200, 51, 1, 1, 0),  // fully connected
    square(1, 2, 65, 33, 1, 1, 0),       square(1, 14, 40, 24, 1, 1, 0),
    square(9, 8, 24, 24, 3, 1, 1, 24),  // depthwise
    square(9, 8, 40, 40, 3, 2, 1, 40),   square(8, 9, 32, 32, 5, 1, 2, 32),
    square(8, 9, 64, 64, 5, 2, 2, 64),   square(6, 7, 5, 15, 3, 1, 1, 5),
    square(6, 7, 32, 32, 3, 1, 1),  // ResNet, Winograd
    square(9, 10, 16, 24, 3, 1, 1),      square(10, 10, 16, 32, 3, 2, 1),
    square(8, 7, 40, 120, 3, 2, 1, 5),  // groups
    square(10, 9, 12, 8, 3, 1, 3, 1, 3), ConvShape{2, 9, 7, 8, 16, 3, 2, 1, 2, 2, 1, 0, 2, 2, 1, 1},
};

TEST_P(ConvS8AvxvnniTest, EqualsTheReference) {
  bool even = false;
  for (const ConvShape& shape : kShapes) {
    even = !even;
    check(shape, ConvData::kRandom, ConvOutput::kS8);
    check(shape, even ? ConvData::kExtremes : ConvData::kTies, even ? ConvOutput::kTable : ConvOutput::kS8);
    if (even) check(shape, ConvData::kRandom, ConvOutput::kF32);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(checked(), 0) << "no shape here is one that the row supports: add one";
}

std::string kernel_name(const ::testing::TestParamInfo<const ConvS8Kernel*>& info) {
  return info.param->name;
}

INSTANTIATE_TEST_SUITE_P(Rows, ConvS8AvxvnniTest, ::testing::ValuesIn(avxvnni_kernels()), kernel_name);

}  // namespace
}  // namespace octet::kernels
