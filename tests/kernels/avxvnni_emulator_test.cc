// SPDX-License-Identifier: Apache-2.0
//
// VEX encoded VNNI instructions, written by the assembler, give what scalar
// arithmetic gives and leave every other register alone, whether the CPU or the
// emulator executes them.
#include "tests/kernels/avxvnni_emulator.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/cpu_features.h"
#include "tests/testing/random.h"

namespace octet::testing {
namespace {

TEST(DecodeVnni, RegisterForms) {
  VnniInstruction v;
  const uint8_t low[] = {0xc4, 0xe2, 0x6d, 0x50, 0xcb};  // vpdpbusd ymm1, ymm2, ymm3
  ASSERT_TRUE(decode_vnni(low, &v));
  EXPECT_FALSE(v.words);
  EXPECT_TRUE(v.wide);
  EXPECT_EQ(v.target, 1);
  EXPECT_EQ(v.source, 2);
  EXPECT_EQ(v.second, 3);
  EXPECT_EQ(v.length, 5u);
  const uint8_t high[] = {0xc4, 0x42, 0x01, 0x52, 0xf4};  // vpdpwssd xmm14, xmm15, xmm12
  ASSERT_TRUE(decode_vnni(high, &v));
  EXPECT_TRUE(v.words);
  EXPECT_FALSE(v.wide);
  EXPECT_EQ(v.target, 14);
  EXPECT_EQ(v.source, 15);
  EXPECT_EQ(v.second, 12);
}

TEST(DecodeVnni, StackOperand) {
  VnniInstruction v;
  const uint8_t code[] = {0xc4, 0xe2, 0x6d, 0x50, 0x4c, 0x24, 0xe0};  // vpdpbusd ymm1, ymm2, [rsp - 32]
  ASSERT_TRUE(decode_vnni(code, &v));
  EXPECT_EQ(v.second, -1);
  EXPECT_EQ(v.base, 4);
  EXPECT_EQ(v.index, -1);
  EXPECT_EQ(v.displacement, -32);
  EXPECT_EQ(v.length, 7u);
}

TEST(DecodeVnni, RefusesOthers) {
  VnniInstruction v;
  const std::vector<std::vector<uint8_t>> codes = {
      {0x0f, 0x0b, 0, 0, 0, 0},              // ud2
      {0xc4, 0xe2, 0x6d, 0x51, 0xcb},        // vpdpbusds
      {0xc4, 0xe2, 0xed, 0x50, 0xcb},        // W 1
      {0xc4, 0xe2, 0x6c, 0x50, 0xcb},        // no prefix 66: vpdpbuud
      {0xc4, 0xe1, 0x6d, 0x50, 0xcb},        // map 0F
      {0x62, 0xf2, 0x6d, 0x28, 0x50, 0xcb},  // EVEX
  };
  for (const std::vector<uint8_t>& code : codes) EXPECT_FALSE(decode_vnni(code.data(), &v));
}

#if defined(__x86_64__) && defined(__linux__)

// All vector registers, and the places that the instructions below address.
struct Machine {
  uint8_t ymm[16][32];
  const uint8_t* base;  // at 512
  uint64_t index;       // at 520
  const uint8_t* none;  // at 528, 8-byte aligned
};

// Loads all registers of `rdi`, executes `instruction` with rax = r13 = base, r12 = index and r9 =
// none / 8, and stores the registers. rbp, a legal base too, is base only for the instruction.
#define OCTET_LOAD(n) "vmovdqu " #n "*32(%%rdi), %%ymm" #n "\n\t"
#define OCTET_STORE(n) "vmovdqu %%ymm" #n ", " #n "*32(%%rdi)\n\t"
#define OCTET_EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define OCTET_VNNI_CASE(name, instruction)                                                                   \
  __attribute__((noinline, target("avx2,avxvnni"))) void name(Machine* machine) {                            \
    asm volatile(                                                                                            \
        "mov %%rbp, %%r8\n\tmov 512(%%rdi), %%rax\n\tmov 520(%%rdi), %%r12\n\t"                              \
        "mov 528(%%rdi), %%r9\n\tshr $3, %%r9\n\tmov %%rax, %%r13\n\t" OCTET_EACH(                           \
            OCTET_LOAD) "mov %%rax, %%rbp\n\t" instruction "\n\tmov %%r8, %%rbp\n\t" OCTET_EACH(OCTET_STORE) \
        :                                                                                                    \
        : "D"(machine)                                                                                       \
        : "memory", "rax", "r8", "r9", "r12", "r13", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", \
          "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                     \
  }

OCTET_VNNI_CASE(low_registers, "%{vex%} vpdpbusd %%ymm3, %%ymm2, %%ymm1")
OCTET_VNNI_CASE(high_registers, "%{vex%} vpdpbusd %%ymm9, %%ymm15, %%ymm12")
OCTET_VNNI_CASE(mixed_registers, "%{vex%} vpdpbusd %%ymm0, %%ymm8, %%ymm7")
OCTET_VNNI_CASE(one_register, "%{vex%} vpdpbusd %%ymm5, %%ymm5, %%ymm5")
OCTET_VNNI_CASE(half, "%{vex%} vpdpbusd %%xmm9, %%xmm2, %%xmm11")
OCTET_VNNI_CASE(words, "%{vex%} vpdpwssd %%ymm13, %%ymm14, %%ymm10")
OCTET_VNNI_CASE(words_half, "%{vex%} vpdpwssd %%xmm3, %%xmm10, %%xmm0")
OCTET_VNNI_CASE(at_base, "%{vex%} vpdpbusd (%%rax), %%ymm2, %%ymm1")
OCTET_VNNI_CASE(at_r13, "%{vex%} vpdpbusd (%%r13), %%ymm2, %%ymm9")
OCTET_VNNI_CASE(near_base, "%{vex%} vpdpbusd -96(%%rax), %%ymm8, %%ymm9")
OCTET_VNNI_CASE(far_from_base, "%{vex%} vpdpbusd 300(%%rbp), %%ymm2, %%ymm14")
OCTET_VNNI_CASE(with_index, "%{vex%} vpdpbusd (%%rax,%%r12,4), %%ymm2, %%ymm1")
OCTET_VNNI_CASE(with_index_near, "%{vex%} vpdpbusd 64(%%rbp,%%r12,2), %%ymm2, %%ymm1")
OCTET_VNNI_CASE(with_index_far, "%{vex%} vpdpwssd -500(%%r13,%%r12,8), %%ymm6, %%ymm11")
OCTET_VNNI_CASE(index_alone, "%{vex%} vpdpbusd 32(,%%r9,8), %%ymm2, %%ymm15")
OCTET_VNNI_CASE(half_at_base, "%{vex%} vpdpbusd 16(%%rax), %%xmm2, %%xmm1")
OCTET_VNNI_CASE(from_next_instruction,
                "jmp 1f\n\t.balign 32\n0:\t.fill 32, 1, 0x83\n1:\t%{vex%} vpdpbusd 0b(%%rip), %%ymm2, %%ymm1")

struct Case {
  const char* name;
  void (*run)(Machine*);
  int target, source, second;  // second: -1 for memory at base + offset
  ptrdiff_t offset;
  bool words = false, wide = true;
};

constexpr size_t kIndex = 40, kMiddle = 1024;
constexpr ptrdiff_t kConstant = -9999;  // 32 bytes of 0x83 instead of memory

const Case kCases[] = {
    {"low_registers", low_registers, 1, 2, 3, 0},
    {"high_registers", high_registers, 12, 15, 9, 0},
    {"mixed_registers", mixed_registers, 7, 8, 0, 0},
    {"one_register", one_register, 5, 5, 5, 0},
    {"half", half, 11, 2, 9, 0, false, false},
    {"words", words, 10, 14, 13, 0, true},
    {"words_half", words_half, 0, 10, 3, 0, true, false},
    {"at_base", at_base, 1, 2, -1, 0},
    {"at_r13", at_r13, 9, 2, -1, 0},
    {"near_base", near_base, 9, 8, -1, -96},
    {"far_from_base", far_from_base, 14, 2, -1, 300},
    {"with_index", with_index, 1, 2, -1, 4 * kIndex},
    {"with_index_near", with_index_near, 1, 2, -1, 64 + 2 * kIndex},
    {"with_index_far", with_index_far, 11, 6, -1, 8 * ptrdiff_t{kIndex} - 500, true},
    {"index_alone", index_alone, 15, 2, -1, 32},
    {"half_at_base", half_at_base, 1, 2, -1, 16, false, false},
    {"from_next_instruction", from_next_instruction, 1, 2, -1, kConstant},
};

// Lane by lane, as the manual has it.
void expect_lanes(const Case& c, const uint8_t* second, Machine* machine) {
  uint8_t acc[32] = {};
  const uint8_t* first = machine->ymm[c.source];
  for (size_t lane = 0; lane < (c.wide ? 32u : 16u); lane += 4) {
    int32_t start;
    std::memcpy(&start, machine->ymm[c.target] + lane, 4);
    int64_t sum = start;
    for (size_t i = 0; i < 4 && !c.words; ++i)
      sum += int{first[lane + i]} * int{static_cast<int8_t>(second[lane + i])};
    for (size_t i = 0; i < 4 && c.words; i += 2) {
      int16_t x, y;
      std::memcpy(&x, first + lane + i, 2);
      std::memcpy(&y, second + lane + i, 2);
      sum += int{x} * int{y};
    }
    const auto low = static_cast<uint32_t>(static_cast<uint64_t>(sum));
    std::memcpy(acc + lane, &low, 4);
  }
  std::memcpy(machine->ymm[c.target], acc, 32);
}

class Avxvnni : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* why = enable_avxvnni()) GTEST_SKIP() << why;
  }
};

