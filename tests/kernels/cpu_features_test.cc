// SPDX-License-Identifier: Apache-2.0
//
// Detection agrees with the compiler's own, and masks do what their names say.
#include "kernels/cpu_features.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "kernels/arm/core_ids.h"
#include "kernels/cache_sizes.h"

namespace octet::kernels {
namespace {

constexpr CpuFeatures kEveryX86{kAvx2 | kAvxVnni | kAvxVnniEvex | kAvx512Vnni};

constexpr CpuFeatures kEveryArm{kNeon | kDotprod | kI8mm | kInOrder};

CpuFeatures masked(const char* mask, CpuFeatures features) {
  std::string unknown;
  EXPECT_TRUE(mask_cpu_features(mask, &features, &unknown)) << mask;
  EXPECT_EQ(unknown, "");
  return features;
}

TEST(CacheSizes, AreThoseOfACpu) {
  const CacheSizes sizes = cache_sizes();
  EXPECT_GE(sizes.l1, 4u * 1024);
  EXPECT_GT(sizes.l2, sizes.l1);
  EXPECT_TRUE(sizes.l3 == 0 || sizes.l3 > sizes.l1);
}

// In processes of their own, since the sizes are read once; GoogleTest runs suites of this name before others.
TEST(CacheSizesDeathTest, EnvironmentCanHoldThem) {
  const auto sizes_are = [](const char* variable, CacheSizes want) {
    setenv("OCTET_CACHE_SIZES", variable, 1);
    const CacheSizes got = cache_sizes();
    return got.l1 == want.l1 && got.l2 == want.l2 && got.l3 == want.l3;
  };
  EXPECT_EXIT(std::exit(sizes_are("4096,65536,0", {4096, 65536, 0}) ? 7 : 8), testing::ExitedWithCode(7), "");
  for (const char* wrong : {"", "4096", "4096,65536", "4096,65536,x", "4096,65536,0,1", "0,65536,0"})
    EXPECT_EXIT(std::exit(sizes_are(wrong, {4096, 65536, 0}) ? 7 : 8), testing::ExitedWithCode(8), "")
        << wrong;
}

TEST(CpuFeatures, DetectionAgreesWithTheCompiler) {
  const CpuFeatures features = detect_cpu_features();
#if defined(__x86_64__)
  EXPECT_EQ(features.has(kAvx2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                                     __builtin_cpu_supports("bmi2"));
  EXPECT_EQ(features.has(kAvx512Vnni),
            __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"));
  EXPECT_EQ(features.has(kAvxVnniEvex), features.has(kAvx512Vnni));
  EXPECT_FALSE(features.has(kNeon));
#endif
#if defined(__aarch64__)
  EXPECT_TRUE(features.has(kNeon));
#endif
  EXPECT_TRUE(features.has(kPortable));
  RecordProperty("cpu_features", cpu_feature_names(features));
}

TEST(CpuFeatures, EmptyMaskKeepsEverything) {
  EXPECT_EQ(masked("", kEveryX86).bits, kEveryX86.bits);
  EXPECT_EQ(masked(nullptr, kEveryX86).bits, kEveryX86.bits);
}

TEST(CpuFeatures, MaskKeepsWhatItNamesAndImplies) {
  EXPECT_EQ(masked("portable", kEveryX86).bits, 0u);
  EXPECT_EQ(masked("avx2", kEveryX86).bits, uint32_t{kAvx2});
  EXPECT_EQ(masked("avxvnni", kEveryX86).bits, uint32_t{kAvx2 | kAvxVnni | kAvxVnniEvex});
  EXPECT_EQ(masked("avx512vnni", kEveryX86).bits, uint32_t{kAvx2 | kAvxVnniEvex | kAvx512Vnni});
  EXPECT_EQ(masked("avx512vnni,avxvnni", kEveryX86).bits, kEveryX86.bits);
  EXPECT_EQ(masked("portable, avx2", kEveryX86).bits, uint32_t{kAvx2});
  EXPECT_EQ(masked("dotprod", kEveryArm).bits, uint32_t{kNeon | kDotprod | kInOrder});
  EXPECT_EQ(masked("i8mm", kEveryArm).bits, kEveryArm.bits);
  EXPECT_EQ(masked("neon", kEveryArm).bits, uint32_t{kNeon | kInOrder});
}

TEST(CpuFeatures, MaskNeverAddsAFeature) {
  EXPECT_EQ(masked("avx512vnni", CpuFeatures{kAvx2}).bits, uint32_t{kAvx2});
  EXPECT_EQ(masked("neon", kEveryX86).bits, 0u);
}

TEST(CpuFeatures, UnknownNameChangesNothing) {
  CpuFeatures features = kEveryX86;
  std::string unknown;
  EXPECT_FALSE(mask_cpu_features("avx2,sse9", &features, &unknown));
  EXPECT_EQ(unknown, "sse9");
  EXPECT_EQ(features.bits, kEveryX86.bits);
}

TEST(CpuFeatures, Names) {
  EXPECT_EQ(cpu_feature_names(CpuFeatures{}), "portable");
  EXPECT_EQ(cpu_feature_names(CpuFeatures{kAvx2 | kAvx512Vnni}), "avx2 avx512vnni");
  EXPECT_EQ(cpu_feature_names(CpuFeatures{kAvx2 | kAvx512Vnni | kAvxVnniEvex}), "avx2 avx512vnni");
  EXPECT_EQ(cpu_feature_names(CpuFeatures{kAvx2 | kAvxVnniEvex}), "avx2 avxvnni");
}

TEST(CpuFeatures, HasNeedsEveryBit) {
  EXPECT_TRUE(CpuFeatures{kAvx2}.has(kAvx2));
  EXPECT_FALSE(CpuFeatures{kAvx2}.has(kAvx512Vnni));
  EXPECT_TRUE(CpuFeatures{}.has(kPortable));
}

TEST(CpuFeatures, HintsDoNotKeepCodeFromRunning) {
  constexpr CpuFeature kInOrderDotprod = static_cast<CpuFeature>(kDotprod | kInOrder);
  EXPECT_FALSE(CpuFeatures{kNeon | kDotprod}.has(kInOrderDotprod));
  EXPECT_TRUE(CpuFeatures{kNeon | kDotprod}.can_run(kInOrderDotprod));
  EXPECT_TRUE(CpuFeatures{kNeon | kDotprod | kInOrder}.can_run(kInOrderDotprod));
  EXPECT_TRUE(CpuFeatures{kNeon | kDotprod | kInOrder}.can_run(kDotprod));
  EXPECT_FALSE(CpuFeatures{kNeon | kInOrder}.can_run(kInOrderDotprod));
}

TEST(CoreIds, KnowsInOrderCores) {
  EXPECT_TRUE(is_in_order_core(0x410fd034));   // Cortex-A53
  EXPECT_TRUE(is_in_order_core(0x412fd050));   // Cortex-A55
  EXPECT_FALSE(is_in_order_core(0x410fd083));  // Cortex-A72
  EXPECT_FALSE(is_in_order_core(0x414fd0b1));  // Cortex-A76
  EXPECT_FALSE(is_in_order_core(0x510fd034));  // another implementer's part 0xd03
  EXPECT_FALSE(is_in_order_core(0));
}

TEST(CoreIds, ReadsProcCpuinfo) {
  uint32_t midr = 0;
  EXPECT_FALSE(read_cpuinfo_line("processor\t: 0\n", &midr));
  EXPECT_FALSE(read_cpuinfo_line("CPU implementer\t: 0x41\n", &midr));
  EXPECT_FALSE(read_cpuinfo_line("CPU architecture: 8\n", &midr));
  EXPECT_TRUE(read_cpuinfo_line("CPU part\t: 0xd03\n", &midr));
  EXPECT_EQ(midr, 0x4100d030u);
  EXPECT_TRUE(is_in_order_core(midr));
  EXPECT_FALSE(read_cpuinfo_line("CPU part", &midr));
}

}  // namespace
}  // namespace octet::kernels
