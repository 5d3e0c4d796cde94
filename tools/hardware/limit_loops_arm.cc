// SPDX-License-Identifier: Apache-2.0
//
// ARM, both widths. Vector registers 0 to 11 accumulate, 14 and 15 (AArch64) or 13 to 15 (ARMv7) are
// operands, 12 holds products. Instructions of later architectures stand as words (Arm ARM C7.2: SDOT vector,
// SMMLA), since an assembler refuses what its target lacks; limits.cc runs only what the CPU has. Multiplying
// what the registers happen to hold is fine for integers; floats start from zero.
#include "tools/hardware/limit_loops.h"

namespace octet::tools {

#if defined(__aarch64__)

namespace {

#define OCTET_LIMIT_REGISTERS                                                                          \
  "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", \
      "v15", "v16", "v17", "v28", "v29"

// smmla, 2x8 by 8x2: 32 products in each of 12.
void run_i8mm(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      ".inst 0x4e8fa5c0 + \\r\n"  // smmla v<r>.4s, v14.16b, v15.16b
      ".endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// sdot: 16 products.
void run_dotprod(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      ".inst 0x4e8f95c0 + \\r\n"  // sdot v<r>.4s, v14.16b, v15.16b
      ".endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// smull, smlal2, sadalp: 16 products in each of 8, apart so that in-order cores need not wait.
void run_neon(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7\n"
      "smull v1\\r\\().8h, v28.8b, v29.8b\n"
      ".endr\n"
      ".irp r,0,1,2,3,4,5,6,7\n"
      "smlal2 v1\\r\\().8h, v28.16b, v29.16b\n"
      ".endr\n"
      ".irp r,0,1,2,3,4,5,6,7\n"
      "sadalp v\\r\\().4s, v1\\r\\().8h\n"
      ".endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// What portable code compiles to, s16 * s16: 4 products.
void run_portable(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "smlal v\\r\\().4s, v14.4h, v15.4h\n"
      ".endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// Float multiply-add: 4 products.
void run_f32(size_t iterations) {
  asm volatile(
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,14,15\n"
      "movi v\\r\\().4s, #0\n"
      ".endr\n"
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "fmla v\\r\\().4s, v14.4s, v15.4s\n"
      ".endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

#undef OCTET_LIMIT_REGISTERS

}  // namespace

std::vector<LimitLoop> limit_loops() {
  using namespace kernels;
  constexpr size_t kUnrolled = 12;
  return {
      {"i8mm", "smmla", kI8mm, false, 32 * kUnrolled, run_i8mm},
      {"dotprod", "sdot", kDotprod, false, 16 * kUnrolled, run_dotprod},
      {"neon", "smull, smlal2, sadalp", kNeon, false, 16 * 8, run_neon},
      {"portable", "smlal (s16)", kPortable, false, 4 * kUnrolled, run_portable},
      {"f32_neon", "fmla", kNeon, true, 4 * kUnrolled, run_f32},
  };
}

#elif defined(__arm__) && defined(__ARM_NEON)

namespace {

#define OCTET_LIMIT_REGISTERS \
  "cc", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15"

// vmull.s8, vmlal.s8, vpadal.s16: 16 products in each of 4, apart so that in-order cores need not wait.
void run_neon(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3\n"
      "vmull.s8 q1\\r, d28, d30\n"
      ".endr\n"
      ".irp r,0,1,2,3\n"
      "vmlal.s8 q1\\r, d29, d31\n"
      ".endr\n"
      ".irp r,0,1,2,3\n"
      "vpadal.s16 q\\r, q1\\r\n"
      ".endr\n"
      "subs %0, %0, #1\n bne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// What portable code compiles to, s16 * s16: 4 products.
void run_portable(size_t iterations) {
  asm volatile(
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vmlal.s16 q\\r, d28, d30\n"
      ".endr\n"
      "subs %0, %0, #1\n bne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

// Float multiply-add: 4 products.
void run_f32(size_t iterations) {
  asm volatile(
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,14,15\n"
      "vmov.i32 q\\r, #0\n"
      ".endr\n"
      "1:\n"
      ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n"
      "vmla.f32 q\\r, q14, q15\n"
      ".endr\n"
      "subs %0, %0, #1\n bne 1b"
      : "+r"(iterations)::OCTET_LIMIT_REGISTERS);
}

#undef OCTET_LIMIT_REGISTERS

}  // namespace

std::vector<LimitLoop> limit_loops() {
  using namespace kernels;
  constexpr size_t kUnrolled = 12;
  return {
      {"neon", "vmull.s8, vmlal.s8, vpadal.s16", kNeon, false, 16 * 4, run_neon},
      {"portable", "vmlal.s16", kPortable, false, 4 * kUnrolled, run_portable},
      {"f32_neon", "vmla.f32", kNeon, true, 4 * kUnrolled, run_f32},
  };
}

#endif

}  // namespace octet::tools