TEST_F(Avxvnni, EqualsScalarArithmetic) {
  Random random(test_seed(1));
  alignas(32) uint8_t memory[2 * kMiddle];
  constexpr uint8_t kInteresting[] = {0, 1, 127, 128, 129, 255};
  for (int round = 0; round < 200; ++round) {
    for (uint8_t& m : memory) m = static_cast<uint8_t>(random.s8());
    for (const Case& c : kCases) {
      Machine machine = {};
      for (auto& r : machine.ymm)
        for (uint8_t& b : r)
          b = random.one_in(3) ? kInteresting[random.next() % 6] : static_cast<uint8_t>(random.s8());
      machine.base = memory + kMiddle;
      machine.index = kIndex;
      machine.none = memory + kMiddle;
      uint8_t constant[32];
      std::memset(constant, 0x83, sizeof(constant));
      const uint8_t* second = c.second >= 0           ? machine.ymm[c.second]
                              : c.offset == kConstant ? constant
                                                      : memory + kMiddle + c.offset;
      Machine expected = machine;
      expect_lanes(c, second, &expected);
      c.run(&machine);
      for (int i = 0; i < 16; ++i)
        ASSERT_EQ(std::memcmp(machine.ymm[i], expected.ymm[i], 32), 0)
            << c.name << ", ymm" << i << ", round " << round;
    }
  }
  const bool native = kernels::detect_cpu_features().has(kernels::kAvxVnni);
  EXPECT_EQ(emulated_instructions() == 0, native);
}

