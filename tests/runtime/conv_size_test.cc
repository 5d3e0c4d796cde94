// SPDX-License-Identifier: Apache-2.0
//
// conv_s8_fits: with the limit of 32-bit addresses, every convolution that passes asks for less than 2^32
// bytes, by the arithmetic of 64 bits; and the convolutions of real networks pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "kernels/conv_s8.h"
#include "runtime/ops/conv_s8_op.h"
#include "tests/testing/guard_page.h"
#include "tests/testing/random.h"

namespace octet {
namespace {

constexpr uint64_t kMost = 0xffffffff;

// Rows that read many weights before they pack, and that no 32-bit machine has.
constexpr uint32_t kLeftOut =
    kernels::kAvx2 | kernels::kAvxVnni | kernels::kAvx512Vnni | kernels::kAvxVnniEvex;

size_t up_to(testing::Random* random, double bits) {  // uniform in its logarithm
  return static_cast<size_t>(std::exp2(random->f32(0, static_cast<float>(std::max(bits, 0.0)))));
}

// Tensors of at most 2^28 bytes.
kernels::ConvS8 random_conv(testing::Random* random) {
  kernels::ConvS8 c = {};
  c.batch = 1;
  c.kernel_height = random->one_in(3) ? 1 : up_to(random, 14);
  c.kernel_width = random->one_in(3) ? 1 : up_to(random, 14);
  double left = 28 - std::log2(c.kernel_height * c.kernel_width);
  const size_t group_inputs = random->one_in(3) ? 1 : up_to(random, left);
  left -= std::log2(group_inputs);
  const size_t group_outputs = random->one_in(3) ? 1 : up_to(random, left);
  left -= std::log2(group_outputs);
  c.groups = random->one_in(3) ? 1 : up_to(random, std::min(left, 16.0));
  c.input_channels = c.groups * group_inputs;
  c.output_channels = c.groups * group_outputs;
  const bool dilates = random->one_in(2);
  c.dilation_height = dilates ? up_to(random, 10) : 1;
  c.dilation_width = dilates ? up_to(random, 10) : 1;
  c.stride_height = random->one_in(2) ? 1 : up_to(random, 6);
  c.stride_width = random->one_in(2) ? 1 : up_to(random, 6);
  const double pixels = 28 - std::log2(std::max(c.input_channels, c.output_channels));
  c.output_height = up_to(random, pixels / 2);
  c.output_width = up_to(random, pixels / 2);
  c.input_height = (c.output_height - 1) * c.stride_height + (c.kernel_height - 1) * c.dilation_height + 1;
  c.input_width = (c.output_width - 1) * c.stride_width + (c.kernel_width - 1) * c.dilation_width + 1;
  return c;
}

TEST(ConvS8Fits, BoundsWhatKernelsAskFor) {
  if (sizeof(size_t) == 4) GTEST_SKIP() << "32-bit arithmetic cannot tell";
  const uint64_t seed = testing::test_seed(71);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  testing::Random random(seed);
  testing::GuardedBuffer zeros(size_t{1} << 28);  // pages of zeros, of which few are read
  size_t count = 0, refused = 0;
  const kernels::ConvS8Kernel* const* rows = kernels::conv_s8_kernels(&count);
  for (int trial = 0; trial < 500; ++trial) {
    kernels::ConvS8 c = random_conv(&random);
    c.weights = zeros.as<int8_t>();
    c.right_shift = zeros.as<int8_t>();
    const bool fits = conv_s8_fits(c, kMost);
    refused += !fits;
    for (size_t i = 0; i < count; ++i) {
      if ((rows[i]->feature & kLeftOut) != 0 || !rows[i]->supports(c)) continue;
      const uint64_t packed = rows[i]->packed_bytes(c), scratch = rows[i]->scratch_bytes(c);
      if (!fits) continue;
      EXPECT_TRUE(packed <= kMost && scratch <= kMost)
          << rows[i]->name << ": " << c.kernel_height << " x " << c.kernel_width << ", " << c.input_channels
          << " -> " << c.output_channels << " in " << c.groups << " groups: " << packed << " packed, "
          << scratch << " scratch";
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, 400u);
}

kernels::ConvS8 conv(size_t kernel, size_t inputs, size_t outputs, size_t groups) {
  kernels::ConvS8 c = {};
  c.kernel_height = c.kernel_width = kernel;
  c.input_channels = inputs;
  c.output_channels = outputs;
  c.groups = groups;
  return c;
}

TEST(ConvS8Fits, RealLayersPass) {
  for (const kernels::ConvS8& c :
       {conv(7, 3, 64, 1), conv(3, 512, 512, 1), conv(1, 25088, 4096, 1), conv(7, 2048, 2048, 2048),
        conv(3, 2048, 2048, 32), conv(1, 768, 50257, 1)})
    EXPECT_TRUE(conv_s8_fits(c, kMost)) << c.input_channels << " -> " << c.output_channels;
}

// Products that leave 64 bits are not small.
TEST(ConvS8Fits, HugeLengths) {
  kernels::ConvS8 c = conv(size_t{1} << (sizeof(size_t) > 4 ? 33 : 31), 4, 4, 1);
  EXPECT_FALSE(conv_s8_fits(c, kMost));
  c.kernel_width = 1;
  EXPECT_FALSE(conv_s8_fits(c, kMost));
}

}  // namespace
}  // namespace octet
