// SPDX-License-Identifier: Apache-2.0
//
// Each ARM core gets its own kernels. Under emulation the environment's QEMU_CPU says which core this is
// (scripts/test --arm); elsewhere there is nothing to compare with, and the test is skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/add_s16.h"
#include "kernels/add_s8.h"
#include "kernels/arm/core_ids.h"
#include "kernels/average_pool_s8.h"
#include "kernels/conv_s8.h"
#include "kernels/cpu_features.h"
#include "kernels/interleave_s8.h"
#include "kernels/max_pool_s8.h"
#include "kernels/quantize_f32_s8.h"
#include "kernels/requantize_s16.h"
#include "kernels/softmax_s8.h"
#include "kernels/table_s8.h"
#include "tests/kernels/conv_s16_case.h"

namespace octet::kernels {
namespace {

// How the names of the kernels that a core gets end.
struct Core {
  const char* name;  // QEMU_CPU
  const char* features;
  const char* pointwise;        // 1x1, 64 -> 64 channels
  const char* spatial;          // 3x3, 64 -> 64 channels
  const char* fully_connected;  // one pixel
  const char* depthwise;        // 3x3, stride 1
  const char* depthwise_s2;
  const char* first_layer;  // 3x3, stride 2, 3 channels
};

constexpr Core kCores[] = {
#if defined(__aarch64__)
    {"cortex-a53", "neon in-order", "gemm_4x4_inorder_aarch64", "winograd_inorder_aarch64",
     "gemm_4x4_inorder_aarch64", "3x3s1_aarch64", "3x3s2_aarch64", "_aarch64"},
    {"cortex-a72", "neon", "gemm_4x4_aarch64", "winograd_aarch64", "gemm_4x4_aarch64", "3x3s1_aarch64",
     "3x3s2_aarch64", "_aarch64"},
    {"cortex-a76", "neon dotprod", "gemm_8x8_dotprod", "gemm_8x8_dotprod", "gemm_8x8_dotprod",
     "3x3s1_dotprod", "3x3s2_dotprod", "_dotprod"},
    {"max", "neon dotprod i8mm", "_i8mm", "_i8mm", "_dotprod", "3x3s1_dotprod", "3x3s2_dotprod", "_i8mm"},
#else
    {"cortex-a15", "neon", "gemm_2x4_armv7", "_armv7", "gemm_2x4_armv7", "3x3s1_armv7", "3x3s2_armv7",
     "_armv7"},
    {"cortex-a7", "neon in-order", "gemm_2x4_armv7", "_armv7", "gemm_2x4_armv7", "3x3s1_armv7", "3x3s2_armv7",
     "_armv7"},
#endif
};

const Core* this_core() {
  const char* name = std::getenv("QEMU_CPU");
  for (const Core& core : kCores)
    if (name && std::strcmp(name, core.name) == 0) return &core;
  return nullptr;
}

void expect_kernel(const ConvShape& shape, const char* end, CpuFeatures cpu = detect_cpu_features()) {
  const ConvCase test(shape, ConvData::kRandom, ConvOutput::kS8, 1);
  const std::string name = select_conv_s8(test.conv, cpu).name;
  const size_t length = std::strlen(end);
  EXPECT_TRUE(name.size() >= length && name.compare(name.size() - length, length, end) == 0)
      << name << "; must end in " << end << "; " << test.text();
}

TEST(ArmSelection, EachCoreGetsItsConvolutions) {
  const Core* core = this_core();
  if (!core) GTEST_SKIP() << "QEMU_CPU names none of the cores that this test knows";
  EXPECT_EQ(cpu_feature_names(detect_cpu_features()), core->features);
  expect_kernel(square(28, 28, 64, 64, 1, 1, 0), core->pointwise);
  expect_kernel(square(28, 28, 64, 64, 3, 1, 1), core->spatial);
  expect_kernel(square(1, 1, 1024, 1000, 1, 1, 0), core->fully_connected);
  expect_kernel(square(28, 28, 64, 64, 3, 1, 1, 64), core->depthwise);
  expect_kernel(square(28, 28, 64, 64, 3, 2, 1, 64), core->depthwise_s2);
  expect_kernel(square(112, 112, 3, 32, 3, 2, 1), core->first_layer);
}

#if defined(__aarch64__)
// QEMU has no such core: what selection answers for its features.
TEST(ArmSelection, CortexA55GetsInOrderDotProducts) {
  const CpuFeatures a55{kNeon | kDotprod | kInOrder};
  EXPECT_TRUE(is_in_order_core(0x411fd050));
  expect_kernel(square(28, 28, 64, 64, 1, 1, 0), "gemm_8x8_inorder_dotprod", a55);
  expect_kernel(square(28, 28, 64, 64, 3, 1, 1), "gemm_8x8_inorder_dotprod", a55);
  expect_kernel(square(28, 28, 64, 64, 3, 1, 1, 64), "3x3s1_inorder_dotprod", a55);
  expect_kernel(square(28, 28, 64, 64, 3, 2, 1, 64), "3x3s2_inorder_dotprod", a55);
}
#endif

std::string wide_kernel(const ConvShape& shape, bool wide_input, WideOutput output) {
  const WideCase test(shape, ConvData::kRandom, wide_input, output, 1);
  return select_conv_s16(test.conv, detect_cpu_features()).name;
}

TEST(ArmSelection, SixteenBitsGetVectorKernels) {
  const CpuFeatures cpu = detect_cpu_features();
  if (!cpu.has(kNeon)) GTEST_SKIP() << "this CPU has no NEON";
  const char* product = cpu.has(kDotprod) ? "conv_s16_gemm_dotprod" : "conv_s16_gemm_neon";
  for (const WideOutput output : {WideOutput::kS8, WideOutput::kS16, WideOutput::kF32}) {
    EXPECT_EQ(wide_kernel(square(14, 14, 64, 64, 1, 1, 0), true, output), product);
    EXPECT_EQ(wide_kernel(square(14, 14, 64, 64, 3, 1, 1), true, output), product);
    EXPECT_EQ(wide_kernel(square(14, 14, 64, 64, 3, 2, 1, 64), true, output), "conv_s16_depthwise_neon");
  }
  EXPECT_EQ(wide_kernel(square(32, 32, 3, 32, 3, 2, 1), false, WideOutput::kS16), product);
}

// The first row of a family is the one for vectors.
TEST(ArmSelection, VectorKernelsStandFirst) {
  const CpuFeatures cpu = detect_cpu_features();
  if (!cpu.has(kNeon)) GTEST_SKIP() << "this CPU has no NEON";
  EXPECT_STREQ(add_s16_kernels().best(cpu).name, "add_s16_neon");
  EXPECT_STREQ(add_s8_kernels().best(cpu).name, "add_s8_neon");
  EXPECT_STREQ(average_pool_s8_kernels().best(cpu).name, "average_pool_s8_neon");
  EXPECT_STREQ(interleave_s8_kernels().best(cpu).name, "interleave_s8_neon");
  EXPECT_STREQ(max_pool_s8_kernels().best(cpu).name, "max_pool_s8_neon");
  EXPECT_STREQ(quantize_f32_s8_kernels().best(cpu).name, "quantize_f32_s8_neon");
  EXPECT_STREQ(requantize_s16_kernels().best(cpu).name, "requantize_s16_neon");
  EXPECT_STREQ(softmax_s8_kernels().best(cpu).name, "softmax_s8_neon");
  EXPECT_STREQ(table_s8_kernels().best(cpu).name, "table_s8_neon");
}

}  // namespace
}  // namespace octet::kernels