// Bits 256 to 511 of the target become 0, those of other registers stay.
__attribute__((noinline, target("avx512f,avx2,avxvnni"))) void run_below_zmm(uint64_t* zmm1, uint64_t* zmm2) {
  asm volatile(
      "vpternlogd $0xff, %%zmm1, %%zmm1, %%zmm1\n\t"
      "vpternlogd $0xff, %%zmm2, %%zmm2, %%zmm2\n\t"
      "%{vex%} vpdpbusd %%ymm2, %%ymm2, %%ymm1\n\t"
      "vmovdqu64 %%zmm1, (%0)\n\tvmovdqu64 %%zmm2, (%1)\n\tvzeroupper"
      :
      : "r"(zmm1), "r"(zmm2)
      : "memory", "xmm1", "xmm2");
}

TEST_F(Avxvnni, ClearsTheBitsAbove) {
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this CPU has no registers above 256 bits";
  uint64_t target[8], other[8];
  run_below_zmm(target, other);
  const auto lane = static_cast<uint32_t>(-1 - 4 * 255);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(target[i], i < 4 ? uint64_t{lane} << 32 | lane : 0) << i;
    EXPECT_EQ(other[i], ~uint64_t{0}) << i;
  }
}

TEST(AvxvnniDeathTest, OtherIllegalInstructionsStillStopTheProcess) {
  if (const char* why = enable_avxvnni()) GTEST_SKIP() << why;
  EXPECT_EXIT(__builtin_trap(), ::testing::KilledBySignal(SIGILL), "");
}

#endif

}  // namespace
}  // namespace octet::testing
