// SPDX-License-Identifier: Apache-2.0
//
// tools/hardware. machine.h: known cores have their names. limits.h: every kernel that this CPU runs has a limit where loops were written for the
// architecture; no test asserts a speed. hold_float.h: the record narrows, for XNNPACK only.
#include "tools/hardware/limits.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "kernels/conv_s8.h"
#include "tools/hardware/hold_float.h"
#include "tools/hardware/machine.h"

#if defined(OCTET_WITH_XNNPACK) && (defined(__x86_64__) || defined(__i386__))
#include <cpuinfo.h>
#define OCTET_CAN_HOLD_FLOAT 1
#endif

namespace octet::tools {
namespace {

TEST(LimitsTest, EachIsPositiveAndHasItsOwnName) {
  std::set<std::string> names;
  for (const Limit& limit : hardware_limits()) {
    EXPECT_GT(limit.gmacs, 0) << limit.name;
    EXPECT_TRUE(names.insert(limit.name).second) << limit.name;
    EXPECT_EQ(hardware_limit(limit.name), limit.gmacs);
  }
  EXPECT_EQ(hardware_limit("no such thing"), 0);
}

TEST(LimitsTest, KernelsFindTheirs) {
  if (hardware_limits().empty()) GTEST_SKIP() << "no loops for this architecture";
  const kernels::CpuFeatures cpu = kernels::detect_cpu_features();
  size_t count = 0;
  const kernels::ConvS8Kernel* const* rows = kernels::conv_s8_kernels(&count);
  for (size_t i = 0; i + 1 < count; ++i) {  // all but the reference
    if (!cpu.can_run(rows[i]->feature)) continue;
    EXPECT_GT(hardware_limit_s8(rows[i]->feature), 0) << rows[i]->name;
    EXPECT_EQ(hardware_limit_of_kernel(rows[i]->name, cpu), hardware_limit_s8(rows[i]->feature))
        << rows[i]->name;
  }
  EXPECT_EQ(hardware_limit_of_kernel("conv_s8_reference", cpu), 0);
  EXPECT_EQ(hardware_limit_of_kernel("conv_f32_portable", cpu), 0);
}

TEST(LimitsTest, FloatIsLimitedByTheMask) {
  if (hardware_limits().empty()) GTEST_SKIP() << "no loops for this architecture";
  EXPECT_EQ(hardware_limit_of_kernel("xnnpack", {}), 0);
  const kernels::CpuFeatures avx2{kernels::kAvx2};
  EXPECT_EQ(hardware_limit_of_kernel("xnnpack", avx2), hardware_limit("f32_avx2"));
}

TEST(MachineTest, NamesArmCores) {
  EXPECT_EQ(arm_core_name(0x410fd034), "Cortex-A53");
  EXPECT_EQ(arm_core_name(0x414fd0b1), "Cortex-A76");
  EXPECT_EQ(arm_core_name(0x510fd034), "core 0x510fd034");  // another implementer
  EXPECT_EQ(core_text({"Cortex-A53", 4, true, 1400}), "4 x Cortex-A53 (in order, 1400 MHz)");
  EXPECT_EQ(core_text({"Cortex-A76", 4, false, 0}), "4 x Cortex-A76");
}

TEST(MachineTest, HasCoresAndCaches) {
  const Machine machine = describe_machine();
  size_t cores = 0;
  for (const CoreKind& kind : machine.cores) {
    EXPECT_FALSE(kind.name.empty());
    cores += kind.count;
  }
  EXPECT_GE(cores, 1u);
  EXPECT_GT(machine.caches.l1, 0u);
}

#if defined(OCTET_CAN_HOLD_FLOAT)
TEST(HoldFloat, NarrowsWhatXnnpackSeesAndNotWhatWeSee) {
  const kernels::CpuFeatures cpu = kernels::detect_cpu_features();
  ASSERT_TRUE(cpuinfo_initialize());
  const bool avx2 = cpuinfo_isa.avx2, avx512 = cpuinfo_isa.avx512f;
  for (const char* mask : {"", "no such feature", "avx512vnni"}) {
    hold_float(mask);
    EXPECT_EQ(cpuinfo_isa.avx512f, avx512) << mask;
  }
  hold_float("avx2,avxvnni");
  EXPECT_FALSE(cpuinfo_isa.avx512f);
  EXPECT_FALSE(cpuinfo_isa.avx512vnni);
  EXPECT_EQ(cpuinfo_isa.avx2, avx2);
  hold_float("portable");
  EXPECT_FALSE(cpuinfo_isa.avx2);
  EXPECT_FALSE(cpuinfo_isa.fma3);
  EXPECT_EQ(kernels::detect_cpu_features().bits, cpu.bits);
}
#endif

}  // namespace
}  // namespace octet::tools
