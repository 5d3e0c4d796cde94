// SPDX-License-Identifier: Apache-2.0
//
// Every conv_s8 kernel that this CPU can run equals the reference, byte for
// byte, over the whole output buffer including what it must not touch.
#include "kernels/conv_s8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/kernels/conv_s8_case.h"
#include "tests/kernels/conv_s8_check.h"

namespace octet::kernels {
namespace {

using testing::Random;

std::vector<const ConvS8Kernel*> runnable_kernels() {
  size_t count = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  std::vector<const ConvS8Kernel*> kernels;
  for (size_t i = 0; i < count; ++i)
    if (detect_cpu_features().can_run(rows[i]->feature)) kernels.push_back(rows[i]);
  return kernels;
}

class ConvS8KernelTest : public ::testing::TestWithParam<const ConvS8Kernel*> {
 protected:
  void check(const ConvCase& test, uint64_t seed) {
    const ConvS8Kernel& kernel = *GetParam();
    if (!kernel.supports(test.conv)) return;
    ++checked_;
    const std::string difference = difference_from_reference(kernel, test, seed);
    if (!difference.empty()) FAIL() << difference;
  }

  void check_shape(const ConvShape& shape) {
    const uint64_t seed = testing::test_seed(++seed_);
    for (const ConvData data : {ConvData::kRandom, ConvData::kExtremes, ConvData::kTies}) {
      check(ConvCase(shape, data, ConvOutput::kS8, seed), seed);
      if (HasFatalFailure()) return;
    }
    check(ConvCase(shape, ConvData::kRandom, ConvOutput::kTable, seed), seed);
    check(ConvCase(shape, ConvData::kRandom, ConvOutput::kF32, seed), seed);
  }

  uint64_t seed_ = 1;
  int checked_ = 0;
};

TEST_P(ConvS8KernelTest, LayersOfRealNetworks) {
  for (const ConvShape& shape : {
           square(18, 17, 3, 32, 3, 2, 1),   // first layer
           square(12, 13, 32, 16, 1, 1, 0),  // bottleneck
           square(11, 9, 96, 24, 1, 1, 0), square(7, 7, 40, 160, 1, 1, 0),
           square(1, 1, 100, 50, 1, 1, 0),  // classifier
           square(1, 3, 128, 9, 1, 1, 0), square(1, 7, 65, 128, 1, 1, 0),
           square(14, 14, 24, 24, 3, 1, 1, 24),                                 // depthwise
           square(15, 14, 24, 24, 3, 2, 1, 24), square(9, 9, 16, 16, 3, 1, 1),  // ResNet
           square(10, 10, 16, 32, 3, 2, 1), square(10, 10, 16, 32, 1, 2, 0),
           square(13, 13, 16, 64, 3, 1, 1),  // SqueezeNet
           square(23, 23, 3, 96, 7, 2, 0),
           ConvShape{1, 25, 10, 1, 64, 10, 4, 2, 2, 1, 1, 4, 1, 5, 1, 1},  // DS-CNN
           ConvShape{1, 12, 13, 64, 12, 3, 3, 1, 1, 5, 5, 5, 5, 5, 5, 1},  // RFB, dilated
       }) {
    check_shape(shape);
    if (HasFatalFailure()) return;
  }
}

// Fully connected layers of one row, with sums of every length modulo the steps of a round.
TEST_P(ConvS8KernelTest, SinglePixel) {
  for (const size_t channels : {1, 4, 8, 12, 18, 20, 64, 68, 76, 128, 132, 640}) {
    for (const size_t outputs : {1, 8, 10, 16, 17, 32, 33, 48, 63, 64, 65, 112, 128, 200}) {
      check_shape(square(1, 1, channels, outputs, 1, 1, 0));
      if (HasFatalFailure()) return;
    }
  }
  check_shape(square(1, 1, 96, 96, 1, 1, 0, 3));
  check_shape(square(5, 5, 64, 40, 1, 6, 0));
}

TEST_P(ConvS8KernelTest, RaggedChannels) {
  for (const size_t channels : {1, 2, 3, 5, 8, 12, 15, 17, 24, 31, 33, 40, 100}) {
    for (const size_t outputs : {1, 3, 7, 8, 9, 16, 17, 24, 33, 40, 100}) {
      check_shape(square(4, 5, channels, outputs, 1, 1, 0));
      check_shape(square(5, 3, channels, outputs, 3, 1 + outputs % 2, 1));
      if (HasFatalFailure()) return;
    }
  }
}

// Few input channels: windows of every length modulo four, with and without elements left over, rows
// shorter and longer than a tile.
TEST_P(ConvS8KernelTest, FirstLayers) {
  for (const size_t channels : {1, 2, 3, 4}) {
    for (const size_t kernel : {2, 3, 5, 7}) {
      for (const size_t stride : {1, 2, 3}) {
        const size_t outputs = (7 * channels + 9 * kernel + 16 * stride) % 70 + 1;
        check_shape(square(11, 12, channels, outputs, kernel, stride, kernel / 2));
        if (HasFatalFailure()) return;
      }
    }
  }
  for (const size_t kernel : {1, 2, 3, 4, 5, 6, 7, 9}) {  // one channel, few outputs
    for (const size_t outputs : {1, 5, 8}) {
      check_shape(square(19, 13 + 3 * kernel, 1, outputs, kernel, 1, kernel / 2));
      check_shape(square(kernel, kernel + 15 + outputs, 1, outputs, kernel, 1, 0));
      if (HasFatalFailure()) return;
    }
  }
  for (const size_t outputs : {1, 7, 8, 9, 16, 24, 31, 32, 33, 48, 50, 64, 80, 96, 100, 130}) {
    check_shape(square(9, 14, 3, outputs, 3, 2, 1));
    check_shape(square(6, 5, 3, outputs, 3, 1, 1));
    if (HasFatalFailure()) return;
  }
  for (const ConvShape& shape : {
           ConvShape{1, 22, 24, 3, 32, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 1},    // MobileNet's pads
           ConvShape{3, 9, 7, 3, 16, 3, 3, 2, 1, 1, 1, 5, 0, 0, 6, 1},      // far outside
           ConvShape{2, 25, 10, 1, 64, 10, 4, 2, 2, 1, 1, 4, 1, 5, 1, 1},   // DS-CNN
           ConvShape{1, 40, 30, 3, 24, 11, 11, 4, 4, 1, 1, 2, 2, 2, 2, 1},  // AlexNet
           ConvShape{1, 5, 20, 3, 16, 1, 7, 1, 6, 1, 1, 0, 3, 0, 3, 1},     // steps of 18
           ConvShape{1, 9, 9, 2, 16, 5, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1},
           ConvShape{1, 3, 3, 3, 16, 3, 3, 1, 1, 1, 1, 12, 15, 12, 15, 1},  // mostly padding
           ConvShape{3, 4, 3, 1, 8, 5, 3, 1, 1, 1, 1, 7, 25, 0, 9, 1},
           ConvShape{2, 33, 5, 1, 6, 2, 7, 1, 1, 1, 1, 0, 3, 2, 70, 1},
           square(3, 230, 3, 16, 3, 1, 1),
           square(60, 3, 3, 16, 3, 1, 1),
       }) {
    check_shape(shape);
    if (HasFatalFailure()) return;
  }
}

TEST_P(ConvS8KernelTest, Depthwise) {
  for (const size_t channels :
       {1, 3, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 31, 32, 40, 48, 50, 56, 64, 72, 100, 136}) {
    for (const size_t stride : {1, 2, 3}) {
      check_shape(square(9, 8, channels, channels, 3, stride, 1, channels));
      check_shape(square(6, 11, channels, channels, 5, stride, 2, channels));
      check_shape(square(8, 8, channels, channels, 2, stride, 0, channels));
      check_shape(square(9, 10, channels, channels, 3, stride, 2, channels, 2));
      if (HasFatalFailure()) return;
    }
  }
  // A last block of 16 channels, which takes two items of work at once: odd numbers of them, and of rows,
  // over images.
  for (const size_t channels : {16, 48, 80, 144}) {
    for (const size_t stride : {1, 2}) {
      check_shape(square(1, 5, channels, channels, 3, stride, 1, channels, 1, 3));
      check_shape(square(5, 7, channels, channels, 3, stride, 1, channels, 1, 3));
      check_shape(square(58, 6, channels, channels, 3, stride, 1, channels));
      if (HasFatalFailure()) return;
    }
  }
  check_shape(square(1, 1, 24, 24, 3, 1, 1, 24));
  check_shape(square(2, 1, 40, 40, 3, 2, 1, 40));
  check_shape(square(3, 3, 16, 16, 3, 1, 0, 16));
  check_shape(square(40, 37, 16, 16, 3, 1, 1, 16, 1, 2));
  check_shape(ConvShape{2, 9, 70, 32, 32, 3, 3, 1, 1, 1, 1, 0, 2, 2, 0, 32});
  check_shape(ConvShape{1, 5, 6, 19, 19, 1, 7, 1, 1, 1, 1, 0, 3, 0, 3, 19});
  check_shape(ConvShape{1, 5, 6, 16, 16, 3, 3, 1, 2, 1, 1, 2, 1, 2, 1, 16});
}

TEST_P(ConvS8KernelTest, DepthwiseSmallMaps) {
  // Every map up to 9 x 9, with pads of 0 to 2 on each side.
  size_t i = 0;
  for (const size_t kernel : {3, 5}) {
    for (const size_t stride : {1, 2}) {
      for (size_t height = 1; height <= 9; ++height) {
        for (size_t width = 1; width <= 9; ++width, ++i) {
          constexpr size_t kChannels[] = {8, 3, 16, 20, 24, 31, 40, 64, 72, 100};
          const size_t channels = kChannels[i % 10];
          ConvShape s = {1,      height, width, channels, channels,  kernel,    kernel,     stride,
                         stride, 1,      1,     i % 3,    i / 3 % 3, i / 9 % 3, i / 27 % 3, channels};
          if (s.height + s.pad_top + s.pad_bottom < kernel) s.height = kernel;
          if (s.width + s.pad_left + s.pad_right < kernel) s.width = kernel;
          check_shape(s);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(ConvS8KernelTest, DepthwiseWideMaps) {
  for (const size_t kernel : {3, 5}) {
    for (const size_t stride : {1, 2}) {
      for (const size_t channels : {8, 16, 24, 40, 64, 80}) {
        check_shape(square(5, 131, channels, channels, kernel, stride, 1, channels));
        check_shape(square(3, 70, channels, channels, kernel, stride, 2, channels, 1, 2));
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Sums of three products in s16 are exact up to 128 * 255: weights of 127 + 127 + 1, and 2, which is too
// much.
TEST_P(ConvS8KernelTest, DepthwiseWeightsAtTheBoundOfChains) {
  for (const size_t kernel : {3, 5}) {
    for (const size_t stride : {1, 2}) {
      for (const int third : {-1, 1, -2, 2}) {
        ConvCase test(square(11, 12, 24, 24, kernel, stride, 1, 24), ConvData::kRandom, ConvOutput::kS8, 5);
        for (size_t i = 0; i < test.weights.size(); ++i)
          test.weights[i] = static_cast<int8_t>(i % (kernel * kernel) % 3 == 2 ? third
                                                : third < 0                    ? -127
                                                                               : 127);
        std::fill(test.input.begin(), test.input.end(), int8_t{-128});
        std::fill(test.bias.begin(), test.bias.end(), 0);
        std::fill(test.right_shift.begin(), test.right_shift.end(), int8_t{5});
        test.conv.input_zero_point = 3;
        check(test, 5);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(ConvS8KernelTest, ChannelMultiplier) {
  for (const size_t multiplier : {2, 3, 8, 17}) {
    check_shape(square(7, 6, 5, 5 * multiplier, 3, 1, 1, 5));
    check_shape(square(7, 6, 16, 16 * multiplier, 3, 2, 1, 16));
  }
}

TEST_P(ConvS8KernelTest, Groups) {
  check_shape(square(6, 7, 32, 32, 1, 1, 0, 2));
  check_shape(square(6, 7, 30, 60, 1, 1, 0, 3));
  check_shape(square(6, 7, 12, 20, 3, 1, 1, 4));
  check_shape(square(8, 7, 40, 120, 3, 2, 1, 5));
  check_shape(square(8, 7, 6, 2, 3, 1, 1, 2));
}

// 1x1 kernels that read no padding, with enough channels that kernels may read the input where it stands.
TEST_P(ConvS8KernelTest, PointwiseInPlace) {
  for (const size_t outputs : {8, 16, 24, 33, 48, 64, 72, 112}) {
    check_shape(square(6, 7, 64, outputs, 1, 1, 0));
    check_shape(square(9, 8, 68, outputs, 1, 2, 0));
    check_shape(square(3, 5, 66, outputs, 1, 1, 0, 1, 1, 2));
    if (HasFatalFailure()) return;
  }
  check_shape(square(5, 5, 128, 64, 1, 1, 0, 2, 1, 3));
  check_shape(square(5, 6, 140, 40, 1, 3, 0, 2));
  check_shape(square(1, 200, 72, 136, 1, 1, 0));
}

TEST_P(ConvS8KernelTest, RandomGeometry) {
  for (int i = 0; i < 150; ++i) {
    const uint64_t seed = testing::test_seed(1000 + static_cast<uint64_t>(i));
    Random r(seed);
    const auto pick = [&r](int64_t low, int64_t high) { return static_cast<size_t>(r.in_range(low, high)); };
    ConvShape s = {};
    s.batch = pick(1, 3);
    s.groups = r.one_in(3) ? pick(1, 9) : 1;
    const bool depthwise = r.one_in(3);
    s.channels = depthwise ? pick(1, 40) : s.groups * pick(1, 20);
    if (depthwise) s.groups = s.channels;
    s.outputs = depthwise ? s.channels * (r.one_in(5) ? 2 : 1) : s.groups * pick(1, 21);
    s.kernel_height = pick(1, 5);
    s.kernel_width = pick(1, 5);
    s.stride_height = pick(1, 4);
    s.stride_width = pick(1, 4);
    s.dilation_height = pick(1, 3);
    s.dilation_width = pick(1, 3);
    s.pad_top = pick(0, 6);
    s.pad_left = pick(0, 6);
    s.pad_bottom = pick(0, 6);
    s.pad_right = pick(0, 6);
    const size_t window_height = s.dilation_height * (s.kernel_height - 1) + 1;
    const size_t window_width = s.dilation_width * (s.kernel_width - 1) + 1;
    s.height = pick(1, 14);
    s.width = pick(1, 14);
    if (s.height + s.pad_top + s.pad_bottom < window_height) s.height = window_height;
    if (s.width + s.pad_left + s.pad_right < window_width) s.width = window_width;
    check(ConvCase(s, ConvData::kRandom, static_cast<ConvOutput>(i % 3), seed), seed);
    if (HasFatalFailure()) return;
  }
}

TEST_P(ConvS8KernelTest, StridedOutput) {
  for (const ConvShape& shape :
       {square(5, 6, 16, 24, 1, 1, 0), square(5, 6, 16, 16, 3, 1, 1, 16), square(5, 6, 16, 33, 3, 2, 1),
        square(1, 1, 64, 24, 1, 1, 0), square(9, 12, 3, 24, 3, 2, 1), square(9, 12, 3, 96, 3, 1, 1),
        square(6, 9, 34, 49, 3, 1, 1)}) {
    ConvCase test(shape, ConvData::kRandom, ConvOutput::kS8, ++seed_);
    ConvS8& c = test.conv;
    c.output_pixel_stride = 2 * c.output_channels + 3;
    c.output_row_stride = 3 * c.output_width * c.output_pixel_stride;
    c.output_batch_stride = c.output_height * c.output_row_stride + 7;
    check(test, seed_);
  }
}

// Panels whose pixels share vectors in pairs: odd and even numbers of pixels, in place and in strips.
TEST_P(ConvS8KernelTest, PairsOfPixels) {
  for (const size_t outputs : {17, 20, 23, 24, 88}) {
    for (size_t pixels = 1; pixels <= 17; ++pixels) {
      check_shape(square(1, pixels, 64 + 4 * (pixels % 3), outputs, 1, 1, 0));
      check_shape(square(1, pixels, 9 + pixels % 5, outputs, 1, 1, 0));
      if (HasFatalFailure()) return;
    }
    check_shape(square(7, 9, 6, outputs, 3, 1, 1));
    check_shape(square(7, 9, 12, 2 * outputs, 3, 1, 1, 2));
    if (HasFatalFailure()) return;
  }
}

TEST_P(ConvS8KernelTest, LargeTiles) {
  // Several tiles across rows and columns, and strips beyond one tile's budget.
  check_shape(square(3, 210, 8, 16, 3, 1, 1));
  check_shape(square(70, 20, 4, 8, 3, 1, 1));
  check_shape(square(12, 30, 3, 8, 1, 1, 0, 1, 1, 2));
  check(ConvCase(square(1, 10, 20000, 17, 1, 1, 0), ConvData::kExtremes, ConvOutput::kS8, 7), 7);
}

// What Winograd kernels take: 3x3, stride 1, tiles of 4x4 that the image's edges cut.
TEST_P(ConvS8KernelTest, ThreeByThreeEdges) {
  for (size_t height = 1; height <= 13; ++height) {
    const size_t width = 1 + height * 5 % 13, batch = 1 + height % 2;
    check_shape(square(height, width, 8, 5, 3, 1, 1, 1, 1, batch));
    check_shape(square(height, width, 17, 33, 3, 1, 2, 1, 1, 1));
    if (height > 2 && width > 2) check_shape(square(height, width, 32, 16, 3, 1, 0));
    if (HasFatalFailure()) return;
  }
  check_shape(ConvShape{2, 6, 9, 20, 18, 3, 3, 1, 1, 1, 1, 0, 2, 1, 0, 1});
  check_shape(ConvShape{1, 3, 4, 20, 18, 3, 3, 1, 1, 1, 1, 7, 3, 2, 6, 1});
}

TEST_P(ConvS8KernelTest, ThreeByThreeChannels) {
  for (const size_t channels : {1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 110})
    for (const size_t outputs : {1, 7, 8, 9, 16, 17, 31, 32, 33, 49, 64}) {
      check_shape(square(5, 6, channels, outputs, 3, 1, 1));
      if (HasFatalFailure()) return;
    }
}

// So many weights that some kernels keep them in another form; small ones, as trained layers have them.
TEST_P(ConvS8KernelTest, ThreeByThreeManyChannels) {
  for (const ConvShape& shape : {square(6, 3, 515, 240, 3, 1, 1), square(4, 9, 384, 333, 3, 1, 1),
                                 square(5, 5, 264, 140, 3, 1, 1, 1, 1, 5)}) {
    ConvCase test(shape, ConvData::kRandom, ConvOutput::kS8, ++seed_);
    for (int8_t& w : test.weights) w = static_cast<int8_t>(w / 4);
    for (int8_t& p : test.right_shift) p = static_cast<int8_t>(8 + p % 3);
    check(test, seed_);
  }
}

// Winograd kernels are exact where |acc + rounding term| stays below 2^25 (conv_s8_winograd_plan.h): they
// take the last convolution that keeps it, at both ends, and refuse the first that does not.
TEST_P(ConvS8KernelTest, AccumulatorsAtTheBoundOfWinograd) {
  constexpr size_t kChannels = 115;
  constexpr int32_t kReach = 9 * kChannels * 127 * 255, kBound = 1 << 25, kShift = 12;
  const ConvS8Kernel& kernel = *GetParam();
  if (!std::strstr(kernel.name, "winograd")) return;
  for (const bool high : {false, true}) {
    ConvCase test(square(5, 5, kChannels, 3, 3, 1, 1), ConvData::kRandom, ConvOutput::kS8, 5);
    ConvS8& c = test.conv;
    c.input_zero_point = -128;
    c.output_zero_point = 0;
    c.output_min = -128;
    c.output_max = 127;
    c.bias = test.bias.data();
    std::fill(test.input.begin(), test.input.end(), int8_t{127});
    std::fill(test.weights.begin(), test.weights.end(), high ? int8_t{127} : int8_t{-127});
    std::fill(test.right_shift.begin(), test.right_shift.end(), static_cast<int8_t>(kShift));
    std::fill(test.multiplier.begin(), test.multiplier.end(), int16_t{1 << 14});
    const int32_t last = high ? kBound - 1 - (1 << (kShift - 1)) - kReach : kReach - kBound;
    std::fill(test.bias.begin(), test.bias.end(), 0);
    test.bias[2] = last;
    EXPECT_TRUE(kernel.supports(c));
    check(test, 5);
    test.bias[2] = last + (high ? 1 : -1);
    EXPECT_FALSE(kernel.supports(c));
    // Without the rounding term there is room for it; a shift that leaves nothing needs none.
    test.right_shift[2] = high ? 0 : 31;
    EXPECT_EQ(kernel.supports(c), high);
    test.bias[2] = last;
    test.right_shift[2] = high ? 25 : 31;
    EXPECT_EQ(kernel.supports(c), !high);
    check(test, 6);
  }
}

std::string kernel_name(const ::testing::TestParamInfo<const ConvS8Kernel*>& info) {
  return info.param->name;
}

INSTANTIATE_TEST_SUITE_P(Rows, ConvS8KernelTest, ::testing::ValuesIn(runnable_kernels()), kernel_name);

TEST(ConvS8, ReportsWhichRowsRan) {
  size_t count = 0;
  const ConvS8Kernel* const* rows = conv_s8_kernels(&count);
  for (size_t i = 0; i < count; ++i)
    std::printf("%s: %s\n", rows[i]->name,
                detect_cpu_features().can_run(rows[i]->feature) ? "tested"
                                                                : "not tested, this CPU lacks the feature");
  EXPECT_STREQ(rows[count - 1]->name, "conv_s8_reference");
}

TEST(ConvS8, SelectionObeysTheMask) {
  const ConvCase test(square(8, 8, 16, 16, 3, 1, 1), ConvData::kRandom, ConvOutput::kS8, 1);
  EXPECT_EQ(select_conv_s8(test.conv, CpuFeatures{kPortable}).feature, kPortable);
  for (const ConvS8Kernel* row : runnable_kernels()) {
    std::string unknown;
    CpuFeatures cpu = detect_cpu_features();
    ASSERT_TRUE(mask_cpu_features("avx2", &cpu, &unknown));
    EXPECT_TRUE(cpu.has(select_conv_s8(test.conv, cpu).feature)) << row->name;
  }
}

// Whatever is chosen pays, and what was passed over is the first in line that only did not pay.
TEST(ConvS8, WhatDoesNotPayIsPassedOver) {
  const CpuFeatures cpu = detect_cpu_features();
  for (const size_t channels : {3, 16, 64, 512}) {
    const ConvCase test(square(14, 14, channels, 64, 3, 1, 1), ConvData::kRandom, ConvOutput::kS8, 1);
    const ConvS8Kernel* first_in_line = nullptr;
    for (const ConvS8Kernel* row : runnable_kernels())
      if (!first_in_line && cpu.has(row->feature) && row->supports(test.conv)) first_in_line = row;
    const ConvS8Kernel* passed_over = nullptr;
    const ConvS8Kernel& chosen = select_conv_s8(test.conv, cpu, &passed_over);
    EXPECT_EQ(&chosen, &select_conv_s8(test.conv, cpu));
    EXPECT_TRUE(!chosen.pays || chosen.pays(test.conv)) << chosen.name;
    EXPECT_EQ(passed_over ? passed_over : &chosen, first_in_line) << channels;
    if (passed_over) {
      EXPECT_FALSE(passed_over->pays(test.conv)) << passed_over->name;
    }
  }
}

}  // namespace
}  // namespace octet::kernels
